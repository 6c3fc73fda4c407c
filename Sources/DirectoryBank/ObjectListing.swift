internal import Bank
internal import CLinux
internal import Glibc

/// One page of a listing: a walk over the directories in key order that enters only those that can hold a key of the
/// page. Blocks.
struct ObjectListing {
    private let root: BankRoot
    private let after: [UInt8]
    private let limit: Int
    private var keys: [BankKey] = []
    private var more = false

    /// A walk that stops behind `limit` keys, all of them behind `after`.
    init(root: BankRoot, after: BankKey?, limit: Int) {
        self.root = root
        self.after = after.map { Array($0.text.utf8) } ?? []
        self.limit = max(1, limit)
    }

    /// Walks the directory of `prefix`, or the whole bank.
    mutating func page(below prefix: BankKey?) throws -> BankPage {
        let path = ObjectListing.path(below: prefix)
        if let start = try ObjectListing.directory(of: prefix, in: root), mayHoldKeys(path[...]) {
            try walk(start, path)
        }
        return BankPage(keys: keys, more: more)
    }

    /// One page of the names right below `prefix`, or of those in the bank's own directory.
    static func names(in root: BankRoot, below prefix: BankKey?, after: String?, limit: Int) throws -> BankNames {
        let limit = max(1, limit)
        let room = BankKey.maximumLength - path(below: prefix).count
        let after = after.map { Array($0.utf8) } ?? []
        guard room > 0, let directory = try directory(of: prefix, in: root) else {
            return BankNames(names: [], more: false)
        }
        let entries = try DirectoryEntries(reading: directory, markingDirectories: false) { name in
            name.count <= room && after.lexicographicallyPrecedes(name) && isSegment(name)
        }
        return BankNames(names: entries.names(first: limit), more: entries.count > limit)
    }

    /// What the keys below `prefix` begin with.
    private static func path(below prefix: BankKey?) -> [UInt8] {
        prefix.map { Array($0.text.utf8) + [UInt8(ascii: "/")] } ?? []
    }

    /// The directory that stands for `prefix`, `nil` when there is none.
    private static func directory(of prefix: BankKey?, in root: BankRoot) throws -> Descriptor? {
        guard let prefix else { return try root.descriptor.directory(".") }
        let names = prefix.segments.map(String.init)
        return try ObjectPath(directories: names, name: "", of: prefix).openParent(in: root)
    }

    /// A directory on the way down, with the entry that comes next.
    private final class Level {
        let directory: Descriptor
        let path: [UInt8]
        let entries: DirectoryEntries
        var next = 0

        init(_ directory: Descriptor, _ path: [UInt8]) throws {
            let room = BankKey.maximumLength - path.count
            entries = try DirectoryEntries(reading: directory) { name in
                name.count <= room && ObjectListing.isSegment(name)
            }
            self.directory = directory
            self.path = path
        }
    }

    private mutating func walk(_ start: Descriptor, _ path: [UInt8]) throws {
        var levels = [try Level(start, path)]
        while let level = levels.last {
            guard level.next < level.entries.count else {
                levels.removeLast()
                continue
            }
            let entry = level.entries[level.next]
            level.next += 1
            let text = level.path + entry
            if entry.last != UInt8(ascii: "/") {
                guard after.lexicographicallyPrecedes(text) else { continue }
                if keys.count == limit {
                    more = true
                    return
                }
                keys.append(BankKey(unchecked: String(decoding: text, as: UTF8.self)))
            } else if mayHoldKeys(text[...]) {
                let name = String(decoding: entry.dropLast(), as: UTF8.self)
                do {
                    if let directory = try enter(name, of: level.directory) {
                        levels.append(try Level(directory, text))
                    }
                } catch let failure as SystemFailure {
                    let key = String(decoding: text.dropLast(), as: UTF8.self)
                    throw failure.bankError("list", key, isWrite: false)
                }
            }
        }
    }

    /// Whether a key behind `after` can start with `path`, which ends in a slash.
    private func mayHoldKeys(_ path: ArraySlice<UInt8>) -> Bool {
        after.lexicographicallyPrecedes(path) || after.starts(with: path)
    }

    /// Opens a directory, `nil` when it went or was replaced since its name was read.
    private func enter(_ name: String, of parent: Descriptor) throws -> Descriptor? {
        do {
            return try parent.directory(name)
        } catch let error as SystemFailure where error.isMissing || error.isOtherKind {
            return nil
        }
    }

    private static func isSegment(_ name: UnsafeRawBufferPointer) -> Bool {
        BankKey.fault(inSegment: name) == nil
    }
}
