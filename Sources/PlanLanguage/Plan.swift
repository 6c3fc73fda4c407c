package import CanonicalForm
package import Manifests
package import YAMLSource

/// A plan as its author wrote it, every part with its place.
package struct Plan: Sendable {
    package let node: LocatedNode
    package let name: Spanned<String>
    package let description: String
    package let provider: Spanned<String>
    /// The plan's parameter blocks, by `TYPE` or `TYPE#ID`.
    package let parameters: [ParameterBlock]
    /// The resources in the order of the text; a parent stands before those nested in it.
    package let resources: [ResourceDeclaration]
    package let triggers: [JSONValue]
    package let retention: JSONObject
    /// Whether its triggers start anything.
    package let isEnabled: Bool
}

/// One resource as the plan declares it.
package struct ResourceDeclaration: Sendable {
    package let node: LocatedNode
    package let id: Spanned<String>
    package let type: Spanned<String>
    package let name: String?
    package let properties: LocatedNode?
    /// The resource's own parameters, by `ParameterPhase.rawValue`.
    package let parameters: [LocatedNode?]
    /// Position of the resource in which it is nested, if any.
    package let parent: Int32?
    package let dependsOn: [Spanned<String>]

    /// `TYPE#ID`, the resource's identity.
    package var identity: String { "\(type.value)#\(id.value)" }
}
