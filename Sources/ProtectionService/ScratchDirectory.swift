import BlockingIO
import Glibc
import Surroundings

/// A directory of one's own, for as long as a body runs.
package enum ScratchDirectory {
    /// Why there is none, or it could not be removed.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The place for scratch directories: what was asked for, else `TMPDIR`, else `/tmp`.
    package static func place(_ asked: String?) -> String {
        if let asked { return asked }
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        return temporary.isEmpty ? "/tmp" : temporary
    }

    /// Makes a new directory below `place`, which only this user may enter.
    package static func make(below place: String) throws(Fault) -> String {
        var template = Array("\(place)/cairn-rehearsal-XXXXXX".utf8CString)
        // mkdtemp gives it the mode 0700.
        guard mkdtemp(&template) != nil else {
            throw Fault(
                description: "no scratch directory can be made below '\(place)': \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let real = realpath(path, nil) else {
            rmdir(path)
            throw Fault(
                description: "the scratch directory '\(path)' cannot be found: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        return String(cString: real)
    }

    /// Removes a directory with all that is in it, also what has no permissions, and nothing that a link leads to; also
    /// when the task was cancelled.
    package static func remove(_ path: String) async throws {
        try await uncancelled {
            try await BlockingThreads.runAlone(name: "scratch-remove") { try removeTree(path) }
        }
    }

    /// A directory that is being emptied; only the innermost is open, however deep they lie.
    private struct Level {
        /// Its name in the one above; empty for the first.
        let name: [CChar]
        var names: [[CChar]]
    }

    private static func removeTree(_ path: String) throws(Fault) {
        func fault(_ doing: String) -> Fault {
            Fault(
                description: "the scratch directory '\(path)' could not be removed (\(doing): "
                    + "\(String(cString: strerror(errno)))); remove it by hand")
        }
        var current = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard current >= 0 else { throw fault("open it") }
        defer { close(current) }
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
            fchmod(inner, 0o700)
            close(current)
            current = inner
            guard let names = Self.names(in: current) else { throw fault("list a directory") }
            levels.append(Level(name: name, names: names))
        }
        if rmdir(path) != 0 { throw fault("remove it") }
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
