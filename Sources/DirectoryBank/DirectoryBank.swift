package import Bank
internal import BlockingIO
internal import CLinux
internal import Glibc
private import Synchronization

/// A bank in a directory: an object is a file whose path is the key.
///
/// - A write goes to a file below `.tmp`, is synchronised, renamed to its place, and the directory synchronised; so
///   readers see all of it or nothing, and a finished write survives a crash.
/// - No symbolic link inside the bank is followed, and files that no bank makes are neither listed nor touched.
/// - An object's version is the SHA-256 of its content. Conditional replacements hold the lock on `.lock` alone, all
///   other writes share it, so that conditions hold between threads and processes.
package final class DirectoryBank: Bank {
    /// The names of the files that hold room for the day on which the bank is full all begin so.
    package static let reservePrefix = RoomReserve.prefix

    /// The directory, an absolute path.
    package let place: String

    private let givesUpReserve: Bool
    private let patience: Duration
    private let threads: BlockingThreads
    private let opened = Mutex<BankRoot?>(nil)
    private let folding: NameFolding

    /// A bank at an absolute path. Nothing is touched yet: where there is no directory, the operations throw `noBank`.
    ///
    /// `threads` bounds how many operations run at once; with `givesUpReserve` a write for which there is no room takes the
    /// bank's reserve, which is for those who free room; `patience` is how long a write waits for the bank's lock, which is
    /// held for a few system calls, and less than a lease needs to be renewed; `looksFor` is the name that the file system
    /// looks for when it is given one, which a test may replace. Throws `invalidPlace` when the path is not absolute.
    package init(
        path: String, threads: Int = 8, givesUpReserve: Bool = false, patience: Duration = .seconds(20),
        looksFor: @escaping @Sendable (String) -> String = { $0 }
    ) throws(BankError) {
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else {
            throw .invalidPlace(path, reason: "a bank's directory is given by its absolute path")
        }
        self.place = path
        self.givesUpReserve = givesUpReserve
        self.patience = patience
        self.threads = BlockingThreads(name: "bank", count: threads)
        self.folding = NameFolding(looksFor: looksFor)
    }

    /// Makes the bank's directory, mode 0700, with those above it that are missing; durable on return. A directory that
    /// is there already stays as it is. Throws `storeFailed`, and `invalidPlace` when its file system takes different
    /// keys for one name.
    package func createRoot() async throws {
        try await threads.run { [place, folding, patience] in
            do {
                try BankRoot.create(place)
                try folding.probe(try BankRoot(opening: place, patience: patience), at: place)
            } catch let failure as SystemFailure {
                throw failure.bankError("create", place, isWrite: true)
            }
        }
    }

    /// Removes files that a crash left half-written, last touched at least `age` ago and written by nobody now; returns
    /// how many. Throws `noBank` and `storeFailed`.
    package func removeStaleTemporaries(olderThan age: Duration) async throws -> Int {
        try await perform(.changing, "sweep", BankRoot.temporaries) { store in
            try TemporaryFile.removeStale(in: store.root, age: age.components.seconds)
        }
    }

    // MARK: Bank

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        let version = try await perform(.changing, "write", key.text) { store in
            try store.put(bytes, to: ObjectPath(key), if: condition, versioned: true)
        }
        return version ?? ObjectStore.version(of: bytes)
    }

    package func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
        try await perform(.changing, "write", key.text) { store in
            _ = try store.put(bytes, to: ObjectPath(key), if: condition, versioned: false)
        }
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        let temporary = try await perform(.changing, "write", key.text) { store in
            try store.refuseEarly(ObjectPath(key), condition)
            return try TemporaryFile(in: store.root)
        }
        do {
            let size = try await write(chunks, to: temporary, key)
            try await perform(.changing, "write", key.text) { store in
                try store.commit(temporary, to: ObjectPath(key), if: condition)
            }
            return size
        } catch {
            // On a thread of its own, because a cancelled task gets none of the pool.
            try? await BlockingThreads.runAlone(name: "bank-discard") { temporary.discard() }
            throw error
        }
    }

    package func get(_ key: BankKey) async throws -> [UInt8] {
        try await perform(.reading, "read", key.text) { store in try store.get(ObjectPath(key)) }
    }

    package func get(_ key: BankKey, longest: Int64) async throws -> [UInt8] {
        try await perform(.reading, "read", key.text) { store in try store.get(ObjectPath(key), longest: longest) }
    }

    package func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await perform(.reading, "read", key.text) { store in
            let bytes = try store.get(ObjectPath(key))
            return (bytes, ObjectStore.version(of: bytes))
        }
    }

    package func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        let file = try await perform(.reading, "read", key.text) { store in
            guard let file = try ObjectPath(key).openObject(in: store.root) else { throw BankError.notFound(key) }
            return ObjectFile(file)
        }
        return ObjectChunks(key: key, file: file, threads: threads)
    }

    package func size(_ key: BankKey) async throws -> Int64? {
        try await perform(.reading, "look up", key.text) { store in try store.size(ObjectPath(key)) }
    }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        if condition == .ifAbsent {
            throw BankError.conditionUnsupported(key, reason: "what is absent cannot be removed")
        }
        try await perform(.changing, "delete", key.text) { store in try store.remove(ObjectPath(key), if: condition) }
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await perform(.reading, "list", prefix?.text ?? place) { store in
            var listing = ObjectListing(root: store.root, after: after, limit: limit)
            return try listing.page(below: prefix)
        }
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await perform(.reading, "list", prefix?.text ?? place) { store in
            try ObjectListing.names(in: store.root, below: prefix, after: after, limit: limit)
        }
    }

    package func getEach(_ keys: [BankKey], longest: Int64) async throws -> [Result<[UInt8]?, BankError>] {
        // In one turn: to wake a thread for each would take longer than to read it.
        try await perform(.reading, "read", place) { store in
            try keys.map { key in
                try Self.alone("read", key) {
                    do { return try store.get(ObjectPath(key), longest: longest) } catch BankError.notFound {
                        return nil
                    }
                }
            }
        }
    }

    package func namesBelowEach(_ prefixes: [BankKey]) async throws -> [Result<[String], BankError>] {
        try await perform(.reading, "list", place) { store in
            try prefixes.map { prefix in
                try Self.alone("list", prefix) {
                    try ObjectListing.names(in: store.root, below: prefix, after: nil, limit: .max).names
                }
            }
        }
    }

    /// What becomes of reading one of many; what concerns more than that one ends all of it.
    private static func alone<Value>(
        _ operation: String, _ key: BankKey, _ body: () throws -> Value
    ) throws -> Result<Value, BankError> {
        let error: BankError
        do { return .success(try body()) } catch let failure as SystemFailure {
            error = failure.bankError(operation, key.text, isWrite: false)
        } catch let failure as BankError {
            error = failure
        }
        guard error.concernsOneObject else { throw error }
        return .failure(error)
    }

    package func modified(_ key: BankKey) async throws -> Int64? {
        try await perform(.reading, "look up", key.text) { store in try store.modified(ObjectPath(key)) }
    }

    package func capacity() async throws -> BankCapacity? {
        try await perform(.reading, "look at", place) { store in try BankInspection(store.root).capacity() }
    }

    package func survey() async throws -> BankSurvey {
        try await perform(.reading, "look at", place) { store in try BankInspection(store.root).survey() }
    }

    package func removeLeftovers() async throws -> Int {
        try await removeStaleTemporaries(olderThan: .seconds(BankInspection.leftoverAge))
    }

    package func makeReserve() async throws -> Bool {
        try await perform(.appending, "keep room in", place) { store in try RoomReserve(of: store.root).make() }
    }

    // MARK: -

    /// Small chunks are gathered up to this many bytes before a thread is asked to write them.
    private static let gatheredLength = 1 << 20

    private func write(
        _ chunks: any AsyncSequence<[UInt8], any Error> & Sendable, to temporary: TemporaryFile, _ key: BankKey
    ) async throws -> Int64 {
        var size: Int64 = 0
        var gathered: [UInt8] = []
        for try await chunk in chunks {
            size += Int64(chunk.count)
            // A large chunk goes to the file as it is.
            if gathered.isEmpty { gathered = chunk } else { gathered += chunk }
            if gathered.count >= DirectoryBank.gatheredLength {
                try await append(gathered, to: temporary, key)
                gathered = []
            }
        }
        if !gathered.isEmpty { try await append(gathered, to: temporary, key) }
        return size
    }

    private func append(_ bytes: [UInt8], to temporary: TemporaryFile, _ key: BankKey) async throws {
        try await perform(.appending, "write", key.text) { _ in try temporary.write(bytes) }
    }

    /// What an operation does to the bank.
    private enum Access {
        case reading
        /// It changes something, and may be begun again when it has failed.
        case changing
        /// It changes something, and has done a part of that when it has failed.
        case appending
    }

    /// Runs a blocking operation on one of the bank's threads and says of a failed system call which operation on
    /// which key it was for.
    private func perform<Value: Sendable>(
        _ access: Access, _ operation: String, _ key: String,
        _ body: @escaping @Sendable (ObjectStore) throws -> Value
    ) async throws -> Value {
        try await threads.run { [self] in
            let root = try self.root()
            do {
                do { return try body(ObjectStore(root: root)) } catch let failure as SystemFailure {
                    guard failure.isOfRoom, access == .changing, givesUpReserve else { throw failure }
                    guard try RoomReserve(of: root).giveUp() else {
                        throw BankError.storeFailed(
                            operation: operation, key: key,
                            reason:
                                "\(failure), and the bank has no reserve left to delete with; make a little room on its "
                                + "file system, outside of the bank")
                    }
                    return try body(ObjectStore(root: root))
                }
            } catch let failure as SystemFailure {
                throw failure.bankError(operation, key, isWrite: access != .reading)
            }
        }
    }

    /// The open directory; opened again when it was removed and made anew. That it cannot be opened concerns all that is
    /// in it.
    private func root() throws -> BankRoot {
        do {
            return try opened.withLock { current in
                if let current, try !current.isGone { return current }
                let root = try BankRoot(opening: place, patience: patience)
                try folding.refuse(in: root, at: place)
                current = root
                return root
            }
        } catch let failure as SystemFailure {
            throw BankError.storeFailed(operation: "open", key: place, reason: failure.description)
        }
    }
}
