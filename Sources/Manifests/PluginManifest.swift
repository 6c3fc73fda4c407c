package import CanonicalForm
package import Diagnostics
package import PlanIR
package import YAMLSource

/// What a plugin offers: its resource types with their properties, parameters and hooks. It is all that the compiler
/// knows of a plugin.
package struct PluginManifest: Sendable {
    /// The type that stands for every type.
    package static let anyType = "*"

    package let name: String
    package let version: Int64
    package let description: String
    package let resourceTypes: [ResourceType]
    private let source: LocatedNode

    fileprivate init(
        name: String, version: Int64, description: String, resourceTypes: [ResourceType], source: LocatedNode
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.resourceTypes = resourceTypes
        self.source = source
    }

    /// The digest of the manifest's file; an IR is bound to it. It is made when it is asked for: whoever only checks
    /// needs none.
    package var digest: SHA256Digest { SHA256Digest(of: source.tree.text.bytes) }

    /// Whether the plugin takes every resource type.
    package var takesEveryType: Bool { resourceTypes.contains { $0.type == Self.anyType } }

    /// What the plugin says of a resource type, its own entry before the one for every type.
    package func resourceType(_ type: String) -> ResourceType? {
        resourceTypes.first { $0.type == type } ?? resourceTypes.first { $0.type == Self.anyType }
    }

    /// One resource type of a plugin.
    package struct ResourceType: Sendable {
        package let type: String
        package let description: String
        /// The types of which it may be a dependent; `*` for any.
        package let parents: [String]
        package let properties: JSONSchema
        /// By `OperationKind.index`.
        package let operations: [OperationSupport]
        package let savedInfo: JSONSchema?
        package let traits: ResourceTraits
        /// What dependents the plugin finds by itself; `nil` when it finds none.
        package let discovery: Discovery?

        /// Whether a resource of this type may be a dependent of one of type `parent`.
        package func allows(parent: String) -> Bool {
            parents.contains { $0 == parent || $0 == PluginManifest.anyType }
        }
    }

    /// What a plugin does in one operation.
    package struct OperationSupport: Sendable {
        package let hooks: [HookPresence]
        package let parameters: JSONSchema

        /// Whether the plugin has work in `hook`, given the resource's protect parameters.
        package func isActive(_ hook: Hook, protectParameters: JSONObject) -> Bool {
            hooks.contains { $0.hook == hook && $0.holds(protectParameters) }
        }
    }

    /// A hook that a plugin implements, always or only for some values of the protect parameters.
    package struct HookPresence: Sendable {
        package let hook: Hook
        /// All of these parameters must have one of these values.
        package let conditions: [(parameter: String, values: [JSONValue])]

        func holds(_ parameters: JSONObject) -> Bool {
            conditions.allSatisfy { condition in
                parameters[condition.parameter].map { condition.values.contains($0) } ?? false
            }
        }
    }
}

/// What a bank plugin is called and how it is configured.
package struct BankManifest: Sendable {
    package let name: String
    package let description: String
    package let config: JSONSchema
    /// The setting that names the directory in which the bank keeps its data, if it keeps it in one.
    package let storagePath: String?
}

/// Reads plugin and bank manifests.
package enum PluginManifestDecoder {
    /// Reads the manifest of a plugin; `nil` when it has no name or version to go on with.
    package static func decodePlugin(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> PluginManifest? {
        let reader = FieldReader(node, PluginFields.plugin, into: &diagnostics)
        var types: [PluginManifest.ResourceType] = []
        for element in reader[5]?.elements ?? [] {
            if let type = resourceType(element, into: &diagnostics) { types.append(type) }
        }
        guard let name = reader.text(2), case .integer(let version)? = reader[3]?.scalarValue else { return nil }
        return PluginManifest(
            name: name.value, version: version, description: reader.text(4)?.value ?? "", resourceTypes: types,
            source: node)
    }

    /// Reads the manifest of a bank; `nil` when it has no name or settings to go on with.
    package static func decodeBank(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> BankManifest? {
        let reader = FieldReader(node, PluginFields.bank, into: &diagnostics)
        guard let name = reader.text(2), let config = reader[4] else { return nil }
        let schema = JSONSchema(compiling: config, into: &diagnostics)
        return BankManifest(
            name: name.value, description: reader.text(3)?.value ?? "", config: schema,
            storagePath: TraitsDecoder.storagePath(reader[5], config: schema, into: &diagnostics))
    }

    private static func resourceType(
        _ node: LocatedNode, into diagnostics: inout DiagnosticList
    ) -> PluginManifest.ResourceType? {
        let reader = FieldReader(node, PluginFields.resourceType, into: &diagnostics)
        guard let type = reader.text(0), let operationsNode = reader[4] else { return nil }
        let operations = FieldReader(operationsNode, PluginFields.operations, into: &diagnostics)
        var supports: [PluginManifest.OperationSupport] = []
        for position in PluginFields.operations.fields.indices {
            if let support = operations[position] {
                supports.append(operation(support, into: &diagnostics))
            } else if PluginFields.operations.fields[position].isRequired {
                return nil
            } else {
                supports.append(PluginManifest.OperationSupport(hooks: [], parameters: JSONSchema.nothing))
            }
        }
        let properties = reader[3].map { JSONSchema(compiling: $0, into: &diagnostics) } ?? JSONSchema.anything
        return PluginManifest.ResourceType(
            type: type.value, description: reader.text(1)?.value ?? "",
            parents: reader[2].map { $0.elements.map(\.text) } ?? [PluginManifest.anyType],
            properties: properties, operations: supports,
            savedInfo: reader[5].map { JSONSchema(compiling: $0, into: &diagnostics) },
            traits: TraitsDecoder.decode(
                reader[6], properties: properties, parameters: supports[OperationKind.protect.index].parameters,
                into: &diagnostics),
            discovery: reader[7].flatMap { DiscoveryDecoder.decode($0, into: &diagnostics) })
    }

    private static func operation(
        _ node: LocatedNode, into diagnostics: inout DiagnosticList
    ) -> PluginManifest.OperationSupport {
        let reader = FieldReader(node, PluginFields.operation, into: &diagnostics)
        var hooks: [PluginManifest.HookPresence] = []
        for element in reader[0]?.elements ?? [] {
            var nameNode = element
            var conditions: [(parameter: String, values: [JSONValue])] = []
            if element.kind == .mapping {
                let hook = FieldReader(element, PluginFields.hook, into: &diagnostics)
                guard let name = hook[0] else { continue }
                nameNode = name
                conditions = (hook[1]?.entries ?? []).map { ($0.key.text, $0.value.elements.map(\.jsonValue)) }
            }
            guard let hook = Hook(name: nameNode.text) else {
                diagnostics.add(
                    Diagnostic(.invalidValue, "there is no hook '\(nameNode.text)'", at: nameNode.headRange))
                continue
            }
            hooks.append(PluginManifest.HookPresence(hook: hook, conditions: conditions))
        }
        let parameters = reader[1].map { JSONSchema(compiling: $0, into: &diagnostics) } ?? JSONSchema.nothing
        CommonParameters.checkNotDeclared(parameters, at: reader[1], into: &diagnostics)
        return PluginManifest.OperationSupport(hooks: hooks, parameters: parameters)
    }
}
