package import CanonicalForm
import PlanIR
import Synchronization

/// The resources of one operation that are one plugin's, each with the parameters that it was protected with.
///
/// Activities of one operation run at the same time, and what they are about may lie in each other. With this a plugin
/// knows of the others without asking them, so that it reaches the same result in any order, also in another process.
package final class OperationScope: Sendable {
    /// One resource of the operation.
    package struct Member: Sendable, Hashable {
        package let resource: ResourceDescription
        /// The parameters under which it is or was protected.
        package let protectParameters: JSONObject

        package init(resource: ResourceDescription, protectParameters: JSONObject) {
            self.resource = resource
            self.protectParameters = protectParameters
        }
    }

    /// The resources, in the order of the IR.
    package let members: [Member]
    private let derived = Mutex<(any Sendable)?>(nil)

    /// The scope of an operation over `members`.
    package init(_ members: [Member] = []) { self.members = members }

    /// What a plugin makes of the members to find its way among them: `make` is called once, the first time.
    package func index<Index: Sendable>(_ make: ([Member]) -> Index) -> Index {
        derived.withLock { derived in
            if let known = derived as? Index { return known }
            let made = make(members)
            derived = made
            return made
        }
    }
}
