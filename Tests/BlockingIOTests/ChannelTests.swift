import BlockingIO
import Foundation
import Synchronization
import Testing

private struct Broken: Error {}

@Suite(.timeLimit(.minutes(10))) struct ThreadToTaskChannelTests {
    @Test func manyElementsInOrder() async throws {
        let channel = ThreadToTaskChannel<Int>(capacity: 3)
        async let sent: Void = BlockingThreads.runAlone(name: "send") {
            for number in 0..<20_000 { try channel.send(number) }
            channel.finish()
        }
        var expected = 0
        while let number = try await channel.next() {
            #expect(number == expected)
            expected += 1
        }
        try await sent
        #expect(expected == 20_000)
        #expect(try await channel.next() == nil)
    }

    @Test func holdsNoMoreThanItsCapacity() async throws {
        let channel = ThreadToTaskChannel<Int>(capacity: 2)
        let sent = Atomic(0)
        async let sender: Void = BlockingThreads.runAlone(name: "send") {
            for number in 0..<10 {
                try channel.send(number)
                sent.add(1, ordering: .relaxed)
            }
            channel.finish()
        }
        // On a busy machine it may be a while until it has begun at all.
        while sent.load(ordering: .relaxed) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(100))
        #expect(sent.load(ordering: .relaxed) == 2)
        var count = 0
        while try await channel.next() != nil { count += 1 }
        try await sender
        #expect(count == 10)
    }

    @Test func errorComesAfterTheElements() async throws {
        let channel = ThreadToTaskChannel<Int>(capacity: 2)
        try channel.send(1)
        channel.finish(throwing: Broken())
        #expect(try await channel.next() == 1)
        await #expect(throws: Broken.self) { try await channel.next() }
        #expect(throws: ChannelClosed.self) { try channel.send(2) }
    }

    @Test func cancellingTheTaskFreesTheThread() async throws {
        let channel = ThreadToTaskChannel<Int>(capacity: 1)
        let task = Task {
            while try await channel.next() != nil { try await Task.sleep(for: .seconds(30)) }
        }
        async let sender: Void = BlockingThreads.runAlone(name: "send") {
            while true { try channel.send(1) }
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        _ = await task.result
        channel.cancel()
        do {
            try await sender
            Issue.record("the sender went on")
        } catch { #expect(error is ChannelClosed) }
    }

    @Test func cancellingAWaitingTaskWakesIt() async throws {
        let channel = ThreadToTaskChannel<Int>(capacity: 1)
        let task = Task { try await channel.next() }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// Dispatch traps on a semaphore that is deallocated below its initial value.
    @Test func mayBeAbandonedWithElements() throws {
        for _ in 0..<10 {
            let channel = ThreadToTaskChannel<Int>(capacity: 4)
            try channel.send(1)
            try channel.send(2)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct TaskToThreadChannelTests {
    @Test func manyElementsInOrder() async throws {
        let channel = TaskToThreadChannel<Int>(capacity: 3)
        async let received = BlockingThreads.runAlone(name: "receive") {
            var expected = 0
            while let number = try channel.next() {
                if number != expected { throw Broken() }
                expected += 1
            }
            return expected
        }
        for number in 0..<20_000 { try await channel.send(number) }
        channel.finish()
        #expect(try await received == 20_000)
        #expect(try channel.next() == nil)
    }

    @Test func holdsNoMoreThanItsCapacity() async throws {
        let channel = TaskToThreadChannel<Int>(capacity: 2)
        let sent = Atomic(0)
        let task = Task {
            for number in 0..<10 {
                try await channel.send(number)
                sent.add(1, ordering: .relaxed)
            }
        }
        // On a busy machine it may be a while until it has begun at all.
        while sent.load(ordering: .relaxed) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(100))
        #expect(sent.load(ordering: .relaxed) == 2)
        channel.cancel()
        await #expect(throws: ChannelClosed.self) { try await task.value }
        #expect(throws: ChannelClosed.self) { try channel.next() }
    }

    @Test func errorOvertakesElements() async throws {
        let channel = TaskToThreadChannel<Int>(capacity: 2)
        try await channel.send(1)
        channel.finish(throwing: Broken())
        #expect(throws: Broken.self) { try channel.next() }
        #expect(throws: Broken.self) { try channel.next() }
        await #expect(throws: ChannelClosed.self) { try await channel.send(2) }
    }

    @Test func cancellingTheTaskFreesTheThread() async throws {
        let channel = TaskToThreadChannel<Int>(capacity: 1)
        let task = Task {
            while true { try await channel.send(1) }
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let outcome = try await BlockingThreads.runAlone(name: "receive") {
            do {
                while try channel.next() != nil {}
                return false
            } catch { return error is CancellationError }
        }
        #expect(outcome)
    }

    /// A task that is cancelled while it computes must not leave the thread waiting for ever.
    @Test func cancelledBeforeSending() async throws {
        let channel = TaskToThreadChannel<Int>(capacity: 1)
        let task = Task {
            try? await Task.sleep(for: .seconds(30))
            try await channel.send(1)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(throws: CancellationError.self) { try channel.next() }
    }
}

@Suite(.timeLimit(.minutes(10))) struct BlockingThreadsTests {
    @Test func cancelledInTheQueueDoesNotRun() async throws {
        let threads = BlockingThreads(name: "one", count: 1)
        let gate = DispatchSemaphore(value: 0)
        let begun = Flag()
        async let first: Void = threads.run {
            begun.raise()
            gate.wait()
        }
        while !begun.isRaised { try await Task.sleep(for: .milliseconds(5)) }
        let ran = Flag()
        let second = Task { try await threads.run { ran.raise() } }
        try await Task.sleep(for: .milliseconds(30))
        second.cancel()
        gate.signal()
        try await first
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(!ran.isRaised)
    }

    @Test func oneJobDoesNotWaitForAnother() async throws {
        let threads = BlockingThreads(name: "three", count: 3)
        for _ in 0..<20 {
            let gates = (0..<3).map { _ in DispatchSemaphore(value: 0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<3 {
                    group.addTask {
                        try await threads.run {
                            // Each lets the next one go, and the last one all.
                            gates[(number + 1) % 3].signal()
                            gates[number].wait()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func allJobsRunBeforeThePoolEnds() async throws {
        let count = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let threads = BlockingThreads(name: "few", count: 3)
            for _ in 0..<3000 { group.addTask { try await threads.run { count.add() } } }
            try await group.waitForAll()
        }
        #expect(count.total == 3000)
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        func raise() { value.store(true, ordering: .relaxed) }
        var isRaised: Bool { value.load(ordering: .relaxed) }
        private let number = Atomic(0)
        func add() { number.add(1, ordering: .relaxed) }
        var total: Int { number.load(ordering: .relaxed) }
    }
}
