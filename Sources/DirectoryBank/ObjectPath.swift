internal import Bank
internal import Glibc

/// A key as names of directories and of a file. All methods block.
struct ObjectPath: Sendable {
    let key: BankKey
    let directories: [String]
    let name: String

    init(_ key: BankKey) {
        self.key = key
        var segments = key.segments.map(String.init)
        name = segments.popLast() ?? key.text
        directories = segments
    }

    /// The way to a directory: for walks that begin below a prefix.
    init(directories: [String], name: String, of key: BankKey) {
        self.key = key
        self.directories = directories
        self.name = name
    }

    /// Opens the directory that holds the object, `nil` when it is not there. No symbolic link is followed.
    func openParent(in root: BankRoot) throws -> Descriptor? {
        try openDirectory(depth: directories.count, in: root)
    }

    /// Opens the first `depth` directories, one in the other.
    func openDirectory(depth: Int, in root: BankRoot) throws -> Descriptor? {
        if depth > 1 {
            let path = directories.prefix(depth).joined(separator: "/")
            switch root.descriptor.openBeneath(path, flags: O_RDONLY | O_DIRECTORY | O_NONBLOCK) {
            case .opened(let directory): return directory
            case .missing: return nil
            case .refused: break
            }
        }
        var current = try root.descriptor.directory(".")
        for name in directories.prefix(depth) {
            do {
                current = try current.directory(name)
            } catch let failure as SystemFailure where failure.isMissing {
                return nil
            } catch let failure as SystemFailure where failure.isOtherKind {
                try refuseForeign(name, in: current)
                return nil
            }
        }
        return current
    }

    /// Opens the directory that holds the object, making what is missing on the way durably.
    ///
    /// Throws a `SystemFailure` with `ENOENT` when a directory on the way was removed at the same time.
    func makeParent(in root: BankRoot) throws -> Descriptor {
        var current = try root.descriptor.directory(".")
        for name in directories {
            let next = try openOrMake(name, in: current)
            try settle(next, in: current)
            current = next
        }
        return current
    }

    private func openOrMake(_ name: String, in parent: Descriptor) throws -> Descriptor {
        do {
            return try parent.directory(name)
        } catch let failure as SystemFailure where failure.isOtherKind {
            try refuseForeign(name, in: parent)
            throw BankError.keyConflict(key, reason: "'\(name)' on its way is an object")
        } catch let failure as SystemFailure where failure.isMissing {
            return try make(name, in: parent)
        }
    }

    private func make(_ name: String, in parent: Descriptor) throws -> Descriptor {
        _ = try parent.makeDirectory(name, extra: ObjectPath.unsettled)
        return try parent.directory(name)
    }

    /// The sticky bit on a directory says that its own entry may not be on stable storage yet. Whoever writes below it
    /// first makes sure of that, since its maker may have died, or may just be about to.
    private static let unsettled = mode_t(Glibc.S_ISVTX)

    private func settle(_ directory: Descriptor, in parent: Descriptor) throws {
        let mode = try directory.status().st_mode
        guard mode & ObjectPath.unsettled != 0 else { return }
        try parent.synchronize()
        // If the bit stays, the next writer synchronises once more than needed.
        _ = fchmod(directory.raw, mode & 0o7777 & ~ObjectPath.unsettled)
    }

    /// Throws when `name` is something that no bank makes.
    func refuseForeign(_ name: String, in directory: Descriptor) throws {
        guard let found = try directory.status(of: name) else { return }
        try refuseForeign(found, name)
    }

    /// Throws when what was found under `name` is neither a file nor a directory.
    func refuseForeign(_ found: stat, _ name: String) throws {
        guard found.isDirectory || found.isRegularFile else {
            throw BankError.storeFailed(
                operation: "reach", key: key.text,
                reason: "'\(name)' in the bank's directory is \(found.kindName), which no bank makes or follows",
                fault: .unreadable)
        }
    }

    /// Opens the object's file for reading; `nil` when there is no object.
    func openObject(in root: BankRoot) throws -> Descriptor? {
        switch root.descriptor.openBeneath(path, flags: O_RDONLY | O_NONBLOCK) {
        case .opened(let file):
            let found = try file.status()
            try refuseForeign(found, name)
            return found.isRegularFile ? file : nil
        case .missing: return nil
        case .refused: break
        }
        guard let parent = try openParent(in: root) else { return nil }
        return try openObject(at: parent)
    }

    /// The status of the object's file, `nil` when there is none.
    func status(in root: BankRoot) throws -> stat? {
        let found: stat
        switch root.descriptor.openBeneath(path, flags: Descriptor.pathOnly) {
        case .opened(let file): found = try file.status()
        case .missing: return nil
        case .refused:
            guard let parent = try openParent(in: root), let status = try parent.status(of: name) else { return nil }
            found = status
        }
        try refuseForeign(found, name)
        return found.isRegularFile ? found : nil
    }

    /// The path below the bank's directory.
    private var path: String { (directories + [name]).joined(separator: "/") }

    /// Opens the object's file in its directory; `nil` when there is no object.
    func openObject(at parent: Descriptor) throws -> Descriptor? {
        let file: Descriptor
        do {
            file = try parent.open(name, flags: O_RDONLY)
        } catch let failure as SystemFailure {
            if failure.isMissing { return nil }
            // Of a link or a socket, say so in better words than the system's.
            try refuseForeign(name, in: parent)
            throw failure
        }
        let found = try file.status()
        try refuseForeign(found, name)
        return found.isRegularFile ? file : nil
    }

    /// Removes the directories that held nothing but the removed object, from the innermost outwards.
    func removeEmptyParents(in root: BankRoot) {
        // An empty directory holds no object and is not listed, so that failing here fails nothing.
        for depth in directories.indices.reversed() {
            guard let holder = try? openDirectory(depth: depth, in: root),
                (try? holder.removeDirectory(directories[depth])) == true
            else { return }
        }
    }
}
