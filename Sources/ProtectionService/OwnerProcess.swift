package import Checkpoints
import Glibc

/// This process as an owner, and whether others have ended.
package enum OwnerProcess {
    /// This process, with a new random id.
    package static func current() -> Owner {
        let view = HostView.current()
        return Owner(
            id: CheckpointID.random().text, host: view.host, process: Int64(getpid()),
            boot: view.boot ?? HostView.unknown, processStart: HostView.ownStart() ?? HostView.unknownStart,
            namespace: view.namespace ?? HostView.unknown, machine: view.machine)
    }

    /// Whether an owner has certainly ended; see `HostView.hasEnded`.
    package static func hasEnded(_ owner: Owner) -> Bool { HostView.current().hasEnded(owner) }

    /// Whether an owner certainly runs; see `HostView.isRunning`.
    package static func isRunning(_ owner: Owner) -> Bool { HostView.current().isRunning(owner) }

    /// Who runs this process, for people: the user's name, or number, and the host.
    package static func person() -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        var name = "uid \(geteuid())"
        if getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil, let text = entry.pw_name {
            name = String(cString: text)
        }
        return "\(name)@\(HostView.current().host)"
    }
}
