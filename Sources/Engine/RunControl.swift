import Synchronization

/// Takes requests to end a run early, from signals for example, and passes them on to whoever drives it.
package final class RunControl: Sendable {
    /// What a run is asked to do.
    package enum Request: Sendable, Hashable {
        /// Start nothing new; what is running may finish within the grace period.
        case stop(reason: String)
        /// Cancel what is running now.
        case cancel
    }

    private struct State {
        var requests: [Request] = []
        var handler: (@Sendable (Request) -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Asks the run to stop; asked for the second time, it cancels what is running.
    package func interrupt(reason: String) {
        let isFirst = state.withLock { $0.requests.isEmpty }
        request(isFirst ? .stop(reason: reason) : .cancel)
    }

    /// Passes a request on; one that comes before the run has begun waits for it.
    package func request(_ request: Request) {
        let handler = state.withLock { state in
            state.requests.append(request)
            return state.handler
        }
        handler?(request)
    }

    /// Whether anything was requested.
    package var wasInterrupted: Bool { state.withLock { !$0.requests.isEmpty } }

    /// Gives `handler` every request, also those that came before, until `detach`.
    func attach(_ handler: @escaping @Sendable (Request) -> Void) {
        let earlier = state.withLock { state in
            state.handler = handler
            return state.requests
        }
        for request in earlier { handler(request) }
    }

    func detach() { state.withLock { $0.handler = nil } }
}
