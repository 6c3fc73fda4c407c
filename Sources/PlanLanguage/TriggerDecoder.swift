internal import CanonicalForm
internal import Diagnostics
internal import Manifests
internal import Schedules
internal import YAMLSource

/// Reads a plan's triggers: when an operation starts by itself.
enum TriggerDecoder {
    static func decode(_ list: LocatedNode?, into diagnostics: inout DiagnosticList) -> [JSONValue] {
        var triggers: [JSONValue] = []
        var firsts: [String: SourceRange] = [:]
        for node in list?.elements ?? [] {
            let reader = FieldReader(node, PlanFields.trigger, into: &diagnostics)
            if let name = reader[0] {
                if name.text.isEmpty {
                    diagnostics.add(
                        Diagnostic(.invalidValue, "the name of a trigger must not be empty", at: name.range))
                } else if let first = firsts[name.text] {
                    diagnostics.add(
                        Diagnostic(
                            .invalidValue, "two triggers are called '\(name.text)'", at: name.range,
                            related: [RelatedPlace(first, "the first is here")]))
                }
                if firsts[name.text] == nil { firsts[name.text] = name.range }
            }
            if let cron = reader.text(1), let fault = CronSchedule.fault(in: cron.value) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(cron.value)' is not a schedule: \(fault)", at: cron.range,
                        notes: ["a schedule is 'minute hour day-of-month month day-of-week', such as \"15 3 * * *\""]))
            }
            if let zone = reader.text(2) { TimeZoneName.check(zone, into: &diagnostics) }
            if let window = reader.text(3), DurationText.seconds(window.value) == nil {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(window.value)' is not a duration", at: window.range,
                        notes: [DurationText.rule]))
            }
            let operations = PlanFields.triggeredOperations
            if let operation = reader.text(4), !operations.contains(operation.value) {
                diagnostics.add(
                    WordChoice.fault("a trigger starts 'protect' or 'verify'", operation, among: operations))
            }
            var trigger = JSONObject()
            for (position, field) in PlanFields.trigger.fields.enumerated() {
                if let text = reader.text(position) { trigger["\(field.name)"] = .string(text.value) }
            }
            triggers.append(.object(trigger))
        }
        return triggers
    }
}

/// Looks at the names of time zones.
private enum TimeZoneName {
    static func check(_ zone: Spanned<String>, into diagnostics: inout DiagnosticList) {
        if TimeZoneDatabase.isZoneName(zone.value) { return }
        diagnostics.add(
            Diagnostic(
                .invalidValue, "'\(zone.value)' is not a time zone", at: zone.range,
                notes: ["time zones are named as in the tz database, such as Europe/Berlin or UTC"]))
    }
}

/// Reads a plan's retention policy: which checkpoints stay.
enum RetentionDecoder {
    static func decode(_ node: LocatedNode?, into diagnostics: inout DiagnosticList) -> JSONObject {
        guard let node else { return JSONObject() }
        let reader = FieldReader(node, PlanFields.retention, into: &diagnostics)
        var policy = JSONObject()
        let counts = PlanFields.retention.fields.dropLast(2).map(\.name)
        for (position, name) in counts.enumerated() {
            guard let value = reader[position], case .integer(let count) = value.scalarValue else { continue }
            if !PlanFields.retentionCounts.contains(count) {
                diagnostics.add(
                    Diagnostic(.invalidValue, "'\(name)' is a number from 1 to 1000000", at: value.range))
            }
            policy["\(name)"] = .integer(count)
        }
        if let age = reader.text(counts.count) {
            if DurationText.seconds(age.value) == nil {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(age.value)' is not a duration", at: age.range, notes: [DurationText.rule]))
            }
            policy["maxAge"] = .string(age.value)
        }
        if let zone = reader.text(counts.count + 1) {
            TimeZoneName.check(zone, into: &diagnostics)
            policy["timezone"] = .string(zone.value)
        }
        return policy
    }
}
