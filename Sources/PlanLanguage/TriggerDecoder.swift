internal import CanonicalForm
internal import Diagnostics
internal import Schedules
internal import YAMLSource

/// Reads a plan's triggers: when an operation starts by itself.
enum TriggerDecoder {
    private static let fields = [
        Field("name", .text, required: true), Field("cron", .text, required: true), Field("timezone", .text),
        Field("window", .text), Field("operation", .text, required: true),
    ]

    static func decode(_ list: LocatedNode?, into diagnostics: inout DiagnosticList) -> [JSONValue] {
        var triggers: [JSONValue] = []
        var names: [(name: String, node: LocatedNode)] = []
        for node in list?.elements ?? [] {
            let reader = FieldReader(node, as: "a trigger", fields, into: &diagnostics)
            if let name = reader[0] {
                if let first = names.first(where: { $0.name == name.text }) {
                    diagnostics.add(
                        Diagnostic(
                            .invalidValue, "two triggers are called '\(name.text)'", at: name.range,
                            related: [RelatedPlace(first.node.range, "the first is here")]))
                }
                names.append((name.text, name))
            }
            if let cron = reader.text(1), let fault = scheduleFault(cron.value) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(cron.value)' is not a schedule: \(fault)", at: cron.range,
                        notes: ["a schedule is 'minute hour day-of-month month day-of-week', such as \"15 3 * * *\""]))
            }
            if let zone = reader.text(2), !TimeZoneDatabase.isZoneName(zone.value) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(zone.value)' is not a time zone", at: zone.range,
                        notes: ["time zones are named as in the tz database, such as Europe/Berlin or UTC"]))
            }
            if let window = reader.text(3), DurationText.seconds(window.value) == nil {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(window.value)' is not a duration", at: window.range,
                        notes: [DurationText.rule]))
            }
            if let operation = reader.text(4), !["protect", "verify"].contains(operation.value) {
                let close = Similar.best(for: operation.value, among: ["protect", "verify"])
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "a trigger starts 'protect' or 'verify', not '\(operation.value)'",
                        at: operation.range,
                        suggestions: close.map {
                            [Suggestion("did you mean '\($0)'?", replacing: operation.range, with: $0)]
                        } ?? []))
            }
            var trigger = JSONObject()
            for (position, field) in fields.enumerated() {
                if let text = reader.text(position) { trigger["\(field.name)"] = .string(text.value) }
            }
            triggers.append(.object(trigger))
        }
        return triggers
    }

    private static func scheduleFault(_ text: String) -> CronFault? {
        do { _ = try CronSchedule(text) } catch { return error }
        return nil
    }
}

/// Reads a plan's retention policy: which checkpoints stay.
enum RetentionDecoder {
    private static let counts: [StaticString] = [
        "keepLast", "keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly", "maxCheckpoints",
    ]
    private static let fields = counts.map { Field($0, .integer) } + [Field("maxAge", .text)]

    static func decode(_ node: LocatedNode?, into diagnostics: inout DiagnosticList) -> JSONObject {
        guard let node else { return JSONObject() }
        let reader = FieldReader(node, as: "a retention policy", fields, into: &diagnostics)
        var policy = JSONObject()
        for (position, name) in counts.enumerated() {
            guard let value = reader[position], case .integer(let count) = value.scalarValue else { continue }
            if count < 1 || count > 1_000_000 {
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
        return policy
    }
}
