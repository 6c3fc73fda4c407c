package import Bank
internal import CanonicalForm
package import Surroundings

/// What an observer knows of other processes' leases: whether one is certainly gone, by watching it.
///
/// No two clocks are compared: an observer that has seen the same record for longer than the lease lasts, by its own
/// monotonic clock, knows that the owner knows it to be lost (see docs/bank-format.md).
package actor LeaseView {
    private struct Sighting {
        let bytes: [UInt8]
        /// When it was first seen so, on the monotonic clock.
        let since: Int64
    }

    private let bank: any Bank
    private let clock: any RunClock
    private var sightings: [String: Sighting] = [:]

    /// An observer that has seen nothing yet.
    package init(bank: any Bank, clock: any RunClock) {
        self.bank = bank
        self.clock = clock
    }

    /// Whether the lease of an owner is certainly gone: it is not there, or did not change for as long as it lasts.
    ///
    /// Looks once. `false` means only that it is not certain yet: look again later, with the same view.
    package func isGone(_ owner: String) async throws -> Bool {
        let bytes: [UInt8]
        do {
            bytes = try await bank.get(try CheckpointLayout.lease(owner), longest: ObjectLimit.record)
        } catch BankError.notFound {
            sightings[owner] = nil
            return true
        }
        // After the answer: what it says was written before.
        let now = clock.monotonicNanoseconds
        guard let sighting = sightings[owner], sighting.bytes == bytes else {
            sightings[owner] = Sighting(bytes: bytes, since: now)
            return false
        }
        return now - sighting.since > Self.lifetime(bytes)
    }

    /// Watches a lease until it is certainly gone, or was renewed: `true` when it is gone.
    ///
    /// That lasts as long as a lease does at most. A bank that cannot be read meanwhile is asked again; once the owner's
    /// lease would have run out without an answer, the failure is thrown.
    package func waitUntilGone(_ owner: String) async throws -> Bool {
        var first: [UInt8]?
        let began = clock.monotonicNanoseconds
        // As long as nothing has been read, nothing is known of how long it lasts.
        var window = LeaseTerms.standard.expireWindow
        while true {
            do {
                if try await isGone(owner) { return true }
                let bytes = sightings[owner]?.bytes
                if let first, first != bytes { return false }
                first = bytes
                window = self.window(of: owner) ?? window
            } catch {
                try Task.checkCancellation()
                let most = 2 * window * 1_000_000
                if clock.monotonicNanoseconds - began > most { throw error }
            }
            try await clock.sleep(nanoseconds: min(Self.pollInterval, max(1, window / 4 * 1_000_000)))
        }
    }

    /// How long the lease of an owner lasts by the record that was seen last, in milliseconds; `nil` when none was seen.
    package func window(of owner: String) -> Int64? {
        sightings[owner].map { Self.lifetime($0.bytes) / 1_000_000 }
    }

    /// How an operator is told of a lease that only looks gone, by its owner's wall clock and this one: never a reason
    /// to do anything, since either may be wrong.
    package static func looksGone(_ record: LeaseRecord, now: Timestamp) -> Bool {
        now.milliseconds - record.renewed.milliseconds > record.expireWindow + looseSkew
    }

    /// How far two wall clocks may differ before a list says of a live owner that it looks gone: ten minutes.
    private static let looseSkew: Int64 = 600_000
    /// How often a lease is looked at while it is watched: once in two seconds.
    private static let pollInterval: Int64 = 2_000_000_000

    /// How long a record must stand unchanged. One that cannot be read says no time, so the longest counts.
    private static func lifetime(_ bytes: [UInt8]) -> Int64 {
        let window = (try? LeaseRecord(opening: bytes).expireWindow) ?? LeaseTerms.longestExpireWindow
        return window * 1_000_000
    }
}
