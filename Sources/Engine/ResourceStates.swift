import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Synchronization

/// What is known of each resource while an operation runs.
///
/// Activities of one resource never run at the same time, but their plugins report from any thread.
final class ResourceStates: Sendable {
    struct State: Sendable {
        /// What the hooks of `protect` have returned so far, or what the checkpoint has of them.
        var definition = JSONObject()
        var isDefinitionLoaded = false
        /// The artifacts that the definition names.
        var artifacts: [DefinitionRecord.Artifact] = []
        var warnings = WarningList()
        var contentBytes: Int64 = 0
        /// How many hooks with work have not finished.
        var hooksLeft = 0
        /// How many of those have failed for good, or will never run.
        var hooksGivenUp = 0
        /// What is to be said of the attempts at the present hook that were tried again.
        var retried: [ActivityWarning] = []
        /// How long the last attempt at each hook took, -1 where none has ended.
        var milliseconds: [Int64] = []
        /// How often each hook was tried in this run.
        var attemptCounts = SIMD4<UInt16>()
        /// What must be undone.
        var undo: JSONObject?
        /// Whether this restore has begun to change the place of the resource, in this epoch or an earlier one.
        var isPlaceTaken = false
        /// Whether anything of it was begun, in this epoch or an earlier one, that may have changed something.
        var isBegun = false
        /// Whether what its note said was undone by a revert.
        var isUndone = false
        /// Whether it was tried to undo it while the rest of the run went on, and why that failed, if it did.
        var earlyRevert: (wasTried: Bool, failure: ResourceFailure?) = (false, nil)
        /// The hook that failed, and why.
        var failure: (hook: Hook, message: String)?
    }

    private let states: Mutex<[State]>
    /// The resources of which a hook was called, in the order of their first one.
    private let started: Mutex<StartOrder>

    private struct StartOrder {
        var resources: [Int] = []
        var seen: [Bool]
    }

    init(hooksPerResource: [Int]) {
        let blank = [Int64](repeating: -1, count: Hook.allCases.count)
        states = Mutex(
            hooksPerResource.map {
                var state = State()
                state.hooksLeft = $0
                state.milliseconds = blank
                return state
            })
        started = Mutex(StartOrder(seen: [Bool](repeating: false, count: hooksPerResource.count)))
    }

    func read(_ resource: Int) -> State { states.withLock { $0[resource] } }

    func read<Value: Sendable>(_ resource: Int, _ value: (State) -> Value) -> Value {
        states.withLock { value($0[resource]) }
    }

    @discardableResult
    func update<Result: Sendable>(_ resource: Int, _ body: (inout State) -> Result) -> Result {
        states.withLock { body(&$0[resource]) }
    }

    /// Takes in what a hook has left behind. Returns how many hooks are left, and the bytes of content so far.
    @discardableResult
    func take(_ result: HookResult, of hook: Hook, _ resource: Int) -> (hooksLeft: Int, contentBytes: Int64) {
        update(resource) { state in
            for member in result.saved.members { state.definition[member.key] = member.value }
            if !result.artifacts.isEmpty {
                let new = Set(result.artifacts.map(\.summary.name))
                state.artifacts.removeAll { new.contains($0.summary.name) }
                state.artifacts += result.artifacts
            }
            state.warnings.add(result.warnings)
            state.contentBytes += result.contentBytes
            state.milliseconds[Int(hook.rawValue)] = result.milliseconds
            state.hooksLeft -= 1
            return (state.hooksLeft, state.contentBytes)
        }
    }

    /// Takes note that a hook of a resource is about to be called.
    func markStarted(_ resource: Int) {
        started.withLock { order in
            guard !order.seen[resource] else { return }
            order.seen[resource] = true
            order.resources.append(resource)
        }
    }

    /// The resources of which a hook was called, in the order of their first one.
    var startOrder: [Int] { started.withLock { $0.resources } }

    var all: [State] { states.withLock { $0 } }
}
