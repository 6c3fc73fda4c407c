package import Bank
package import PlanIR
package import PluginKit

/// Something that happened in a run, for whoever shows it.
package enum RunEvent: Sendable {
    /// The run begins, with so many activities that do work and, where known from an earlier run, bytes of content.
    case began(operation: OperationKind, resources: Int, activities: Int, expectedBytes: Int64?)
    case activityStarted(resource: Int, identity: String, hook: Hook)
    case activityFinished(resource: Int, identity: String, hook: Hook)
    /// It was stopped because another one failed, or the whole run was cancelled.
    case activityCancelled(resource: Int, identity: String, hook: Hook)
    case activityFailed(resource: Int, identity: String, hook: Hook, message: String)
    /// All hooks of a resource are done.
    case resourceFinished(resource: Int, identity: String, contentBytes: Int64)
    /// A plugin tells how many bytes of content it will handle.
    case expected(resource: Int, bytes: Int64)
    case advanced(resource: Int, bytes: Int64)
    case warned(resource: Int, identity: String, warning: ActivityWarning)
    case reverting(resources: Int)
    case revertFailed(identity: String, message: String)
    /// A record that the operation can do without is damaged.
    case recordDamaged(BankKey, reason: String)
    /// Something else that an operator should hear of.
    case noticed(String)
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
