internal import Bank
internal import CLinux
internal import Glibc

/// The directory that holds a bank, kept open so that its file system cannot be unmounted under a running program and
/// writes never land in the empty mount point below.
final class BankRoot: Sendable {
    /// Holds files that are being written; on the bank's file system, so that a rename can finish them.
    static let temporaries = ".tmp"
    /// The file whose lock orders conditional replacements against all other writes.
    static let lock = ".lock"

    let descriptor: Descriptor
    private let patience: Duration

    /// Opens the directory; throws `noBank` when there is none. `patience` is the longest time to wait for the lock.
    init(opening path: String, patience: Duration) throws {
        self.patience = patience
        do {
            descriptor = try Descriptor.open(path: path, flags: O_RDONLY | O_DIRECTORY)
        } catch let error as SystemFailure where error.isMissing || error.isOtherKind {
            throw BankError.noBank(place: path)
        }
    }

    /// Makes the directory, and the directories above it where they are missing; each is durable on return.
    static func create(_ path: String) throws {
        var names = path.split(separator: "/").map(String.init)[...]
        var parent = try Descriptor.open(path: "/", flags: O_RDONLY | O_DIRECTORY)
        while let name = names.popFirst() {
            let made = try parent.makeDirectory(name)
            // Also when it was there: whoever made it a moment ago may not have come to this yet.
            if made || names.isEmpty { try parent.synchronize() }
            // The way to the root is the administrator's: here, and only here, links are followed.
            parent = try parent.follow(name)
        }
        if try parent.makeDirectory(temporaries) { try parent.synchronize() }
    }

    /// Whether the directory has been removed meanwhile.
    var isGone: Bool { get throws { try descriptor.status().st_nlink == 0 } }

    /// The directory of temporary files; made again when someone cleaned it away.
    func openTemporaries() throws -> Descriptor {
        do {
            return try descriptor.directory(BankRoot.temporaries)
        } catch let failure as SystemFailure where failure.isMissing {
            _ = try descriptor.makeDirectory(BankRoot.temporaries)
            return try descriptor.directory(BankRoot.temporaries)
        }
    }

    /// Runs `body` under the bank's lock, shared or exclusive with all writers on this machine, and across machines
    /// as far as the file system carries `flock` between them.
    func locked<Result>(exclusive: Bool, for path: ObjectPath, _ body: () throws -> Result) throws -> Result {
        let file = try descriptor.create(BankRoot.lock, exclusive: false)
        var nap: UInt32 = 50
        var waited = 0.0
        while try !file.tryLock(exclusive: exclusive) {
            if waited > patience / .seconds(1) { throw lockIsHeld(file, path) }
            usleep(nap)
            waited += Double(nap) / 1_000_000
            nap = min(nap * 2, 5_000)
        }
        // Closing the file unlocks it.
        return try withExtendedLifetime(file, body)
    }

    private func lockIsHeld(_ file: Descriptor, _ path: ObjectPath) -> BankError {
        let holder = LockHolder(of: file)
        let advice = holder.map { "let it go on ('kill -CONT \($0.process)'), or end it" } ?? "find it, and end it"
        return .storeFailed(
            operation: "write", key: path.key.text,
            reason: "\(holder?.description ?? "another process") has held the bank's lock, '\(BankRoot.lock)', for "
                + "\(patience.components.seconds) s; \(advice)")
    }
}
