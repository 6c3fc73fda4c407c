internal import BlockingIO
internal import Dispatch
internal import Synchronization

/// A bounded queue from one thread to another, both of which may block.
///
/// Either side may close it: what was sent before is still received, and a sender then gets `ChannelClosed`.
final class HandOver<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var next = 0
        var closed = false
    }

    private let state = Mutex(State())
    private let space = DispatchSemaphore(value: 0)
    private let available = DispatchSemaphore(value: 0)

    /// A queue for at most `capacity` elements.
    init(capacity: Int) {
        // Counted up from zero, since Dispatch traps on a semaphore that ends below its initial value.
        for _ in 0..<capacity { space.signal() }
    }

    /// Adds an element, waiting for space; throws `ChannelClosed` once the queue is closed.
    func send(_ element: Element) throws {
        space.wait()
        let closed = state.withLock { state in
            if !state.closed { state.elements.append(element) }
            return state.closed
        }
        if closed {
            space.signal()
            throw ChannelClosed()
        }
        available.signal()
    }

    /// The next element, waiting for it; `nil` once the queue is closed and empty.
    func receive() -> Element? {
        available.wait()
        let element = state.withLock { state -> Element? in
            guard state.next < state.elements.count else { return nil }
            let element = state.elements[state.next]
            state.next += 1
            if state.next == state.elements.count || state.next > 4096 {
                state.elements.removeFirst(state.next)
                state.next = 0
            }
            return element
        }
        // The end stays readable.
        if element == nil { available.signal() } else { space.signal() }
        return element
    }

    /// Ends the queue from either side.
    func close() {
        state.withLock { $0.closed = true }
        available.signal()
        space.signal()
    }
}
