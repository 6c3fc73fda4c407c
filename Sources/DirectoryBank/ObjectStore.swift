internal import Bank
internal import CanonicalForm
internal import Glibc

/// The blocking side of the bank: each method does one operation on the thread that calls it.
struct ObjectStore: Sendable {
    let root: BankRoot

    /// How often a write begins again because others removed its directory; more often is no coincidence.
    private static let mostAttempts = 1000

    // MARK: Writing

    /// Writes an object; returns its version if that is asked for.
    func put(_ bytes: [UInt8], to path: ObjectPath, if condition: WriteCondition, versioned: Bool) throws
        -> ObjectVersion?
    {
        try refuseEarly(path, condition)
        let temporary = try TemporaryFile(in: root)
        do {
            try temporary.write(bytes)
            let version = versioned ? ObjectStore.version(of: bytes) : nil
            try commit(temporary, to: path, if: condition)
            return version
        } catch {
            temporary.discard()
            throw error
        }
    }

    /// Spares the writing of what a condition refuses anyway; the decision that counts is made at the end.
    func refuseEarly(_ path: ObjectPath, _ condition: WriteCondition) throws {
        guard condition == .ifAbsent, let parent = try path.openParent(in: root),
            let found = try parent.status(of: path.name), found.isRegularFile
        else { return }
        try refuseExisting(path, in: parent)
    }

    /// Makes a written file the object of a key; durable on return. The caller discards the file on an error.
    func commit(_ temporary: TemporaryFile, to path: ObjectPath, if condition: WriteCondition) throws {
        try temporary.file.synchronize()
        for _ in 1...ObjectStore.mostAttempts {
            do {
                return try tryCommit(temporary, to: path, if: condition)
            } catch let failure as SystemFailure where ObjectStore.isRace(failure) {
                // A directory went, or something came, between two system calls: look again.
                guard try temporary.isLinked(), try !root.isGone else { throw failure }
            }
        }
        throw SystemFailure(call: "rename, again and again", code: EBUSY)
    }

    private func tryCommit(_ temporary: TemporaryFile, to path: ObjectPath, if condition: WriteCondition) throws {
        let parent = try path.makeParent(in: root)
        try inOrder(path, condition) { try place(temporary, at: path, in: parent, if: condition) }
        try settle(path, in: parent)
    }

    /// Runs what changes an object under the bank's lock, if it needs that.
    ///
    /// A conditional replacement looks and then moves: in between nobody may replace or remove the object. A creation does
    /// neither, for while there is an object the link refuses. And leases are replaced under no condition, so that no lock
    /// that someone has left held keeps a process from renewing its own.
    private func inOrder(_ path: ObjectPath, _ condition: WriteCondition, _ body: () throws -> Void) throws {
        let isLease = path.directories.first == ObjectStore.leases
        if isLease, condition.isVersioned {
            throw BankError.conditionUnsupported(path.key, reason: "leases are written without the bank's lock")
        }
        guard condition != .ifAbsent, !isLease else { return try body() }
        try root.locked(exclusive: condition.isVersioned, for: path, body)
    }

    /// The first segment of the keys of leases, of which each has one writer.
    private static let leases = "leases"

    /// Makes the change of a directory durable. When that fails, nobody knows what a crash leaves of it.
    private func settle(_ path: ObjectPath, in parent: Descriptor) throws {
        do {
            try parent.synchronize()
        } catch let failure as SystemFailure {
            throw BankError.outcomeUnknown(path.key, reason: failure.description)
        }
    }

    private static func isRace(_ failure: SystemFailure) -> Bool {
        [ENOENT, EEXIST, EISDIR, ENOTDIR].contains(failure.code)
    }

