private import Dispatch
private import Synchronization

/// The other side of a channel has gone; nothing more can be sent or received.
package struct ChannelClosed: Error {
    package init() {}
}

/// A bounded queue from a thread that may block to a task that must not.
///
/// One producer thread, one consumer task. `send` blocks while `capacity` elements wait; `next` suspends while none
/// does. Closing either side wakes the other.
package final class ThreadToTaskChannel<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiting: CheckedContinuation<Element?, any Error>?
        var finished = false
        var failure: (any Error)?
        var cancelled = false
    }

    private let state = Mutex(State())
    private let space = DispatchSemaphore(value: 0)

    /// A channel that holds at most `capacity` elements.
    package init(capacity: Int) {
        // Counted up from zero: Dispatch traps when a semaphore is deallocated below its initial value, which is
        // where a channel that was abandoned with elements in it would leave it.
        for _ in 0..<max(1, capacity) { space.signal() }
    }

    /// Hands over one element, blocking while the channel is full; throws `ChannelClosed` when the task has gone or
    /// the stream was ended. Only for a dedicated thread.
    package func send(_ element: Element) throws {
        space.wait()
        let (waiter, closed) = state.withLock { state -> (CheckedContinuation<Element?, any Error>?, Bool) in
            if state.cancelled || state.finished { return (nil, true) }
            if let waiter = state.waiting {
                state.waiting = nil
                return (waiter, false)
            }
            state.elements.append(element)
            return (nil, false)
        }
        if closed {
            space.signal()
            throw ChannelClosed()
        }
        if let waiter {
            space.signal()
            waiter.resume(returning: element)
        }
    }

    /// Ends the stream, with an error if there was one; later calls have no effect.
    package func finish(throwing failure: (any Error)? = nil) {
        let waiter = state.withLock { state -> CheckedContinuation<Element?, any Error>? in
            if state.finished { return nil }
            state.finished = true
            state.failure = failure
            defer { state.waiting = nil }
            return state.waiting
        }
        guard let waiter else { return }
        if let failure { waiter.resume(throwing: failure) } else { waiter.resume(returning: nil) }
    }

    /// The next element, or `nil` at the end; throws what the producer finished with, or `CancellationError`.
    package func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Element?, any Error>? in
                    if !state.elements.isEmpty {
                        return .success(state.elements.removeFirst())
                    }
                    if state.cancelled { return .failure(CancellationError()) }
                    if state.finished { return state.failure.map { .failure($0) } ?? .success(nil) }
                    state.waiting = continuation
                    return nil
                }
                switch result {
                case .success(let element?):
                    space.signal()
                    continuation.resume(returning: element)
                case .success(nil): continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(throwing: error)
                case nil: break
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Tells the producer that nobody listens any more: its `send` throws from now on.
    package func cancel() {
        let waiter = state.withLock { state -> CheckedContinuation<Element?, any Error>? in
            state.cancelled = true
            state.elements = []
            defer { state.waiting = nil }
            return state.waiting
        }
        waiter?.resume(throwing: CancellationError())
        // At most one producer can be blocked.
        space.signal()
    }
}

/// A bounded queue from a task, which suspends, to a thread, which may block.
///
/// One producer task, one consumer thread. Closing either side wakes the other.
package final class TaskToThreadChannel<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiting: CheckedContinuation<Void, any Error>?
        var finished = false
        var failure: (any Error)?
        var cancelled = false
    }

    private let state = Mutex(State())
    /// Counts the elements, and the end and the cancellation once each.
    private let available = DispatchSemaphore(value: 0)
    private let capacity: Int

    /// A channel that holds at most `capacity` elements.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Hands over one element, suspending while the channel is full; throws `ChannelClosed` when the thread has gone
    /// or the stream was ended, and `CancellationError` when the task is cancelled, which ends the stream too.
    package func send(_ element: Element) async throws {
        while true {
            if Task.isCancelled {
                // The thread must not wait for a producer that gives up here.
                finish(throwing: CancellationError())
                throw CancellationError()
            }
            let sent = try state.withLock { state -> Bool in
                if state.cancelled || state.finished { throw ChannelClosed() }
                guard state.elements.count < capacity else { return false }
                state.elements.append(element)
                return true
            }
            if sent {
                available.signal()
                return
            }
            try await waitForSpace()
        }
    }

    private func waitForSpace() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled { return .failure(ChannelClosed()) }
                    if state.finished { return .failure(state.failure ?? ChannelClosed()) }
                    if state.elements.count < capacity { return .success(()) }
                    state.waiting = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            finish(throwing: CancellationError())
        }
    }

    /// Ends the stream, with an error if there was one; later calls have no effect.
    ///
    /// What was sent before a plain end is still delivered; an error overtakes it, since the consumer has no use for
    /// the rest.
    package func finish(throwing failure: (any Error)? = nil) {
        let (first, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, any Error>?) in
            if state.finished { return (false, nil) }
            state.finished = true
            state.failure = failure
            if failure != nil { state.elements = [] }
            defer { state.waiting = nil }
            return (true, state.waiting)
        }
        if first { available.signal() }
        waiter?.resume(throwing: failure ?? ChannelClosed())
    }

    /// The next element, blocking until there is one, or `nil` at the end; throws what the producer finished with, or
    /// `ChannelClosed` after `cancel`. Only for a dedicated thread.
    package func next() throws -> Element? {
        available.wait()
        let (element, waiter, failure) = state.withLock {
            state -> (Element?, CheckedContinuation<Void, any Error>?, (any Error)?) in
            if state.cancelled { return (nil, nil, ChannelClosed()) }
            guard !state.elements.isEmpty else { return (nil, nil, state.failure) }
            defer { state.waiting = nil }
            return (state.elements.removeFirst(), state.waiting, nil)
        }
        // The end stays readable.
        if element == nil { available.signal() }
        waiter?.resume()
        if let failure { throw failure }
        return element
    }

    /// Tells the producer that nobody listens any more.
    package func cancel() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            state.cancelled = true
            state.elements = []
            defer { state.waiting = nil }
            return state.waiting
        }
        available.signal()
        waiter?.resume(throwing: ChannelClosed())
    }
}
