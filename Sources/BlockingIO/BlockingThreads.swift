private import Dispatch
internal import Foundation
private import Synchronization

/// A fixed number of dedicated threads for calls that block, so that none blocks the cooperative pool.
///
/// Work is taken in order of arrival. The threads end when the pool is deallocated and its queue is empty.
package final class BlockingThreads: Sendable {
    private let shared = Shared()

    /// Starts `count` threads that carry `name`.
    package init(name: String, count: Int) {
        for number in 0..<max(1, count) {
            let shared = shared
            let thread = Thread { shared.work() }
            thread.name = "\(name)-\(number)"
            thread.start()
        }
    }

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
        }

        private let state = Mutex(State())
        private let available = DispatchSemaphore(value: 0)

        func add(_ job: @escaping @Sendable () -> Void) {
            state.withLock { $0.waiting.append(job) }
            available.signal()
        }

        func close() {
            state.withLock { $0.closed = true }
            available.signal()
        }

        func work() {
            while true {
                available.wait()
                let job: (@Sendable () -> Void)? = state.withLock { state in
                    guard state.next < state.waiting.count else { return nil }
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
            }
        }
    }
}
