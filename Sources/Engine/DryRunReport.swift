package import Checkpoints
package import PlanIR
package import PluginKit

/// What an operation would do, and what it needs that is not as it should be.
package struct DryRunReport: Sendable {
    /// One thing that was looked at.
    package struct Finding: Sendable, Hashable {
        /// `TYPE#ID`, or empty where it is about the whole operation.
        package let resource: String
        package let precondition: Precondition

        package init(resource: String = "", _ precondition: Precondition) {
            self.resource = resource
            self.precondition = precondition
        }
    }

    package let operation: OperationKind
    package let plan: String
    package let provider: String
    /// The checkpoint that would be restored, verified or deleted.
    package let checkpoint: CheckpointID?
    package let resources: Int
    /// The activities in the order in which they would run one after the other.
    package let activities: [EventActivity]
    /// What was looked at: what is about the whole operation first, then the resources in the order of their first
    /// activities.
    package let findings: [Finding]
    /// How many bytes would be written into the bank, where that can be guessed.
    package let bankBytes: Int64?

    /// How many findings are in a state.
    package func count(_ state: Precondition.State) -> Int {
        findings.reduce(0) { $0 + ($1.precondition.state == state ? 1 : 0) }
    }
}
