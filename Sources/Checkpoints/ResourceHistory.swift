package import CanonicalForm
package import PlanIR

/// What a journal says of one resource.
package struct ResourceHistory: Sendable, Hashable {
    /// What became of one hook.
    package struct HookHistory: Sendable, Hashable {
        /// How often it was begun.
        package var attempts = 0
        /// What it left behind, when it did its work.
        package var result: HookResult?
        /// Why it failed for good, when it did.
        package var failure: String?
        /// The attempts that failed and were tried again.
        package var retries: [Retry] = []
        /// When its last attempt began and ended.
        package var started: Timestamp?
        package var ended: Timestamp?
        /// Whether it was begun and nothing says that it ended.
        package var isOpen = false

        /// A hook that was never begun.
        package init() {}
    }

    /// An attempt that failed, and behind which another one came.
    package struct Retry: Sendable, Hashable {
        package let attempt: Int
        package let message: String
    }

    /// The hooks in their order.
    package var hooks = [HookHistory](repeating: HookHistory(), count: Hook.allCases.count)
    /// The note of what must be undone.
    package var undo: JSONObject?
    /// Why reverting failed, when it did.
    package var revertFailure: String?
    package var wasReverted = false
    /// Whether there was ever a note of what must be undone.
    package var hadNote = false
    /// What hooks that failed have warned of.
    package var failedWarnings = WarningList()
    /// The position of the resource's first event, for undoing in reverse order; `nil` when nothing of it began.
    package var firstEvent: Int?

    /// Nothing is known of it.
    package init() {}

    package subscript(hook: Hook) -> HookHistory {
        get { hooks[Int(hook.rawValue)] }
        set { hooks[Int(hook.rawValue)] = newValue }
    }

    /// The events that tell a later epoch of the attempts at a hook that were tried again.
    package func retried(_ hook: Hook, _ resource: Int, at time: Timestamp) -> [JournalEvent] {
        self[hook].retries.flatMap { retry in
            [
                JournalEvent(resource: resource, hook: hook, time: time, .started(attempt: retry.attempt)),
                JournalEvent(resource: resource, hook: hook, time: time, .retrying(message: retry.message)),
            ]
        }
    }

    /// What is known of each of `count` resources after `events`.
    package static func of(_ events: [JournalEvent], resources count: Int) -> [ResourceHistory] {
        var histories = [ResourceHistory](repeating: ResourceHistory(), count: count)
        for (position, event) in events.enumerated() where event.resource < count {
            histories[event.resource].take(event, at: position)
        }
        return histories
    }

    /// The resources with something to be undone, by their positions, the last begun first.
    package static func due(_ histories: [ResourceHistory]) -> [Int] {
        histories.indices.filter { histories[$0].undo != nil }
            .sorted { (histories[$0].firstEvent ?? 0) > (histories[$1].firstEvent ?? 0) }
    }

    private mutating func take(_ event: JournalEvent, at position: Int) {
        firstEvent = firstEvent ?? position
        switch event.change {
        case .undo(let note):
            undo = note
            hadNote = true
        case .undone: undo = nil
        case .reverted:
            undo = nil
            wasReverted = true
            revertFailure = nil
        case .revertFailed(let message): revertFailure = message
        case .started, .finished, .adopted, .retrying, .failed, .cancelled, .progress:
            guard let hook = event.hook else { return }
            if case .failed(_, let warnings) = event.change { failedWarnings = warnings }
            self[hook].take(event)
        }
    }
}

extension ResourceHistory.HookHistory {
    fileprivate mutating func take(_ event: JournalEvent) {
        switch event.change {
        case .started(let attempt):
            attempts = max(attempts + 1, attempt)
            isOpen = true
            result = nil
            failure = nil
            started = event.time
            ended = nil
            return
        case .finished(let result), .adopted(let result): self.result = result
        case .failed(let message, _): failure = message
        case .retrying(let message): retries.append(ResourceHistory.Retry(attempt: attempts, message: message))
        case .cancelled: break
        case .undo, .undone, .reverted, .revertFailed, .progress: return
        }
        isOpen = false
        ended = event.time
    }
}
