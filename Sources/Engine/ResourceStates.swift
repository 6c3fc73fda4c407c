import CanonicalForm
import Checkpoints
import PluginKit
import Synchronization

/// What is known of each resource while an operation runs.
///
/// Activities of one resource never run at the same time, but their plugins report from any thread.
final class ResourceStates: Sendable {
    struct State: Sendable {
        var definition = JSONObject()
        var isDefinitionLoaded = false
        var record: DefinitionRecord?
        var recordBytes: [UInt8]?
        var warnings = WarningList()
        var contentBytes: Int64 = 0
        var hooksLeft = 0
    }

    private let states: Mutex<[State]>
    /// The resources of which a hook was called, in the order of their first one.
    private let started = Mutex<StartOrder>(StartOrder())

    private struct StartOrder {
        var resources: [Int] = []
        var seen: Set<Int> = []
    }

    init(hooksPerResource: [Int]) {
        states = Mutex(
            hooksPerResource.map {
                var state = State()
                state.hooksLeft = $0
                return state
            })
    }

    func read(_ resource: Int) -> State { states.withLock { $0[resource] } }

    @discardableResult
    func update<Result: Sendable>(_ resource: Int, _ body: (inout State) -> Result) -> Result {
        states.withLock { body(&$0[resource]) }
    }

    /// Takes note that a hook of a resource is about to be called.
    func markStarted(_ resource: Int) {
        started.withLock { order in
            if order.seen.insert(resource).inserted { order.resources.append(resource) }
        }
    }

    /// The resources of which a hook was called, in the order of their first one.
    var startOrder: [Int] { started.withLock { $0.resources } }

    var all: [State] { states.withLock { $0 } }
}

/// Passes on what an activity reports, with the resource it is about.
struct ResourceReporter: ActivityReporter {
    let resource: Int
    let identity: String
    let states: ResourceStates
    let observer: any RunObserver

    var wantsEstimate: Bool { observer.wantsEstimate }

    func expect(bytes: Int64) { observer.observe(.expected(resource: resource, bytes: bytes)) }

    func advance(bytes: Int64) {
        states.update(resource) { $0.contentBytes += bytes }
        observer.observe(.advanced(resource: resource, bytes: bytes))
    }

    func warn(_ warning: ActivityWarning) {
        states.update(resource) { $0.warnings.add(warning) }
        observer.observe(.warned(resource: resource, identity: identity, warning: warning))
    }
}
