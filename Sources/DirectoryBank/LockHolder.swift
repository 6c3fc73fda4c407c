internal import Glibc

/// The process that holds a lock on a file, as far as /proc tells. All methods block.
struct LockHolder: CustomStringConvertible {
    let process: Int
    let name: String
    let isStopped: Bool

    /// Who holds an `flock` on an open file; `nil` when that cannot be found out, such as of another host or container.
    init?(of file: Descriptor) {
        guard let found = try? file.status(), let locks = Self.text(of: "/proc/locks") else { return nil }
        for line in locks.split(separator: "\n") {
            // 3: FLOCK  ADVISORY  WRITE 12345 fd:01:1234567 0 EOF; lines of who only waits have '->' behind the number.
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", let process = Int(fields[4]), process > 0,
                Self.isFile(fields[5], found)
            else { continue }
            self.process = process
            name = Self.text(of: "/proc/\(process)/comm")?.split(separator: "\n").first.map(String.init) ?? "?"
            let state = Self.text(of: "/proc/\(process)/stat")?.split(separator: ")").last?.first { $0 != " " }
            isStopped = state == "T" || state == "t"
            return
        }
        return nil
    }

    var description: String { "process \(process) ('\(name)'\(isStopped ? ", which is stopped" : ""))" }

    /// Whether `device:inode`, the device in two hexadecimal numbers, is that of a file.
    private static func isFile(_ place: Substring, _ found: stat) -> Bool {
        let parts = place.split(separator: ":")
        // As glibc's macros take a device's number apart, which Swift does not see.
        let major = (found.st_dev >> 8) & 0xFFF | (found.st_dev >> 32) & ~0xFFF
        let minor = found.st_dev & 0xFF | (found.st_dev >> 12) & ~0xFF
        return parts.count == 3 && UInt64(parts[0], radix: 16) == UInt64(major)
            && UInt64(parts[1], radix: 16) == UInt64(minor) && parts[2] == String(found.st_ino)
    }

    private static func text(of path: String) -> String? {
        guard let file = try? Descriptor.open(path: path, flags: O_RDONLY | O_NONBLOCK),
            let bytes = try? file.read(longestText, at: 0)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What is longer names more locks than anyone waits for. Bytes.
    private static let longestText = 1 << 20
}
