package import CanonicalForm
internal import Checkpoints
internal import PlanIR
internal import PluginKit

extension RunReport {
    /// The report for programs, as `cairn checkpoints show --output json` prints it and notifications carry it
    /// (docs/reports.md).
    package var json: JSONObject {
        var object = facts
        if let origin { object["origin"] = origin.json }
        if let next { object["next"] = .string(next) }
        if let annotations { for member in Self.json(annotations).members { object[member.key] = member.value } }
        guard let request else { return object }
        object["target"] = request.target.map { .string($0) } ?? .null
        object["overwrite"] = .bool(request.overwrite)
        object["only"] = .array(request.only.map { .string($0) })
        object["parameters"] = .array(request.parameters.map(\.json))
        object["beginnings"] = .integer(Int64(request.beginnings))
        object["resume"] = request.next.map { .string($0) } ?? .null
        return object
    }

    private var facts: JSONObject {
        [
            "version": 1, "operation": .string(operation.rawValue), "id": .string(id),
            "checkpoint": .string(checkpoint), "plan": .string(plan), "provider": text(provider),
            "created": text(operation == .protect ? started?.description : nil), "started": text(started?.description),
            "finished": text(finished?.description), "milliseconds": number(milliseconds), "status": .string(status),
            "message": .string(note.isEmpty ? failures.first?.description ?? "" : note),
            "contentBytes": .integer(contentBytes ?? 0), "storedBytes": .integer(storedBytes ?? 0),
            "warnings": .integer(warningCount),
            "failures": .array(
                failures.map {
                    ["resource": .string($0.resource), "hook": .string($0.hook), "message": .string($0.message)]
                }), "faults": .array(faults.map { .string($0) }), "resources": .array(resources.map(\.json)),
        ]
    }

    private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    private func number(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }
}

extension RunReport.Resource {
    var json: JSONValue {
        var json = facts
        if let place { json["place"] = .string(place) }
        return .object(json)
    }

    private var facts: JSONObject {
        [
            "resource": .string(identity), "status": .string(status), "hook": .string(hook),
            "message": .string(message),
            "milliseconds": .object(
                JSONObject(durations.map { ($0.hook.name, .integer($0.milliseconds)) })),
            "contentBytes": contentBytes.map { .integer($0) } ?? .null,
            "storedBytes": storedBytes.map { .integer($0) } ?? .null, "plugin": plugin.map { .string($0) } ?? .null,
            "definition": definition.map { .object($0) } ?? .null,
            "artifacts": .array(
                artifacts.map {
                    [
                        "name": .string($0.name), "size": .integer($0.size),
                        "digest": .string($0.digest.description),
                    ]
                }), "warningCount": .integer(warningCount),
            "warnings": .array(
                warnings.map {
                    ["kind": .string($0.kind), "subject": .string($0.subject), "message": .string($0.message)]
                }),
        ]
    }
}
