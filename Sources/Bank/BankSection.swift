/// A part of a bank below one prefix: its keys are relative to the prefix, and nothing outside can be reached.
///
/// A key is valid before it comes here and holds no `..`, no empty segment and no leading slash; nothing on the way
/// decodes `%XX`. So joining prefix and key is all that confinement needs. Errors name the whole key, since that is
/// what a person will look for in the bank.
package struct BankSection: Bank {
    private let bank: any Bank
    /// The key below which the section lies, in the terms of the bank that it was made from.
    package let prefix: BankKey
    /// Whether the section allows writes; a read-only section and its own sections stay so.
    package let isWritable: Bool

    /// The part of `bank` below `prefix`. A read-only section as `bank` refuses writes whatever `writable` says.
    package init(_ bank: any Bank, below prefix: BankKey, writable: Bool) {
        self.bank = bank
        self.prefix = prefix
        self.isWritable = writable
    }

    /// The part of this section below `suffix`; writable only if this one is too.
    package func section(_ suffix: BankKey, writable: Bool) throws(BankError) -> BankSection {
        BankSection(bank, below: try whole(suffix), writable: writable && isWritable)
    }

    package var place: String { "\(bank.place), below '\(prefix)'" }

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try await bank.put(try writing(key), bytes, if: condition)
    }

    package func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
        try await bank.putUnversioned(try writing(key), bytes, if: condition)
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        try await bank.put(try writing(key), stream: chunks, if: condition)
    }

    package func get(_ key: BankKey) async throws -> [UInt8] { try await bank.get(try whole(key)) }

    package func get(_ key: BankKey, longest: Int64) async throws -> [UInt8] {
        try await bank.get(try whole(key), longest: longest)
    }

    package func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await bank.getVersioned(try whole(key))
    }

    package func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await bank.stream(try whole(key))
    }

    package func size(_ key: BankKey) async throws -> Int64? { try await bank.size(try whole(key)) }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try await bank.delete(try writing(key), if: condition)
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        let below = try prefix.map { (key) throws(BankError) in try whole(key) } ?? self.prefix
        let cursor = try after.map { (key) throws(BankError) in try whole(key) }
        let page = try await bank.list(below: below, after: cursor, limit: limit)
        return BankPage(keys: try page.keys.map { (key) throws(BankError) in try relative(key) }, more: page.more)
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        let below = try prefix.map { (key) throws(BankError) in try whole(key) } ?? self.prefix
        return try await bank.names(below: below, after: after, limit: limit)
    }

    package func modified(_ key: BankKey) async throws -> Int64? { try await bank.modified(try whole(key)) }

    package func capacity() async throws -> BankCapacity? { try await bank.capacity() }

    package func survey() async throws -> BankSurvey {
        let survey = try await bank.survey()
        guard !isWritable else { return survey }
        return BankSurvey(
            writeObstacle: survey.writeObstacle ?? "this part of the bank is open for reading only",
            lastChange: survey.lastChange, leftovers: survey.leftovers, hasReserve: survey.hasReserve)
    }

    private func whole(_ key: BankKey) throws(BankError) -> BankKey { try prefix.appending(key.text) }

    private func writing(_ key: BankKey) throws(BankError) -> BankKey {
        let key = try whole(key)
        guard isWritable else {
            throw .forbidden(key.text, reason: "this part of the bank is open for reading only")
        }
        return key
    }

    private func relative(_ key: BankKey) throws(BankError) -> BankKey {
        let start = prefix.text + "/"
        guard key.text.hasPrefix(start) else {
            throw .storeFailed(
                operation: "list", key: prefix.text, reason: "it listed '\(key)', which does not lie below")
        }
        return try BankKey(String(key.text.dropFirst(start.count)))
    }
}
