/// What becomes of the rest of a run when an activity fails.
package enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
    /// Nothing new is started.
    case stop
    /// All that does not wait for what failed is run.
    case `continue`

    /// The policy of a plan that names none.
    package static let standard = FailurePolicy.stop
}
