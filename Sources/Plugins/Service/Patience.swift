internal import PluginKit
internal import Surroundings

/// Waiting for what may take its time, and trying again what must succeed.
enum Patience {
    /// How often it is tried to resume a service that must not stay as it is, and the pause between, in nanoseconds.
    private static let attempts = 3
    private static let pause: Int64 = 1_000_000_000

    /// Runs `body`, for so many nanoseconds at most; tells whether it came to its end.
    static func within(
        _ nanoseconds: Int64, _ clock: any RunClock, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await clock.sleep(nanoseconds: nanoseconds)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    /// Runs `body` again when it fails, a few times, whatever the failure.
    static func insisting(_ clock: any RunClock, _ body: () async throws -> Void) async throws {
        for attempt in 1...attempts {
            do { return try await body() } catch {
                if attempt == attempts || error is CancellationError || error is ActivityStopped { throw error }
                try await clock.sleep(nanoseconds: pause)
            }
        }
    }
}
