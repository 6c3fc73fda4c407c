internal import Glibc

/// The time that one pass took.
package struct PassTiming: Sendable {
    package let pass: String
    /// By the clock on the wall.
    package let wall: Duration
    /// By the processors, all threads of the program together.
    package let processor: Duration

    /// Does some work, and says how long it took.
    package static func measure<Result, Failure: Error>(
        _ pass: String, _ work: () throws(Failure) -> Result
    ) throws(Failure) -> (result: Result, timing: PassTiming) {
        let start = (wall: now(CLOCK_MONOTONIC), processor: now(CLOCK_PROCESS_CPUTIME_ID))
        let result = try work()
        let timing = PassTiming(
            pass: pass, wall: now(CLOCK_MONOTONIC) - start.wall,
            processor: now(CLOCK_PROCESS_CPUTIME_ID) - start.processor)
        return (result, timing)
    }

    private static func now(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
