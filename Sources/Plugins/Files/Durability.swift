internal import Dispatch
internal import Glibc
internal import PluginKit
internal import Synchronization

/// Makes durable what a restore writes: wholly at its end, and now and then on the way, so that the end is no long wait.
///
/// Whole file systems are synced, by descriptors that were opened before anything was written to them: such a descriptor is told
/// of every write that has failed since. What a restore makes above its directory is on the same file system, since a new
/// directory never leaves that of its parent. For threads that may block.
final class Durability: Sendable {
    /// How much may be written between two syncs on the way.
    static let interval: Int64 = 64 << 20

    private struct Volume {
        let device: dev_t
        let fd: Int32
    }

    private struct State {
        var volumes: [Volume] = []
        var unsynced: Int64 = 0
        var isOver = false
        var failure: SystemFailure?
    }

    private let path: [UInt8]
    private let sync: @Sendable (Int32) -> Int32
    private let state = Mutex(State())
    private let due = DispatchSemaphore(value: 0)

    /// For a restore to the directory `root` at `path`. `sync` makes the file system of an open directory durable, and gives back
    /// the code of a failure or 0.
    init(root: Int32, path: [UInt8], sync: @escaping @Sendable (Int32) -> Int32) throws(SystemFailure) {
        self.path = path
        self.sync = sync
        try add(root, device: FileSystem.status(root, path: path).st_dev)
    }

    deinit { state.withLock { for volume in $0.volumes { close(volume.fd) } } }

    /// Takes note that something is about to be written below an open directory, which is on `device`.
    func add(_ directory: Int32, device: dev_t) throws(SystemFailure) {
        let failure = state.withLock { state -> SystemFailure? in
            if state.volumes.contains(where: { $0.device == device }) { return nil }
            let fd = fcntl(directory, F_DUPFD_CLOEXEC, 0)
            if fd < 0 { return SystemFailure("open again", path) }
            state.volumes.append(Volume(device: device, fd: fd))
            return nil
        }
        if let failure { throw failure }
    }

    /// Takes note that so many bytes were written.
    func wrote(_ bytes: Int64) {
        let isDue = state.withLock { state in
            state.unsynced += bytes
            if state.unsynced < Self.interval { return false }
            state.unsynced = 0
            return true
        }
        if isDue { due.signal() }
    }

    /// Syncs whenever enough was written, until `end`; a failure is kept for `finish`.
    func runBeside() {
        while true {
            due.wait()
            if state.withLock({ $0.isOver }) { return }
            syncAll()
        }
    }

    /// Lets `runBeside` return.
    func end() {
        state.withLock { $0.isOver = true }
        due.signal()
    }

    /// Makes everything durable; throws when any of it, at any time, could not be.
    func finish() throws {
        syncAll()
        if let failure = state.withLock({ $0.failure }) { throw Self.refusal(failure) }
    }

    /// Makes durable what was changed of an open directory itself.
    func finish(directory: Int32) throws {
        // Some file systems sync no directories.
        if fsync(directory) != 0 && errno != EINVAL && errno != ENOTSUP {
            throw Self.refusal(SystemFailure("make durable", path))
        }
    }

    private func syncAll() {
        let volumes = state.withLock { $0.volumes }
        for volume in volumes {
            let code = sync(volume.fd)
            if code == 0 { continue }
            // The kernel tells it once only.
            state.withLock { state in
                if state.failure == nil { state.failure = SystemFailure("make durable", path, code: code) }
            }
        }
    }

    private static func refusal(_ failure: SystemFailure) -> PluginError {
        PluginError(
            failure.description,
            advice: "do not rely on what was restored; see how the storage does and how much room it has, then restore "
                + "again")
    }
}
