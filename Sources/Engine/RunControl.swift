import Synchronization

/// Takes requests to end a run early, from signals for example, and passes them on to whoever drives it.
package final class RunControl: Sendable {
    /// What a run is asked to do.
    package enum Request: Sendable, Hashable {
        /// Start nothing new; what is running may finish within the grace period.
        case stop(reason: String)
        /// Cancel what is running now.
        case cancel
        /// Leave what is being undone now as it is, and go on with the next.
        case abandonRevert
    }

    private struct State {
        var requests: [Request] = []
        var interrupts = 0
        var handlers: [Int: @Sendable (Request) -> Void] = [:]
        var nextHandler = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Asks the run to stop; asked for the second time, it cancels what is running; each time after that, it leaves what
    /// it is undoing then as it is. Returns what it has asked for.
    @discardableResult
    package func interrupt(reason: String) -> Request {
        let earlier = state.withLock { state in
            defer { state.interrupts += 1 }
            return max(state.interrupts, min(state.requests.count, 1))
        }
        let next: Request = earlier == 0 ? .stop(reason: reason) : earlier == 1 ? .cancel : .abandonRevert
        request(next)
        return next
    }

    /// Passes a request on; one that comes before the run has begun waits for it.
    package func request(_ request: Request) {
        let handlers = state.withLock { state in
            state.requests.append(request)
            return state.handlers.sorted { $0.key < $1.key }.map(\.value)
        }
        for handler in handlers { handler(request) }
    }

    /// Whether anything was requested.
    package var wasInterrupted: Bool { state.withLock { !$0.requests.isEmpty } }

    /// Gives `handler` every request, where wanted also those that came before, until `detach` of what is returned.
    func attach(replaying: Bool = true, _ handler: @escaping @Sendable (Request) -> Void) -> Int {
        let (number, earlier) = state.withLock { state in
            state.handlers[state.nextHandler] = handler
            defer { state.nextHandler += 1 }
            return (state.nextHandler, state.requests)
        }
        if replaying { for request in earlier { handler(request) } }
        return number
    }

    func detach(_ number: Int) { state.withLock { $0.handlers[number] = nil } }
}
