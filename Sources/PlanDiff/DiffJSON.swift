internal import CanonicalForm
internal import PlanIR

/// Shows a difference to programs: one JSON object, whose shape `docs/diff.md` and `schemas/diff.schema.json` describe.
package enum DiffJSON {
    /// The version of the shape.
    static let version: Int64 = 1

    /// One line of JSON, ending in a line break.
    package static func render(_ diff: PlanDiff) -> String {
        value(diff).canonicalText + "\n"
    }

    private static func value(_ diff: PlanDiff) -> JSONValue {
        [
            "version": .integer(version),
            "isChanged": .bool(!diff.isEmpty),
            "plan": ["old": text(diff.oldPlan), "new": text(diff.newPlan), "changed": .array(diff.head.map(change))],
            "summary": summary(diff),
            "losses": .array(
                diff.losses.map { loss in
                    [
                        "kind": .string(loss.kind.rawValue), "resources": .array(loss.resources.map { .string($0) }),
                        "message": .string(loss.sentence),
                    ]
                }),
            "resources": [
                "removed": .array(diff.resources.removed.map(resource)),
                "added": .array(diff.resources.added.map(resource)),
                "renamed": .array(
                    diff.renamed.map { ["old": .string($0.old), "new": .string($0.new), "type": .string($0.type)] }),
                "changed": .array(diff.resources.changed.map(resource)),
            ],
            "edges": [
                "removed": .array(diff.edges.removed.map(edge)), "added": .array(diff.edges.added.map(edge)),
            ],
            "provider": diff.provider.map { ["old": provider($0.old), "new": provider($0.new)] } ?? .null,
            "plugins": [
                "removed": .array(diff.plugins.removed.map(plugin)), "added": .array(diff.plugins.added.map(plugin)),
                "changed": .array(diff.plugins.changed.map { ["old": plugin($0.old), "new": plugin($0.new)] }),
            ],
            "triggers": [
                "removed": .array(diff.triggers.removed), "added": .array(diff.triggers.added),
                "changed": .array(
                    diff.triggers.changed.map {
                        ["name": .string($0.name), "changes": .array($0.changes.map(change))]
                    }),
            ],
            "retention": .array(diff.retention.map(change)),
            "settings": .array(diff.settings.map(change)),
            "notifications": [
                "removed": .array(diff.notifications.removed), "added": .array(diff.notifications.added),
                "changed": .array(
                    diff.notifications.changed.map {
                        ["recipient": .string($0.recipient), "changes": .array($0.changes.map(change))]
                    }),
            ],
            "isReordered": .bool(diff.isReordered),
        ]
    }

    private static func summary(_ diff: PlanDiff) -> JSONValue {
        [
            "removed": .integer(Int64(diff.resources.removed.count)),
            "added": .integer(Int64(diff.resources.added.count)),
            "renamed": .integer(Int64(diff.renamed.count)),
            "changed": .integer(Int64(diff.resources.changed.count)),
            "unchanged": .integer(Int64(diff.unchangedCount)),
            "losses": .integer(Int64(diff.losses.count)),
        ]
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private static func change(_ change: ValueChange) -> JSONValue { .object(members(change)) }

    /// A side that has no value has no member.
    private static func members(_ change: ValueChange) -> JSONObject {
        var object: JSONObject = ["path": .array(change.path.map { .string($0) })]
        object["old"] = change.old
        object["new"] = change.new
        if change.isHidden { object["isHidden"] = true }
        return object
    }

    private static func resource(_ resource: PlanDiff.ResourceSummary) -> JSONValue {
        [
            "resource": .string(resource.identity), "type": .string(resource.type), "id": .string(resource.id),
            "name": .string(resource.name), "plugin": .string(resource.plugin),
            "properties": .object(resource.properties), "parents": .array(resource.parents.map { .string($0) }),
            "dependents": .array(resource.dependents.map { .string($0) }),
        ]
    }

    private static func resource(_ resource: PlanDiff.ChangedResource) -> JSONValue {
        [
            "resource": .string(resource.identity), "type": .string(resource.type),
            "changes": .array(
                resource.changes.map { change in
                    var object = members(change.value)
                    switch change.aspect {
                    case .name: object["aspect"] = "name"
                    case .property: object["aspect"] = "property"
                    case .plugin: object["aspect"] = "plugin"
                    case .discovery: object["aspect"] = "discovery"
                    case .parameter(let operation):
                        object["aspect"] = "parameter"
                        object["operation"] = .string(operation.rawValue)
                    case .hooks(let operation):
                        object["aspect"] = "hooks"
                        object["operation"] = .string(operation.rawValue)
                    }
                    return .object(object)
                }),
        ]
    }

    private static func edge(_ edge: PlanDiff.Edge) -> JSONValue {
        ["parent": .string(edge.parent), "dependent": .string(edge.dependent), "isImplied": .bool(edge.isImplied)]
    }

    private static func provider(_ provider: PlanIR.ProviderBinding) -> JSONValue {
        ["name": .string(provider.name), "digest": .string(provider.digest.description)]
    }

    private static func plugin(_ plugin: PlanIR.PluginBinding) -> JSONValue {
        [
            "name": .string(plugin.name), "version": .integer(plugin.version),
            "digest": .string(plugin.digest.description),
        ]
    }
}
