import Glibc
import YAMLSource

/// Why a file was left as it is.
package struct FileReplacementError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Writes a file anew, so that it is there whole in one of its two states at every instant.
package enum FileReplacement {
    /// Replaces the content of the file at `target`, which errors call `path`. It must still be `old`, and becomes `new`;
    /// mode and owner stay.
    package static func replace(
        _ target: String, shown path: String, holding old: [UInt8], with new: [UInt8]
    ) throws(FileReplacementError) {
        var status = stat()
        guard stat(target, &status) == 0 else { throw failure(path, errno) }
        guard status.st_nlink == 1 else {
            throw FileReplacementError(
                description:
                    "'\(path)' has other names (hard links), which would keep the old content; it is not changed")
        }
        guard access(target, W_OK) == 0 else { throw failure(path, errno) }
        let temporary = "\(Paths.join(Paths.directory(of: target), ".cairnc-\(getpid()).tmp"))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        do throws(FileReplacementError) {
            try write(new, to: descriptor, path)
            var own = stat()
            guard fstat(descriptor, &own) == 0 else { throw failure(path, errno) }
            if own.st_uid != status.st_uid || own.st_gid != status.st_gid,
                fchown(descriptor, status.st_uid, status.st_gid) != 0
            {
                throw failure(path, errno)
            }
            guard fchmod(descriptor, status.st_mode & 0o7777) == 0, fsync(descriptor) == 0 else {
                throw failure(path, errno)
            }
            // As late as can be: what someone saved meanwhile must not be lost.
            guard case .success(let present) = SourceReader.contents(of: target), present == old else {
                throw FileReplacementError(description: "'\(path)' changed while it was checked; it is not changed")
            }
            guard rename(temporary, target) == 0 else { throw failure(path, errno) }
            close(descriptor)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(FileReplacementError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw failure(path, code)
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> FileReplacementError {
        FileReplacementError(description: "cannot write '\(path)': \(String(cString: strerror(code)))")
    }
}
