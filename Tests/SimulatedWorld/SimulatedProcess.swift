package import Checkpoints
internal import Surroundings
internal import SeededRandom

/// A process of a simulated world: an executor on which all of its tasks run, with a clock and randomness of its own.
///
/// A process that was ended reaches nothing any more. Its tasks still run to their end, unseen, so that they leave
/// nothing behind in memory; every clock, bank and plugin that they ask tells them that it is over.
package final class SimulatedProcess: TaskExecutor, RunClock, RunRandom, @unchecked Sendable {
    package let world: World
    package let name: String
    package let owner: Owner
    /// Whether it was ended.
    package private(set) var isDead = false
    /// Whether nothing of it goes on any more: it was ended, or has done what it was there for.
    package private(set) var hasEnded = false
    /// Until when it stands still, as a host that sleeps does.
    package private(set) var pausedUntil: Int64 = 0
    /// How far its wall clock is from the world's, in milliseconds.
    package var wallOffset: Int64 = 0
    /// Called when it ends.
    private var roots: [Task<Void, Never>] = []
    private var generator: SeededGenerator

    init(_ world: World, name: String, number: Int) {
        self.world = world
        self.name = name
        let id = String(repeating: "0", count: 16 - String(number).count) + String(number)
        owner = Owner(id: id, host: "simulated", process: Int64(number), boot: "b", processStart: 1, namespace: "n")
        generator = SeededGenerator(seed: world.random.next())
    }

    // MARK: Running

    package func enqueue(_ job: consuming ExecutorJob) { world.enqueue(UnownedJob(job), of: self) }

    /// Starts a task of this process without waiting for it.
    @discardableResult
    package func launch(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        let task = TaskPlace.$executor.withValue(self) { Task(executorPreference: self) { await body() } }
        roots.append(task)
        return task
    }

    /// Runs `body` in this process and waits for its result; `nil` when the process ended before.
    package func perform<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async -> Swift.Result<Result, any Error>? {
        let outcome = Outcome<Result>()
        let task = launch {
            do { outcome.result = .success(try await body()) } catch { outcome.result = .failure(error) }
        }
        await task.value
        return isDead ? nil : outcome.result
    }

    private final class Outcome<Result: Sendable>: @unchecked Sendable {
        var result: Swift.Result<Result, any Error>?
    }

    // MARK: Its fate

    /// Ends it at once, as a power cut does.
    package func crash() {
        guard !isDead else { return }
        world.note("\(name) crashes")
        (isDead, hasEnded) = (true, true)
        pausedUntil = 0
        world.bury(self)
        for task in roots { task.cancel() }
        roots = []
    }

    /// It has done what it was there for.
    package func end() { hasEnded = true }

    /// Cancels what it runs, as SIGTERM does.
    package func cancel() {
        world.note("\(name) is told to stop")
        for task in roots { task.cancel() }
    }

    /// Lets it stand still for so many nanoseconds; its clocks go on.
    package func pause(nanoseconds: Int64) {
        guard !isDead else { return }
        world.note("\(name) stands still for \(nanoseconds / 1_000_000) ms")
        pausedUntil = max(pausedUntil, world.now + nanoseconds)
    }

    // MARK: Its surroundings

    package var wallMilliseconds: Int64 { World.epoch + world.now / 1_000_000 + wallOffset }
    package var monotonicNanoseconds: Int64 { 1_000_000_000 * Int64(owner.process) + world.now }
    package func sleep(nanoseconds: Int64) async throws { try await world.sleep(nanoseconds, of: self) }
    /// Waits although the task is cancelled; not longer than the process lives.
    package func uninterruptedSleep(_ nanoseconds: Int64) async {
        await world.uninterruptedSleep(nanoseconds, of: self)
    }
    package func next() -> UInt64 { generator.next() }
}
