package import CanonicalForm
package import PlanIR

/// A plugin that protects resources of the types that its manifest names.
///
/// The engine calls only the hooks that the manifest lists for the operation and the resource's parameters. Each call
/// is one activity: it may be repeated after a crash, under a new epoch, and must then reach the same result.
/// Everything a hook needs comes in its context, and what it wants to be remembered goes through the context into
/// the bank. A hook reports failure by throwing `PluginError`; it must not block the cooperative pool.
package protocol ProtectionPlugin: Sendable {
    /// The name in the plugin manifest.
    var name: String { get }

    /// Whether a restore takes its place (`context.place`) before it changes anything there: then one that was never taken
    /// is known to be untouched.
    var takesPlaces: Bool { get }
    /// Whether and how a rehearsal can prove a resource by restoring it into a directory of its own.
    func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay

    /// Runs one hook of `protect`; what it returns is merged into the resource's protection definition, key by key.
    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject
    /// Runs one hook of `restore`.
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws
    /// Runs one hook of `verify`; throws when what was saved could not be restored.
    func verify(_ hook: Hook, _ context: ActivityContext) async throws
    /// Runs one hook of `delete`: removes what the plugin keeps outside of the bank. The artifacts in the bank are
    /// removed by the executor.
    func delete(_ hook: Hook, _ context: ActivityContext) async throws
    /// Runs one hook of `copy`: brings what the plugin keeps outside of the bank to where a copy of the checkpoint
    /// can use it. The artifacts in the bank are copied by the executor.
    func copy(_ hook: Hook, _ context: ActivityContext) async throws
    /// Undoes what the hooks of a failed or cancelled operation have changed outside of the bank. Called once for
    /// every resource of which any hook had started, even after cancellation; and after a crash, possibly by another
    /// process on another host, for every resource with an undo note that is due (`context.undo.due`). What was undone
    /// already, or never done, is no failure.
    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws
    /// Checks what an operation on a resource needs, without changing anything: for dry runs. Everything that it looked
    /// at is told, also what is as it should be.
    func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition]
    /// Checks what the plugin needs of the host, whatever the resource, without changing anything.
    func hostPreconditions() async -> [Precondition]
}

extension ProtectionPlugin {
    package var takesPlaces: Bool { false }
    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        .verified(reason: "the plugin '\(name)' restores to the original place only")
    }
    package func delete(_ hook: Hook, _ context: ActivityContext) async throws {}
    package func copy(_ hook: Hook, _ context: ActivityContext) async throws {}
    package func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {}
    package func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition] { [] }
    package func hostPreconditions() async -> [Precondition] { [] }
}

/// The resource that an activity is about, as the IR has it.
package struct ResourceDescription: Sendable, Hashable {
    package let type: String
    package let id: String
    package let name: String
    package let properties: JSONObject

    package init(type: String, id: String, name: String, properties: JSONObject) {
        self.type = type
        self.id = id
        self.name = name
        self.properties = properties
    }

    /// What an IR says of a resource.
    package init(_ resource: PlanIR.Resource) {
        self.init(type: resource.type, id: resource.id, name: resource.name, properties: resource.properties)
    }

    /// `TYPE#ID`, the resource's identity.
    package var identity: String { "\(type)#\(id)" }
}

/// Where a restore puts things.
package struct RestoreTarget: Sendable, Hashable {
    /// The directory below which everything goes, by its original absolute path; `nil` for the original place.
    package let directory: String?
    /// Whether what exists may be replaced.
    package let overwrite: Bool
    /// Whether it is restored to prove that it can be, and thrown away then.
    package let isRehearsal: Bool

    package init(directory: String?, overwrite: Bool, isRehearsal: Bool = false) {
        self.directory = directory
        self.overwrite = overwrite
        self.isRehearsal = isRehearsal
    }
}

/// What every activity is given.
package struct ActivityContext: Sendable {
    /// The resource.
    package let resource: ResourceDescription
    /// The parameters of this operation, resolved and checked.
    package let parameters: JSONObject
    /// The parameters under which the checkpoint was protected; equal to `parameters` in `protect`.
    package let protectParameters: JSONObject
    /// The checkpoint's id.
    package let checkpoint: String
    /// The protection definition: what the hooks of `protect` have returned so far, or in full for other operations.
    package let definition: JSONObject
    /// The resource's artifacts in this checkpoint; read-only in `restore` and `verify`.
    package let artifacts: any ArtifactStore
    /// Takes progress and warnings.
    package let reporter: any ActivityReporter
    /// The resources of this operation that are this plugin's, with this one.
    package let scope: OperationScope
    /// Takes note of what must be undone.
    package let undo: any UndoNotes
    /// Takes note that a restore begins to change its place.
    package let place: any PlaceNote
    /// Which attempt at this hook it is, counted from 1, those before a crash included.
    package let attempt: Int
    /// Whether an earlier attempt at this hook was cut off by a crash, so that what it had begun may be half done.
    package let wasInterrupted: Bool

    package init(
        resource: ResourceDescription, parameters: JSONObject, protectParameters: JSONObject, checkpoint: String,
        definition: JSONObject, artifacts: any ArtifactStore, reporter: any ActivityReporter,
        scope: OperationScope = OperationScope(), undo: any UndoNotes = NoUndoNotes(),
        place: any PlaceNote = NoPlaceNote(), attempt: Int = 1, wasInterrupted: Bool = false
    ) {
        self.resource = resource
        self.parameters = parameters
        self.protectParameters = protectParameters
        self.checkpoint = checkpoint
        self.definition = definition
        self.artifacts = artifacts
        self.reporter = reporter
        self.scope = scope
        self.undo = undo
        self.place = place
        self.attempt = attempt
        self.wasInterrupted = wasInterrupted
    }
}

/// Takes what an activity has to say while it runs. Every call is quick and may come from any thread.
package protocol ActivityReporter: Sendable {
    /// Whether someone looks who would like to know how long it will take: then an estimate may cost a little.
    var wantsEstimate: Bool { get }
    /// How many bytes of content the activity will handle in all, as soon as that is known or guessed.
    func expect(bytes: Int64)
    /// So many more bytes of content have been handled.
    func advance(bytes: Int64)
    /// Something is not as it should be, but the activity goes on; kept in the checkpoint's or operation's record.
    func warn(_ warning: ActivityWarning)
}

extension ActivityReporter {
    package var wantsEstimate: Bool { false }
}

/// Something an operator must hear of although the activity went on.
package struct ActivityWarning: Sendable, Hashable {
    /// What kind it is, in kebab case, such as `changed-while-read`.
    package let kind: String
    /// What it is about, such as a path within the resource.
    package let subject: String
    /// A sentence for people.
    package let message: String

    package init(kind: String, subject: String, message: String) {
        self.kind = kind
        self.subject = subject
        self.message = message
    }
}

/// Why a hook could not do its work.
package struct PluginError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, with the thing it is about.
    package let reason: String
    /// What the reader can do about it, if that is known.
    package let advice: String?
    /// Whether the same hook may succeed when it is tried again a little later: only then is it retried.
    package let isTransient: Bool

    package init(_ reason: String, advice: String? = nil, isTransient: Bool = false) {
        self.reason = reason
        self.advice = advice
        self.isTransient = isTransient
    }

    package var description: String { advice.map { "\(reason); \($0)" } ?? reason }
}

/// A hook was cancelled and has stopped, as with `CancellationError`, and has something to say of where it stood: what a
/// program had said last, for instance.
package struct ActivityStopped: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
