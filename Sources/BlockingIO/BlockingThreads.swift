private import Dispatch
internal import Foundation
private import Synchronization

/// Dedicated threads for calls that block, so that none blocks the cooperative pool.
///
/// Work is taken in order of arrival. A thread is started when there is work and none is idle. They end when the pool is
/// deallocated and its queue is empty.
package final class BlockingThreads: Sendable {
    private let shared: Shared

    /// A pool of at most `count` threads that carry `name`.
    package init(name: String, count: Int) { shared = Shared(name: name, count: max(1, count)) }

    deinit { shared.close() }

    /// Runs `body` on one of the threads and returns its result.
    ///
    /// A body that has begun is not interrupted by task cancellation; one that has not begun throws
    /// `CancellationError` instead of running.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        let cancelled = Cancelled()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                shared.add {
                    continuation.resume(
                        with: Swift.Result {
                            if cancelled.flag.load(ordering: .acquiring) { throw CancellationError() }
                            return try body()
                        })
                }
            }
        } onCancel: {
            cancelled.flag.store(true, ordering: .releasing)
        }
    }

    /// Has `body` run on one of the threads, and waits for nothing.
    package func begin(_ body: @escaping @Sendable () -> Void) { shared.add(body) }

    private final class Cancelled: Sendable {
        let flag = Atomic(false)
    }

    /// Runs `body` on a thread of its own that ends with it: for work that holds a thread for long.
    ///
    /// Task cancellation does not reach `body`; what it waits for must be closed by the caller.
    package static func runAlone<Result: Sendable>(
        name: String, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
            thread.name = name
            thread.start()
        }
    }

    private final class Shared: Sendable {
        private struct State {
            var waiting: [(@Sendable () -> Void)?] = []
            var next = 0
            var closed = false
            var threads = 0
            /// How many threads wait for work, or are about to take some.
            var idle = 0
        }

        private let name: String
        private let count: Int

        private let state = Mutex(State())
        private let available = DispatchSemaphore(value: 0)

        init(name: String, count: Int) {
            self.name = name
            self.count = count
        }

        func add(_ job: @escaping @Sendable () -> Void) {
            let number = state.withLock { state -> Int? in
                state.waiting.append(job)
                guard state.waiting.count - state.next > state.idle, state.threads < count else { return nil }
                defer { state.threads += 1 }
                state.idle += 1
                return state.threads
            }
            if let number {
                let thread = Thread { self.work() }
                thread.name = "\(name)-\(number)"
                thread.start()
            }
            available.signal()
        }

        func close() {
            state.withLock { $0.closed = true }
            available.signal()
        }

        private func work() {
            while true {
                available.wait()
                let job: (@Sendable () -> Void)? = state.withLock { state in
                    guard state.next < state.waiting.count else { return nil }
                    state.idle -= 1
                    let job = state.waiting[state.next]
                    // A job that has been taken must not keep alive what it has captured.
                    state.waiting[state.next] = nil
                    state.next += 1
                    if state.next == state.waiting.count || state.next > 1024 {
                        state.waiting.removeFirst(state.next)
                        state.next = 0
                    }
                    return job
                }
                guard let job else {
                    // Closed: pass the word on to the next thread.
                    available.signal()
                    return
                }
                job()
                state.withLock { $0.idle += 1 }
            }
        }
    }
}
