/// The layer that gave a resolved parameter its value, the later ones winning.
package enum ParameterOrigin: String, Sendable, Hashable, CaseIterable {
    /// The default in the plugin's schema.
    case schema = "default"
    /// The provider's block for the type.
    case provider
    /// The provider's block for the resource.
    case providerResource = "provider-resource"
    /// The plan's block for the type.
    case plan
    /// The plan's block for the resource.
    case planResource = "plan-resource"
    /// The resource itself.
    case resource
    /// What a discovery leaves to the dependents that it found.
    case inventory

    /// The layer in words, such as `the plan's parameters of the type`.
    package var words: String {
        switch self {
        case .schema: "the plugin's default"
        case .provider: "the provider's parameters of the type"
        case .providerResource: "the provider's parameters of the resource"
        case .plan: "the plan's parameters of the type"
        case .planResource: "the plan's parameters of the resource"
        case .resource: "the resource itself"
        case .inventory: "the inventory"
        }
    }
}
