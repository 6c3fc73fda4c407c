package import Bank
package import PluginKit

/// What can be known of a bank before anything is written: rights, room, the store's clock.
package struct BankCheck: Sendable {
    private let bank: any Bank

    /// A check of an opened bank.
    package init(_ bank: any Bank) { self.bank = bank }

    private var subject: String { "the bank at \(bank.place)" }

    /// What to say of a bank that could not be opened.
    package static func unavailable(_ place: String, _ error: any Error) -> Precondition {
        let subject = "the bank at \(place)"
        switch error {
        case BankError.noBank:
            return Precondition(
                subject, .unmet, "is not there",
                advice: "mount what holds it, or make a new one with 'cairn bank init'")
        case BankError.unknownFormat:
            return Precondition(subject, .unmet, "cannot be used: \(error)", advice: "use a newer cairn")
        default: return Precondition(subject, .unmet, "cannot be used: \(error)")
        }
    }

    /// Whether the bank can be written to, as far as that can be told without writing. An operation that only reads
    /// goes on without, but is not recorded.
    package func rights(needed: Bool) async -> Precondition {
        let survey: BankSurvey
        do { survey = try await bank.survey() } catch { return failed(error) }
        guard let obstacle = survey.writeObstacle else {
            return Precondition(subject, .met, needed ? "can be written to" : "can be read and written to")
        }
        if needed {
            return Precondition(
                subject, .unmet, "cannot be written to: \(obstacle)",
                advice: "mount it for writing, or run as the user to whom it belongs")
        }
        return Precondition(
            subject, .doubtful, "cannot be written to, so the operation will not be recorded: \(obstacle)",
            advice: "nothing, if that is meant")
    }

    /// Whether there is room for about `expected` bytes more. Of several guesses the least decides what is certain;
    /// what only the largest would exceed is doubtful.
    package func room(for expected: [Int64]) async -> Precondition {
        let capacity: BankCapacity?
        do { capacity = try await bank.capacity() } catch { return failed(error) }
        let subject = "room in the bank at \(bank.place)"
        guard let capacity else { return Precondition(subject, .met, "is not bounded, as far as the store tells") }
        let free = ByteCountText.words(capacity.freeBytes)
        let advice = "make room there, or move the bank to a larger place"
        guard capacity.freeBytes > 0 else { return Precondition(subject, .unmet, "is used up", advice: advice) }
        if let objects = capacity.freeObjects, objects < Self.fewObjects {
            return Precondition(
                subject, objects == 0 ? .unmet : .doubtful, "is for \(objects) more files only (inodes)",
                advice: advice)
        }
        if let least = expected.min(), let most = expected.max() {
            let state: Precondition.State =
                capacity.freeBytes < least ? .unmet : capacity.freeBytes < most ? .doubtful : .met
            let amount = ByteCountText.words(state == .unmet ? least : most)
            return Precondition(
                subject, state, "is \(free), and about \(amount) are expected", advice: state == .met ? "" : advice)
        }
        if capacity.freeBytes < min(Self.littleRoom, capacity.totalBytes / 20) {
            return Precondition(subject, .doubtful, "is \(free) only", advice: advice)
        }
        return Precondition(subject, .met, "is \(free)")
    }

    /// Whether there is room for what a deletion writes before it can remove anything: in a full bank, its reserve.
    package func roomToDelete() async -> Precondition {
        let capacity: BankCapacity?
        let hasReserve: Bool
        do {
            capacity = try await bank.capacity()
            hasReserve = try await bank.survey().hasReserve == true
        } catch { return failed(error) }
        let subject = "room in the bank at \(bank.place)"
        let isUsedUp = capacity.map {
            $0.freeBytes < Self.deletionRoom || $0.freeObjects ?? .max < Self.deletionObjects
        }
        guard isUsedUp == true else { return Precondition(subject, .met, "is enough to delete") }
        if hasReserve { return Precondition(subject, .met, "is used up, but for the reserve to delete with") }
        return Precondition(
            subject, .unmet, "is used up, and no reserve is left to delete with",
            advice: "make a little room on its file system, outside of the bank")
    }

    /// Whether the bank keeps a reserve to delete with when it is full; `nil` for a store that needs none.
    package func reserve() async -> Precondition? {
        guard let hasReserve = try? await bank.survey().hasReserve else { return nil }
        let subject = "the bank's reserve to delete with when it is full"
        if hasReserve { return Precondition(subject, .met, "is there") }
        return Precondition(subject, .doubtful, "is missing", advice: "'cairn gc' sets it aside, when there is room")
    }

    /// Whether the store's clock agrees with this host's, by the last change of the bank: it cannot lie ahead.
    package func clock(now: Int64) async -> Precondition? {
        guard let last = try? await bank.survey().lastChange else { return nil }
        let subject = "the clock of this host"
        guard last > now + Self.toleratedSkew else {
            return Precondition(subject, .met, "is not behind the store's")
        }
        return Precondition(
            subject, .doubtful, "is at least \((last - now) / 1000) s behind the clock of the bank at \(bank.place)",
            advice: "see that both keep time, such as by NTP")
    }

    /// Whether crashed writers have left something in the bank.
    package func leftovers() async -> Precondition? {
        guard let count = try? await bank.survey().leftovers else { return nil }
        let subject = "half-written objects in the bank"
        guard count > 0 else { return Precondition(subject, .met, "are none") }
        return Precondition(
            subject, .doubtful, count == 1 ? "are 1 that a crash left" : "are \(count) that crashes left",
            advice: "they do no harm but take room; 'cairn bank check --repair' removes them")
    }

    private static let deletionRoom: Int64 = 1 << 16
    private static let deletionObjects: Int64 = 16
    private static let fewObjects: Int64 = 1000
    private static let littleRoom: Int64 = 1 << 30
    private static let toleratedSkew: Int64 = 2000

    private func failed(_ error: any Error) -> Precondition {
        Precondition(subject, .unmet, "cannot be looked at: \(error)")
    }
}
