import PlanIR
import Schedules
package import YAMLSource

extension TextRule {
    /// The name of a plan.
    package static let planName = TextRule(
        "a plan name", pattern: NameRules.namePattern, examples: ["shop"], fault: NameRules.planFault)

    /// The name of a provider.
    package static let providerName = TextRule(
        "a provider name", pattern: NameRules.namePattern, examples: ["local"], fault: NameRules.planFault)

    /// The type of a resource.
    package static let resourceType = TextRule(
        "a resource type", pattern: NameRules.typePattern, maximumLength: NameRules.maximumTypeLength,
        examples: ["Host::FileSystem::Directory"], fault: NameRules.typeFault)

    /// The id of a resource.
    package static let resourceID = TextRule(
        "a resource id", pattern: NameRules.idPattern, examples: ["uploads"], fault: NameRules.idFault)

    /// `TYPE` or `TYPE#ID`: whom parameters are for.
    package static let parameterTarget = TextRule(
        "a resource type, or TYPE#ID", pattern: "^\(NameRules.typeBody)(#\(NameRules.idBody))?$",
        examples: ["Host::FileSystem::Directory", "Host::FileSystem::Directory#uploads"],
        fault: { target in
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return NameRules.typeFault(parts[0]) ?? (parts.count > 1 ? NameRules.idFault(parts[1]) : nil)
        })

    /// An id or `TYPE#ID`: on whom a resource depends.
    package static let dependency = TextRule(
        "a resource id, or TYPE#ID", pattern: "^(\(NameRules.typeBody)#)?\(NameRules.idBody)$",
        examples: ["shopdb", "Host::FileSystem::Directory#uploads"],
        fault: { target in
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 1 { return NameRules.idFault(parts[0]) }
            return NameRules.typeFault(parts[0]) ?? NameRules.idFault(parts[1])
        })

    /// `TYPE#ID`: one resource.
    package static let identity = TextRule(
        "TYPE#ID, the identity of a resource", pattern: "^\(NameRules.typeBody)#\(NameRules.idBody)$",
        examples: ["Host::FileSystem::Directory#uploads"],
        fault: { identity in
            guard let mark = identity.firstIndex(of: "#") else { return "an identity is TYPE#ID" }
            return NameRules.typeFault(String(identity[..<mark]))
                ?? NameRules.idFault(String(identity[identity.index(after: mark)...]))
        })

    /// A duration such as `30m`.
    package static let duration = TextRule(
        "a duration", pattern: "^0*[1-9][0-9]*[smhdw]$", examples: ["30m", "400d"],
        fault: { DurationText.seconds($0) == nil ? DurationText.rule : nil })

    /// A type that a plugin takes, or `*` for every type.
    package static let typeOrAny = TextRule(
        "a resource type, or *", pattern: "^(\\*|\(NameRules.typeBody))$",
        examples: ["Host::FileSystem::Directory", "*"],
        fault: { $0 == PluginManifest.anyType ? nil : NameRules.typeFault($0) })
}

extension FieldTable.Row {
    /// The row of `apiVersion`, which every document has first.
    package static let apiVersion = FieldTable.Row(
        "apiVersion", .constant("cairn/v1"), required: true, "The version of the format.")

    /// The row of `kind`.
    package static func kind(_ kind: StaticString) -> FieldTable.Row {
        FieldTable.Row("kind", .constant(kind), required: true, "What the document is.")
    }

    /// The rows of parameter blocks, by the phases in order.
    package static let parameterBlocks = [
        FieldTable.Row("parameters", .parameterBlock, "Parameters for protect, by TYPE or TYPE#ID."),
        FieldTable.Row("restoreParameters", .parameterBlock, "Parameters for restore, by TYPE or TYPE#ID."),
        FieldTable.Row("verifyParameters", .parameterBlock, "Parameters for verify, by TYPE or TYPE#ID."),
    ]
}

extension FieldRule {
    /// A mapping of targets to parameters.
    package static let parameterBlock = FieldRule.entries(keys: .parameterTarget, values: .parameters)
}
