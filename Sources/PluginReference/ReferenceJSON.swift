package import CanonicalForm
internal import Manifests
internal import PlanIR

/// The reference of plugins as JSON.
package enum ReferenceJSON {
    /// `{"version": 1, "types": […], "commonParameters": {…}}`
    package static func document(_ entries: [TypeEntry]) -> JSONValue {
        [
            "version": 1, "types": .array(entries.map { type($0) }),
            "commonParameters": options(CommonParameters.described, isOpen: false),
        ]
    }

    private static func type(_ entry: TypeEntry) -> JSONValue {
        var operations = JSONObject()
        for operation in entry.operations {
            operations[operation.kind.rawValue] = [
                "hooks": .array(operation.support.hooks.map { hook($0) }),
                "parameters": options(operation.support.parameters),
            ]
        }
        var object: JSONObject = [
            "type": .string(entry.type), "plugin": .string(entry.plugin.name),
            "pluginVersion": .integer(entry.plugin.version), "description": .string(entry.support.description),
            "parents": .array(entry.support.parents.map { .string($0) }),
            "properties": options(entry.support.properties), "operations": .object(operations),
        ]
        if let saved = entry.support.savedInfo { object["savedInfo"] = options(saved) }
        if let discovery = entry.support.discovery {
            object["discovery"] = [
                "types": .array(discovery.types.map { .string($0) }),
                "selector": options(entry.selectorOptions, isOpen: discovery.selector.isOpen),
            ]
        }
        object["traits"] = traits(entry.support.traits)
        return .object(object)
    }

    /// The traits by their names in the manifest; those that are not there are left out.
    private static func traits(_ traits: ResourceTraits) -> JSONValue {
        var object = JSONObject()
        if let property = traits.protectedPath { object["protectedPath"] = .string(property) }
        if let parameter = traits.excludePatterns { object["excludePatterns"] = .string(parameter) }
        if let parameter = traits.oneFileSystem { object["oneFileSystem"] = .string(parameter) }
        if let condition = traits.copiedLive {
            let values = condition.values.map { ($0.parameter, JSONValue.array($0.values)) }
            object["copiedLive"] = values.isEmpty ? true : .object(JSONObject(values))
        }
        switch traits.quiesces {
        case .never: break
        case .always: object["quiesces"] = true
        case .withProperty(let property): object["quiesces"] = ["property": .string(property)]
        }
        if traits.savesNothing { object["savesNothing"] = true }
        return .object(object)
    }

    private static func hook(_ presence: PluginManifest.HookPresence) -> JSONValue {
        var object: JSONObject = ["hook": .string(presence.hook.name)]
        if !presence.conditions.isEmpty {
            object["when"] = .object(JSONObject(presence.conditions.map { ($0.parameter, .array($0.values)) }))
        }
        return .object(object)
    }

    private static func options(_ schema: JSONSchema) -> JSONValue {
        options(schema.properties, isOpen: schema.isOpen)
    }

    private static func options(_ properties: [JSONSchema.Property], isOpen: Bool) -> JSONValue {
        let list = properties.map { property -> JSONValue in
            var object: JSONObject = [
                "name": .string(property.name), "type": .string(property.typeSummary),
                "required": .bool(property.isRequired), "secret": .bool(property.isSecret),
                "deprecated": .bool(property.isDeprecated),
                "limits": .array(property.limits.map { .string($0) }),
            ]
            if let text = property.description { object["description"] = .string(text) }
            if let name = property.replacement { object["replacement"] = .string(name) }
            if let value = property.default { object["default"] = value }
            if let allowed = property.allowed { object["allowed"] = .array(allowed) }
            return .object(object)
        }
        return ["options": .array(list), "open": .bool(isOpen)]
    }
}
