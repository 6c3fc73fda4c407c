/// How much room a bank has.
package struct BankCapacity: Sendable, Hashable {
    /// How many bytes can still be written.
    package let freeBytes: Int64
    /// How many bytes the store holds in all, what is not the bank's included.
    package let totalBytes: Int64
    /// How many objects can still be written, where the store bounds that.
    package let freeObjects: Int64?

    package init(freeBytes: Int64, totalBytes: Int64, freeObjects: Int64? = nil) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.freeObjects = freeObjects
    }
}

/// What a bank can tell of itself without anything being written.
package struct BankSurvey: Sendable, Hashable {
    /// Why writes would fail, such as a missing access right; `nil` when nothing speaks against them.
    package let writeObstacle: String?
    /// When the bank was last changed, in milliseconds since 1970 by the store's own clock, where it tells.
    package let lastChange: Int64?
    /// How many objects a crash left half-written, which count for nothing and take room.
    package let leftovers: Int
    /// Whether room is set aside by which a full bank can be cleaned up; `nil` where the store needs none.
    package let hasReserve: Bool?

    package init(
        writeObstacle: String? = nil, lastChange: Int64? = nil, leftovers: Int = 0, hasReserve: Bool? = nil
    ) {
        self.writeObstacle = writeObstacle
        self.lastChange = lastChange
        self.leftovers = leftovers
        self.hasReserve = hasReserve
    }
}

extension Bank {
    package func capacity() async throws -> BankCapacity? { nil }
    package func survey() async throws -> BankSurvey { BankSurvey() }
    package func removeLeftovers() async throws -> Int { 0 }
    package func makeReserve() async throws -> Bool { false }
}
