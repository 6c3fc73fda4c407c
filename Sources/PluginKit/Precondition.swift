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
    /// Where a restore would put things, and what is there now; with the first finding about the place.
    package let place: RestorePlace?

    package init(
        _ subject: String, _ state: State, _ finding: String, advice: String = "", bankBytes: Int64? = nil,
        place: RestorePlace? = nil
    ) {
        self.subject = subject
        self.state = state
        self.finding = finding
        self.advice = advice
        self.bankBytes = bankBytes
        self.place = place
    }
}

/// Where a restore would put a resource.
package struct RestorePlace: Sendable, Hashable {
    /// What is there now.
    package enum Content: String, Sendable, CaseIterable {
        /// Nothing; it would be made.
        case absent
        /// It is there, and nothing is in it.
        case empty
        /// It holds something.
        case occupied
        /// That cannot be told.
        case unknown
    }

    /// The place in words, such as a path.
    package let path: String
    package let content: Content
    /// How many bytes would be written there.
    package let bytes: Int64
    /// How many bytes have room there; `nil` where that cannot be told.
    package let room: Int64?
    /// Tells the file systems of a host apart: what goes to the same one shares its room.
    package let fileSystem: UInt64?

    package init(path: String, content: Content, bytes: Int64, room: Int64? = nil, fileSystem: UInt64? = nil) {
        self.path = path
        self.content = content
        self.bytes = bytes
        self.room = room
        self.fileSystem = fileSystem
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
    /// The checkpoint's id, as `ActivityContext` has it; empty in `protect`.
    package let checkpoint: String

    package init(
        resource: ResourceDescription, parameters: JSONObject, protectParameters: JSONObject, target: RestoreTarget,
        definition: JSONObject, scope: OperationScope, checkpoint: String = ""
    ) {
        self.resource = resource
        self.parameters = parameters
        self.protectParameters = protectParameters
        self.target = target
        self.definition = definition
        self.scope = scope
        self.checkpoint = checkpoint
    }
}
