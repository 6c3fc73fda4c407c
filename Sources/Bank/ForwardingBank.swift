/// A bank over another one that does all as that one does, but for what it says itself.
///
/// What reads or lists many objects at a time is not handed on: it is made of the single calls, so that a bank that changes
/// one of those changes it everywhere.
package protocol ForwardingBank: Bank {
    /// The bank below.
    var bank: any Bank { get }
}

extension ForwardingBank {
    package var place: String { bank.place }

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try await bank.put(key, bytes, if: condition)
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        try await bank.put(key, stream: chunks, if: condition)
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
        try await bank.delete(key, if: condition)
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await bank.list(below: prefix, after: after, limit: limit)
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await bank.names(below: prefix, after: after, limit: limit)
    }

    package func modified(_ key: BankKey) async throws -> Int64? { try await bank.modified(key) }

    package func capacity() async throws -> BankCapacity? { try await bank.capacity() }

    package func survey() async throws -> BankSurvey { try await bank.survey() }

    package func removeLeftovers() async throws -> Int { try await bank.removeLeftovers() }

    package func makeReserve() async throws -> Bool { try await bank.makeReserve() }
}
