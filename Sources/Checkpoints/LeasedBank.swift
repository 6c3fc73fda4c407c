package import Bank

/// A bank whose writes need a valid lease: when it is lost, nothing is written any more. Reading is free.
package struct LeasedBank: Bank {
    private let bank: any Bank
    private let keeper: LeaseKeeper

    /// `bank`, as far as `keeper` allows.
    package init(_ bank: any Bank, keeper: LeaseKeeper) {
        self.bank = bank
        self.keeper = keeper
    }

    package var place: String { bank.place }

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try ensureValid("write", key)
        return try await bank.put(key, bytes, if: condition)
    }

    package func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
        try ensureValid("write", key)
        try await bank.putUnversioned(key, bytes, if: condition)
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        try ensureValid("write", key)
        return try await bank.put(key, stream: chunks, if: condition)
    }

    package func get(_ key: BankKey) async throws -> [UInt8] { try await bank.get(key) }

    package func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await bank.getVersioned(key)
    }

    package func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await bank.stream(key)
    }

    package func size(_ key: BankKey) async throws -> Int64? { try await bank.size(key) }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try ensureValid("delete", key)
        try await bank.delete(key, if: condition)
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await bank.list(below: prefix, after: after, limit: limit)
    }

    private func ensureValid(_ operation: String, _ key: BankKey) throws(BankError) {
        do { try keeper.ensureValid() } catch {
            throw .storeFailed(operation: operation, key: key.text, reason: error.description)
        }
    }
}
