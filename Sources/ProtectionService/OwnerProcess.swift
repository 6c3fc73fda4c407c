package import Checkpoints
import Glibc
import YAMLSource

/// This process as an owner, and whether others have ended.
package enum OwnerProcess {
    /// This process, with a new random id.
    package static func current() -> Owner {
        Owner(
            id: CheckpointID.random().text, host: hostName(), process: Int64(getpid()), boot: bootID(),
            processStart: startTime(ofProcess: Int64(getpid())) ?? 0, namespace: processNamespace())
    }

    /// Whether an owner has certainly ended: it ran on this host, and either the host has booted since or no process
    /// of its id and start time is there. Of another host or container nothing is certain.
    package static func hasEnded(_ owner: Owner) -> Bool {
        guard owner.host == hostName() else { return false }
        if owner.boot != bootID() { return true }
        guard owner.namespace == processNamespace() else { return false }
        return startTime(ofProcess: owner.process) != owner.processStart
    }

    /// Whether an owner certainly runs: its process is there, on this host and in this container.
    package static func isRunning(_ owner: Owner) -> Bool {
        owner.host == hostName() && owner.boot == bootID() && owner.namespace == processNamespace()
            && startTime(ofProcess: owner.process) == owner.processStart
    }

    /// Who runs this process, for people: the user's name, or number, and the host.
    package static func person() -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        var name = "uid \(geteuid())"
        if getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil, let text = entry.pw_name {
            name = String(cString: text)
        }
        return "\(name)@\(hostName())"
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The inode of the process namespace, as /proc shows it.
    private static func processNamespace() -> String {
        var target = [UInt8](repeating: 0, count: 64)
        let count = target.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink("/proc/self/ns/pid", $0, buffer.count) } ?? 0
        }
        return count > 0 ? String(decoding: target.prefix(count), as: UTF8.self) : "unknown"
    }

    private static func bootID() -> String {
        guard case .success(let bytes) = SourceReader.contents(of: "/proc/sys/kernel/random/boot_id") else {
            return "unknown"
        }
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// Field 22 of `/proc/<pid>/stat`, see proc(5): clock ticks from boot to the process's start.
    private static func startTime(ofProcess process: Int64) -> Int64? {
        guard case .success(let bytes) = SourceReader.contents(of: "/proc/\(process)/stat") else { return nil }
        // The second field is a name in parentheses, which may itself hold spaces and parentheses.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        // A zombie has ended; only nobody has asked for its exit code yet.
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return Int64(fields[19])
    }
}