    private func place(
        _ temporary: TemporaryFile, at path: ObjectPath, in parent: Descriptor, if condition: WriteCondition
    ) throws {
        if case .ifVersion(let expected) = condition {
            guard try version(of: path, in: parent) == expected else { throw BankError.conditionFailed(path.key) }
        }
        if let found = try parent.status(of: path.name) {
            try path.refuseForeign(found, path.name)
            if found.isDirectory {
                guard try prune(path.name, in: parent) else {
                    throw BankError.keyConflict(path.key, reason: "there are objects below it")
                }
            } else if condition == .ifAbsent {
                try refuseExisting(path, in: parent)
            }
        }
        try temporary.directory.move(
            temporary.name, to: parent, path.name, replace: condition != .ifAbsent)
    }

    /// Refuses a conditional create because the object exists. What its maker has not made durable yet is made so
    /// first: the caller will rely on the object being there.
    private func refuseExisting(_ path: ObjectPath, in parent: Descriptor) throws {
        try parent.synchronize()
        throw BankError.conditionFailed(path.key)
    }

    /// Removes a directory that holds no file anywhere below, such as a crash leaves behind; `false` when it holds one.
    private func prune(_ name: String, in parent: Descriptor) throws -> Bool {
        if try parent.removeDirectory(name) { return true }
        // A path of directories is as long as a key at most, which bounds the recursion.
        let directory = try parent.directory(name)
        let entries = try DirectoryEntries(reading: directory, accepting: { _ in true })
        guard entries.holdOnlyDirectories else { return false }
        for child in entries.names() {
            guard try prune(String(child.dropLast()), in: directory) else { return false }
        }
        return try parent.removeDirectory(name)
    }

    /// Removes an object; durable on return.
    func remove(_ path: ObjectPath, if condition: WriteCondition) throws {
        guard let parent = try path.openParent(in: root) else {
            if condition.isVersioned { throw BankError.conditionFailed(path.key) }
            return
        }
        try inOrder(path, condition) {
            if case .ifVersion(let expected) = condition {
                guard try version(of: path, in: parent) == expected else {
                    throw BankError.conditionFailed(path.key)
                }
            }
            try path.refuseForeign(path.name, in: parent)
            _ = try parent.unlink(path.name)
        }
        // Also when someone else has removed it, whose own call may not have come so far.
        try settle(path, in: parent)
        path.removeEmptyParents(in: root)
    }

    // MARK: Reading

    /// The whole object; one that is longer than `longest` is refused unread.
    func get(_ path: ObjectPath, longest: Int64 = .max) throws -> [UInt8] {
        guard let file = try path.openObject(in: root) else { throw BankError.notFound(path.key) }
        // An object's file is never written again, so that its size does not change while it is read.
        let size = Int64(try file.status().st_size)
        guard size <= longest else { throw BankError.tooLong(path.key, size, longest: longest) }
        return try file.read(Int(size), at: 0)
    }

    /// The object's size in bytes, `nil` when there is none.
    func size(_ path: ObjectPath) throws -> Int64? { try path.status(in: root).map { Int64($0.st_size) } }

    /// When the object's file got its name, in milliseconds since 1970; `nil` when there is none.
    ///
    /// The time of the last change of the inode tells that, by the clock of the file system. The time of the last
    /// change of the content is that of the temporary file's last byte, and anyone can set it.
    func modified(_ path: ObjectPath) throws -> Int64? {
        try path.status(in: root).map { Int64($0.st_ctim.tv_sec) * 1000 + Int64($0.st_ctim.tv_nsec) / 1_000_000 }
    }

    /// The version that a content has: its digest.
    static func version(of bytes: [UInt8]) -> ObjectVersion {
        ObjectVersion(tag: SHA256Digest(of: bytes).hexadecimal)
    }

    private func version(of path: ObjectPath, in parent: Descriptor) throws -> ObjectVersion? {
        guard let file = try path.openObject(at: parent) else { return nil }
        return ObjectStore.version(of: try file.read(Int(try file.status().st_size), at: 0))
    }
}

extension WriteCondition {
    /// Whether the condition is about a version.
    var isVersioned: Bool {
        if case .ifVersion = self { return true }
        return false
    }
}
