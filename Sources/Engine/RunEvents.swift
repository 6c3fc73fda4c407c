package import Bank
package import PlanIR
package import PluginKit

/// The activity that an event is about.
package struct EventActivity: Sendable, Hashable {
    /// The resource's position in the IR.
    package let resource: Int
    /// `TYPE#ID`
    package let identity: String
    package let hook: Hook

    package init(resource: Int, identity: String, hook: Hook) {
        self.resource = resource
        self.identity = identity
        self.hook = hook
    }
}

/// What is known when a run begins.
package struct RunBeginning: Sendable, Hashable {
    package var operation: OperationKind
    /// The id of the operation's record; for `protect` and `delete` that is the checkpoint's.
    package var id: String
    package var checkpoint: String
    package var plan: String
    package var provider: String
    /// The epoch of a protect run, counted from 1: a resume has a later one.
    package var epoch: UInt32
    package var resources: Int
    /// How many resources the plan has, where only some of them take part: events name them by their positions in it.
    package var positions: Int?
    /// How many activities do work, those included that a resumed run adopts.
    package var activities: Int
    /// How many activities run at a time.
    package var jobs: Int
    /// Where known from an earlier run, bytes of content in all.
    package var expectedBytes: Int64?
    /// Where known from earlier runs, how long the run will last, in nanoseconds.
    package var expectedNanoseconds: Int64?

    package init(
        operation: OperationKind, id: String, checkpoint: String, plan: String, provider: String, epoch: UInt32 = 1,
        resources: Int, activities: Int, jobs: Int, expectedBytes: Int64? = nil, expectedNanoseconds: Int64? = nil
    ) {
        self.operation = operation
        self.id = id
        self.checkpoint = checkpoint
        self.plan = plan
        self.provider = provider
        self.epoch = epoch
        self.resources = resources
        self.activities = activities
        self.jobs = jobs
        self.expectedBytes = expectedBytes
        self.expectedNanoseconds = expectedNanoseconds
    }
}

/// Something that happened in a run, for whoever shows it.
package enum RunEvent: Sendable {
    case began(RunBeginning)
    /// An earlier epoch had finished it, and it is not run again.
    case activityAdopted(EventActivity)
    case activityStarted(EventActivity, attempt: Int)
    case activityFinished(EventActivity)
    /// It failed and will be tried again after so many nanoseconds.
    case activityRetrying(EventActivity, attempt: Int, message: String, delay: Int64)
    /// It was stopped because another one failed, or the whole run was cancelled.
    case activityCancelled(EventActivity)
    case activityFailed(EventActivity, message: String)
    /// All hooks of a resource are done.
    case resourceFinished(resource: Int, identity: String, contentBytes: Int64)
    /// A plugin tells how many bytes of content it will handle.
    case expected(resource: Int, bytes: Int64)
    case advanced(resource: Int, bytes: Int64)
    case warned(resource: Int, identity: String, warning: ActivityWarning)
    /// Something must be undone from now on, or no longer.
    case undoRegistered(identity: String)
    case undoDischarged(identity: String)
    /// Nothing new starts any more; what is running may finish.
    case stopping(reason: String)
    case reverting(resources: Int)
    case reverted(identity: String)
    case revertFailed(identity: String, message: String)
    /// A record that the operation can do without is damaged.
    case recordDamaged(BankKey, reason: String)
    /// Something else that an operator should hear of.
    case noticed(String)
    /// The outcome is recorded: `available`, `error`, `success`, `fail`, `deleted` or `error-deleting`.
    case ended(status: String, failures: Int, warnings: Int64)
}

/// Takes the events of a run. Calls are quick and come from any thread.
package protocol RunObserver: Sendable {
    /// Whether a person watches, for whom plugins should estimate how much there is to do.
    var wantsEstimate: Bool { get }
    func observe(_ event: RunEvent)
}

extension RunObserver {
    package var wantsEstimate: Bool { false }
}

/// An observer that does not look.
package struct SilentObserver: RunObserver {
    package init() {}
    package func observe(_ event: RunEvent) {}
}

/// Several observers as one.
package struct ObserverGroup: RunObserver {
    private let observers: [any RunObserver]

    package init(_ observers: [any RunObserver]) { self.observers = observers }

    package var wantsEstimate: Bool { observers.contains { $0.wantsEstimate } }
    package func observe(_ event: RunEvent) { for observer in observers { observer.observe(event) } }
}
