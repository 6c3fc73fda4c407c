package import Checkpoints
import Glibc
import YAMLSource

/// What a process can tell of its host: which one it is, and which processes run there. What it cannot find out is `nil`,
/// and proves nothing.
package struct HostView: Sendable {
    /// What became of looking for a process.
    package enum Look: Sendable, Hashable {
        /// No process has the id, or only one that has ended and whose exit code nobody has asked for.
        case absent
        /// It runs, and began so many clock ticks after the boot.
        case running(start: Int64)
        /// Something has the id, and nothing can be said of it.
        case unknown
    }

    package let host: String
    /// The id of the installation, where it stands for the machine.
    package let machine: String?
    package let boot: String?
    package let namespace: String?
    package let look: @Sendable (_ process: Int64) -> Look

    package init(
        host: String, machine: String?, boot: String?, namespace: String?,
        look: @escaping @Sendable (_ process: Int64) -> Look
    ) {
        self.host = host
        self.machine = machine
        self.boot = boot
        self.namespace = namespace
        self.look = look
    }

    /// Whether an owner has certainly ended: it ran on this machine, and either the machine has booted since or no process
    /// of its id and start time is there. Of another machine or container, or without a sight of them, nothing is certain.
    package func hasEnded(_ owner: Owner) -> Bool {
        guard owner.host == host, let boot, owner.boot != Self.unknown else { return false }
        // Two machines may bear one name.
        guard owner.boot == boot else { return machine != nil && owner.machine == machine }
        guard let namespace, owner.namespace == namespace else { return false }
        switch look(owner.process) {
        case .absent: return true
        case .running(let start): return owner.processStart != Self.unknownStart && start != owner.processStart
        case .unknown: return false
        }
    }

    /// Whether an owner certainly runs: its process is there, on this machine and in this container.
    package func isRunning(_ owner: Owner) -> Bool {
        guard owner.host == host, let boot, owner.boot == boot, let namespace, owner.namespace == namespace else {
            return false
        }
        return owner.processStart != Self.unknownStart && look(owner.process) == .running(start: owner.processStart)
    }

    /// What an owner's record says where its process could not find something out.
    static let unknown = "unknown"
    static let unknownStart: Int64 = 0
}

extension HostView {
    /// What this process sees.
    package static func current() -> HostView {
        let namespace = processNamespace()
        return HostView(
            host: hostName(), machine: namespace == hostNamespace ? firstLine(of: "/etc/machine-id") : nil,
            boot: firstLine(of: "/proc/sys/kernel/random/boot_id"), namespace: namespace, look: look(for:))
    }

    /// This process's own start, in clock ticks after the boot.
    static func ownStart() -> Int64? { ProcessStatus(at: "/proc/self/stat")?.start }

    /// The namespace of process ids of the machine itself. In a container, the machine id is that of an image, which
    /// many machines may have.
    private static let hostNamespace = "pid:[4026531836]"

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return unknown }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The inode of the process namespace, as /proc shows it.
    private static func processNamespace() -> String? { target(of: "/proc/self/ns/pid") }

    private static func target(of link: String) -> String? {
        var target = [UInt8](repeating: 0, count: 64)
        let count = target.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink(link, $0, buffer.count) } ?? 0
        }
        return count > 0 ? String(decoding: target.prefix(count), as: UTF8.self) : nil
    }

    private static func firstLine(of path: String) -> String? {
        guard case .success(let bytes) = SourceReader.contents(of: path) else { return nil }
        let line = bytes.prefix { $0 != 0x0A }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }

    private static func look(for process: Int64) -> Look {
        guard let id = pid_t(exactly: process), id > 0 else { return .unknown }
        // The kernel is asked first: /proc may hide others' processes, and then they only look as if they were gone.
        if kill(id, 0) != 0, errno == ESRCH { return .absent }
        // It may be the /proc of another namespace, where the id is another process's.
        guard target(of: "/proc/self") == String(getpid()), let found = ProcessStatus(at: "/proc/\(id)/stat") else {
            return .unknown
        }
        return found.hasEnded ? .absent : .running(start: found.start)
    }
}

/// What `/proc/<pid>/stat` says of a process, see proc(5).
private struct ProcessStatus {
    /// Whether it is a zombie: it has ended, only nobody has asked for its exit code yet.
    let hasEnded: Bool
    /// Field 22: clock ticks from the boot to the process's start.
    let start: Int64

    init?(at path: String) {
        guard case .success(let bytes) = SourceReader.contents(of: path) else { return nil }
        // The second field is a name in parentheses, which may itself hold spaces and parentheses.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let start = Int64(fields[19]) else { return nil }
        hasEnded = fields[0] == "Z" || fields[0] == "X"
        self.start = start
    }
}
