package import CanonicalForm

/// One thing that an operation needs, and whether it is as it should be.
package struct Precondition: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        /// It is as it should be.
        case met
        /// The operation may still succeed, but someone should look.
        case doubtful
        /// The operation would fail.
        case unmet
    }

    /// What was looked at, in a few words, such as `the directory /srv/shop`.
    package let subject: String
    package let state: State
    /// What was found, as the rest of a sentence about the subject, such as `can be read`.
    package let finding: String
    /// What the reader can do about it; empty when it is met.
    package let advice: String
    /// How many bytes the operation will write into the bank because of it, where that can be guessed.
    package let bankBytes: Int64?

    package init(
        _ subject: String, _ state: State, _ finding: String, advice: String = "", bankBytes: Int64? = nil
    ) {
        self.subject = subject
        self.state = state
        self.finding = finding
        self.advice = advice
        self.bankBytes = bankBytes
    }
}

/// What a plugin is given to check the preconditions of an operation on a resource.
package struct PreconditionContext: Sendable {
    package let resource: ResourceDescription
    /// The parameters of this operation, resolved and checked.
    package let parameters: JSONObject
    /// The parameters under which the checkpoint was protected; equal to `parameters` in `protect`.
    package let protectParameters: JSONObject
    /// Where a restore would put things.
    package let target: RestoreTarget
    /// The protection definition; empty in `protect`.
    package let definition: JSONObject
    /// The resources of this operation that are this plugin's, with this one.
    package let scope: OperationScope

    package init(
        resource: ResourceDescription, parameters: JSONObject, protectParameters: JSONObject, target: RestoreTarget,
        definition: JSONObject, scope: OperationScope
    ) {
        self.resource = resource
        self.parameters = parameters
        self.protectParameters = protectParameters
        self.target = target
        self.definition = definition
        self.scope = scope
    }
}
