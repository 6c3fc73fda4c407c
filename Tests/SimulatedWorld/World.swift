internal import Glibc
package import SeededRandom

/// Something that must never happen has happened in a simulated world.
package struct Violation: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A world in which everything follows from a seed: its processes, their clock, and what happens in which order.
///
/// All of it runs on the one thread that called `run`. Whenever several tasks could go on, the seed chooses; when none
/// can, the clock moves to the next moment at which one sleeps no longer. So a whole day costs no time, and the same
/// seed gives the same day.
///
/// Not checked by the compiler to be sendable: whatever reaches it from another thread is reported as a violation.
package final class World: @unchecked Sendable {
    private struct Job {
        let job: UnownedJob
        let process: SimulatedProcess
    }

    private struct Timer {
        let process: SimulatedProcess
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// How many steps a world takes before it counts as one that does not end.
    package static let mostSteps = 3_000_000
    /// The wall time at which every world begins, in milliseconds since 1970.
    package static let epoch: Int64 = 1_800_000_000_000

    package let seed: UInt64
    /// Where all chances come from.
    package var random: SeededGenerator
    /// The time since the beginning of the world, in nanoseconds.
    package private(set) var now: Int64 = 0
    /// What has been seen that must never happen.
    package private(set) var violations: [Violation] = []
    /// A digest of all that happened, to compare two runs by.
    package private(set) var history: UInt64 = 0xcbf2_9ce4_8422_2325
    /// What happened, in words, where that was asked for.
    package private(set) var log: [String] = []
    private let keepsLog: Bool

    private var ready: [Job] = []
    /// The jobs of processes that are no more: they run to their end, and reach nothing.
    private var ghosts: [Job] = []
    private var timers: [Int: Timer] = [:]
    private var alarms = AlarmQueue()
    /// What happens by itself at an alarm.
    private var moments: [Int: () -> Void] = [:]
    private var timerCount = 0
    private var steps = 0
    private let thread = pthread_self()
    private var processCount = 0

    package init(seed: UInt64, keepsLog: Bool = false) {
        self.seed = seed
        self.keepsLog = keepsLog
        random = SeededGenerator(seed: seed)
    }

    /// A process that begins now.
    package func process(_ name: String) -> SimulatedProcess {
        processCount += 1
        return SimulatedProcess(self, name: name, number: processCount)
    }

    // MARK: What happens

    /// Takes note of something that happened.
    package func note(_ text: @autoclosure () -> String) {
        let text = text()
        for byte in text.utf8 { history = (history ^ UInt64(byte)) &* 0x100_0000_01b3 }
        history = (history ^ UInt64(bitPattern: now)) &* 0x100_0000_01b3
        if keepsLog { log.append("\(now / 1_000_000) ms  \(text)") }
    }

    /// Takes note of something that must never happen.
    package func violated(_ text: String) {
        note("VIOLATED: \(text)")
        violations.append(Violation(text))
    }

    /// Whether something happens that has so many chances in a thousand.
    package func happens(_ perMille: Int) -> Bool {
        perMille > 0 && Int(random.next() % 1000) < perMille
    }

    /// A number in a range, each as likely as any other.
    package func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next() % UInt64(range.count))
    }

    // MARK: The run

    /// Runs `script` to its end, and everything that it starts; throws what makes that impossible.
    package func run(_ script: @escaping @Sendable (World) async throws -> Void) throws {
        let director = process("director")
        let isDone = Flag()
        director.launch { [self] in
            do { try await script(self) } catch { violated("the script ended with: \(error)") }
            isDone.isRaised = true
        }
        while !isDone.isRaised {
            steps += 1
            if steps > World.mostSteps { throw Violation("after \(steps) steps the world goes on and on") }
            guard try step() else { throw Violation("nothing moves any more, and not all has ended") }
        }
        // What the dead left behind is done with, so that nothing outlives its world.
        while let job = ghosts.popLast() {
            steps += 1
            if steps > 2 * World.mostSteps { break }
            job.job.runSynchronously(on: job.process.asUnownedTaskExecutor())
        }
    }

    private final class Flag: @unchecked Sendable {
        var isRaised = false
    }

    private func step() throws -> Bool {
        if let job = ghosts.popLast() {
            job.job.runSynchronously(on: job.process.asUnownedTaskExecutor())
            return true
        }
        if let job = takeReady() {
            job.job.runSynchronously(on: job.process.asUnownedTaskExecutor())
            return true
        }
        guard let alarm = alarms.popFirst() else { return false }
        if let moment = moments.removeValue(forKey: alarm.number) {
            now = max(now, alarm.time)
            moment()
            return true
        }
        guard let timer = timers.removeValue(forKey: alarm.number) else { return true }
        now = max(now, alarm.time)
        // A process that stands still wakes up late.
        if timer.process.pausedUntil > now {
            timers[alarm.number] = timer
            alarms.insert(Alarm(time: timer.process.pausedUntil, number: alarm.number))
            return true
        }
        timer.continuation.resume()
        return true
    }

    /// One of the jobs that could run, by chance. A process that stands still does so when it next waits: between two
    /// waits nothing of it takes any time.
    private func takeReady() -> Job? {
        guard !ready.isEmpty else { return nil }
        let index = ready.count == 1 ? 0 : Int(random.next() % UInt64(ready.count))
        ready.swapAt(index, ready.count - 1)
        return ready.removeLast()
    }

    // MARK: What processes ask for

    func enqueue(_ job: UnownedJob, of process: SimulatedProcess) {
        guard pthread_equal(pthread_self(), thread) != 0 else {
            // Nothing can be reported in order from here; the run would not be repeatable.
            fatalError("a task of '\(process.name)' left its executor: look for tasks without a parent")
        }
        if process.isDead {
            ghosts.append(Job(job: job, process: process))
        } else {
            ready.append(Job(job: job, process: process))
        }
    }

    /// Waits on behalf of a process; throws as soon as the task is cancelled, or when the process is no more.
    func sleep(_ nanoseconds: Int64, of process: SimulatedProcess) async throws {
        if process.isDead { throw CancellationError() }
        timerCount += 1
        let number = timerCount
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled || process.isDead {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                let time = now + max(0, nanoseconds)
                timers[number] = Timer(process: process, continuation: continuation)
                alarms.insert(Alarm(time: time, number: number))
            }
        } onCancel: {
            cancelTimer(number)
        }
        if process.isDead { throw CancellationError() }
    }

    /// Waits on behalf of a process, whatever becomes of the task; ends with the process.
    func uninterruptedSleep(_ nanoseconds: Int64, of process: SimulatedProcess) async {
        if process.isDead { return }
        timerCount += 1
        let number = timerCount
        let time = now + max(0, nanoseconds)
        _ = try? await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            timers[number] = Timer(process: process, continuation: continuation)
            alarms.insert(Alarm(time: time, number: number))
        }
    }

    /// Does something later, whatever becomes of who wanted it.
    package func later(_ nanoseconds: Int64, _ body: @escaping () -> Void) {
        timerCount += 1
        moments[timerCount] = body
        alarms.insert(Alarm(time: now + nanoseconds, number: timerCount))
    }

    private func cancelTimer(_ number: Int) {
        timers.removeValue(forKey: number)?.continuation.resume(throwing: CancellationError())
    }

    /// Ends a process at once: nothing of it reaches the world any more.
    func bury(_ process: SimulatedProcess) {
        ghosts += ready.filter { $0.process === process }
        ready.removeAll { $0.process === process }
        for number in timers.keys.sorted() where timers[number]?.process === process { cancelTimer(number) }
    }
}

/// When someone wants to be woken.
private struct Alarm: Comparable {
    let time: Int64
    let number: Int

    static func < (a: Alarm, b: Alarm) -> Bool { (a.time, a.number) < (b.time, b.number) }
}

/// Alarms by time; those of one moment in the order in which they were set.
private struct AlarmQueue {
    private var heap: [Alarm] = []

    mutating func insert(_ alarm: Alarm) {
        heap.append(alarm)
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> Alarm? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
