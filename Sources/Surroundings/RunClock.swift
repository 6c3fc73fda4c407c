/// The clocks of a run, so that a test can put its own in their place.
package protocol RunClock: Sendable {
    /// The wall clock, in milliseconds since 1970-01-01T00:00:00Z; it may jump.
    var wallMilliseconds: Int64 { get }
    /// A clock that only goes forward, also while the host sleeps, in nanoseconds since some fixed moment.
    var monotonicNanoseconds: Int64 { get }
    /// Waits; throws `CancellationError` as soon as the task is cancelled.
    func sleep(nanoseconds: Int64) async throws
}

/// Random numbers of a run, so that a test can repeat them.
package protocol RunRandom: Sendable {
    /// The next number, every one as likely as any other.
    func next() -> UInt64
}
