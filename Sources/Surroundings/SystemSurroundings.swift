private import Glibc

/// The clocks of the host.
package struct SystemClock: RunClock {
    package init() {}

    package var wallMilliseconds: Int64 { Self.nanoseconds(CLOCK_REALTIME) / 1_000_000 }

    /// The time since the host was booted, sleep included: see clock_gettime(2), CLOCK_BOOTTIME.
    package var monotonicNanoseconds: Int64 { Self.nanoseconds(CLOCK_BOOTTIME) }

    package func sleep(nanoseconds: Int64) async throws {
        try await Task.sleep(nanoseconds: UInt64(max(0, nanoseconds)))
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // It fails for unknown clocks only, and these two are as old as the systems that Swift runs on.
        _ = clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The system's source of random numbers.
package struct SystemRandom: RunRandom {
    package init() {}
    package func next() -> UInt64 { UInt64.random(in: .min ... .max) }
}
