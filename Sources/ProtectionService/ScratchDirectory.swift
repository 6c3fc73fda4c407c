import BlockingIO
package import Checkpoints
import Engine
import Glibc
import Surroundings

/// A rehearsal's directory of its own. `content` is where things are restored to; beside it, `owner.json` says whose it is,
/// under a lock that the kernel lets go when the process ends, however it does.
package struct ScratchDirectory: ScratchPlace {
    /// Why there is none, or it could not be removed.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// How the names of all scratch directories begin.
    static let prefix = "cairn-rehearsal-"
    static let ownerName = "owner.json"
    static let contentName = "content"

    private let path: String
    private let lock: FileLock

    /// The empty directory to restore into.
    package var content: String { "\(path)/\(Self.contentName)" }

    /// The place for scratch directories: what was asked for, else `TMPDIR`, else `/tmp`.
    package static func place(_ asked: String?) -> String {
        if let asked { return asked }
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        return temporary.isEmpty ? "/tmp" : temporary
    }

    /// Makes a new directory below `place`, which only this user may enter, and says in it whose it is.
    package static func make(below place: String, _ record: ScratchRecord) throws(Fault) -> ScratchDirectory {
        var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
        // mkdtemp gives it the mode 0700.
        guard mkdtemp(&template) != nil else {
            throw Fault(
                description: "no scratch directory can be made below '\(place)': \(String(cString: strerror(errno)))")
        }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let real = realpath(made, nil) else {
            rmdir(made)
            throw Fault(
                description: "the scratch directory '\(made)' cannot be found: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        let path = String(cString: real)
        // Under its name it is locked and whole: who finds it unlocked knows that its owner is gone.
        let (new, owner) = ("\(path)/.\(ownerName)", "\(path)/\(ownerName)")
        guard let lock = FileLock(making: new, record.bytes), rename(new, owner) == 0,
            mkdir("\(path)/\(contentName)", 0o700) == 0
        else {
            let reason = String(cString: strerror(errno))
            for name in [new, owner] { unlink(name) }
            rmdir(path)
            throw Fault(description: "the scratch directory '\(path)' cannot be written to: \(reason)")
        }
        return ScratchDirectory(path: path, lock: lock)
    }

    init(path: String, lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    /// Removes the directory with all that is in it, also what has no permissions, and nothing that a link leads to; also
    /// when the task was cancelled.
    package func remove() async throws {
        let path = path
        try await uncancelled {
            try await BlockingThreads.runAlone(name: "scratch-remove") { try Self.removeAll(path) }
        }
        // Until here nobody else takes it for left behind.
        withExtendedLifetime(lock) {}
    }

    /// Removes one that was left behind; of one that has no record, only when there is nothing in it.
    static func remove(_ path: String, isEmpty: Bool) async throws {
        try await uncancelled {
            try await BlockingThreads.runAlone(name: "scratch-remove") {
                guard isEmpty else { return try removeAll(path) }
                unlink("\(path)/.\(ownerName)")
                if rmdir(path) != 0 { throw fault(path, "remove it") }
            }
        }
    }

    /// Removes the content first, and who owns it last, so that a crash in between leaves what is found again.
    static func removeAll(_ path: String) throws(Fault) {
        let content = "\(path)/\(contentName)"
        if access(content, F_OK) == 0 { try removeTree(content) }
        for name in [".\(ownerName)", ownerName] where unlink("\(path)/\(name)") != 0 && errno != ENOENT {
            throw fault(path, "remove who owns it")
        }
        if rmdir(path) != 0 { throw fault(path, "remove it") }
    }

    private static func fault(_ path: String, _ doing: String) -> Fault {
        Fault(
            description: "the scratch directory '\(path)' could not be removed (\(doing): "
                + "\(String(cString: strerror(errno)))); remove it by hand")
    }

    /// A directory that is being emptied; only the innermost is open, however deep they lie.
    private struct Level {
        /// Its name in the one above; empty for the first.
        let name: [CChar]
        var names: [[CChar]]
    }

    private static func removeTree(_ path: String) throws(Fault) {
        func fault(_ doing: String) -> Fault { Self.fault(path, doing) }
        var current = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard current >= 0 else { throw fault("open it") }
        defer { close(current) }
        let device = deviceNumber(current)
        guard let names = names(in: current) else { throw fault("list it") }
        var levels = [Level(name: [], names: names)]
        while let level = levels.last {
            guard let name = level.names.last else {
                levels.removeLast()
                if levels.isEmpty { break }
                let outer = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard outer >= 0 else { throw fault("leave a directory") }
                close(current)
                current = outer
                if unlinkat(current, level.name, AT_REMOVEDIR) != 0 { throw fault("remove a directory") }
                continue
            }
            levels[levels.count - 1].names.removeLast()
            if unlinkat(current, name, 0) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else { throw fault("remove a file") }
            var inner = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if inner < 0 && errno == EACCES {
                // What was restored has the modes that were saved.
                fchmodat(current, name, 0o700, 0)
                inner = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            guard inner >= 0 else { throw fault("open a directory") }
            guard deviceNumber(inner) == device else {
                close(inner)
                errno = EXDEV
                throw fault("leave alone what is mounted in it")
            }
            fchmod(inner, 0o700)
            close(current)
            current = inner
            guard let names = Self.names(in: current) else { throw fault("list a directory") }
            levels.append(Level(name: name, names: names))
        }
        if rmdir(path) != 0 { throw fault("remove it") }
    }

    private static func deviceNumber(_ directory: Int32) -> dev_t? {
        var status = stat()
        return fstat(directory, &status) == 0 ? status.st_dev : nil
    }

    private static func names(in directory: Int32) -> [[CChar]]? {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            return nil
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
                }
            }
            if name == [0x2E, 0] || name == [0x2E, 0x2E, 0] { continue }
            names.append(name)
        }
        return names
    }
}
