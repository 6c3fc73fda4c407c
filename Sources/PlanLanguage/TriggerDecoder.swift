internal import CanonicalForm
internal import Diagnostics
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
            if let cron = reader.text(1), let fault = CronSyntax.fault(in: cron.value) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(cron.value)' is not a schedule: \(fault)", at: cron.range,
                        notes: ["a schedule is 'minute hour day-of-month month day-of-week', such as \"15 2 * * *\""]))
            }
            if let zone = reader.text(2), !isZoneName(zone.value) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(zone.value)' is not a time zone", at: zone.range,
                        notes: ["time zones are named as in the tz database, such as Europe/Berlin or UTC"]))
            }
            if let window = reader.text(3), DurationSyntax.seconds(window.value) == nil {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(window.value)' is not a duration", at: window.range,
                        notes: [DurationSyntax.rule]))
            }
            let operations = PlanFields.triggeredOperations
            if let operation = reader.text(4), !operations.contains(operation.value) {
                let close = Similar.best(for: operation.value, among: operations)
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "a trigger starts 'protect' or 'verify', not '\(operation.value)'",
                        at: operation.range,
                        suggestions: close.map {
                            [
                                Suggestion(
                                    "did you mean '\($0)'?", replacing: operation.range, with: $0,
                                    isCertain: Similar.differInCase($0, operation.value))
                            ]
                        } ?? []))
            }
            var trigger = JSONObject()
            for (position, field) in PlanFields.trigger.fields.enumerated() {
                if let text = reader.text(position) { trigger["\(field.name)"] = .string(text.value) }
            }
            triggers.append(.object(trigger))
        }
        return triggers
    }

    static func isZoneName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return !text.isEmpty
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                            || (byte >= 0x30 && byte <= 0x39) || "_-+".utf8.contains(byte)
                    }
            }
    }
}

/// Reads a plan's retention policy: which checkpoints stay.
enum RetentionDecoder {
    static func decode(_ node: LocatedNode?, into diagnostics: inout DiagnosticList) -> JSONObject {
        guard let node else { return JSONObject() }
        let reader = FieldReader(node, PlanFields.retention, into: &diagnostics)
        var policy = JSONObject()
        let counts = PlanFields.retention.fields.dropLast().map(\.name)
        for (position, name) in counts.enumerated() {
            guard let value = reader[position], case .integer(let count) = value.scalarValue else { continue }
            if !PlanFields.retentionCounts.contains(count) {
                diagnostics.add(
                    Diagnostic(.invalidValue, "'\(name)' is a number from 1 to 1000000", at: value.range))
            }
            policy["\(name)"] = .integer(count)
        }
        if let age = reader.text(counts.count) {
            if DurationSyntax.seconds(age.value) == nil {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(age.value)' is not a duration", at: age.range, notes: [DurationSyntax.rule]))
            }
            policy["maxAge"] = .string(age.value)
        }
        return policy
    }
}

/// Durations such as `30m` or `400d`.
enum DurationSyntax {
    static let rule = "a duration is a whole number with s, m, h, d or w, such as 30m or 400d"

    /// The duration in seconds, `nil` when `text` is none or longer than a thousand years.
    static func seconds(_ text: String) -> Int64? {
        guard let unit = text.last, let count = Int64(text.dropLast()), count > 0, !text.hasPrefix("+") else {
            return nil
        }
        let scale: Int64? =
            switch unit {
            case "s": 1
            case "m": 60
            case "h": 3600
            case "d": 86400
            case "w": 604_800
            default: nil
            }
        guard let scale else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: scale)
        return overflow || seconds > 1000 * 366 * 86400 ? nil : seconds
    }
}

/// The five fields of a cron schedule, as crontab(5) has them.
enum CronSyntax {
    private struct Unit {
        let name: String
        let range: ClosedRange<Int>
        let names: [String]
    }

    private static let units = [
        Unit(name: "minute", range: 0...59, names: []),
        Unit(name: "hour", range: 0...23, names: []),
        Unit(name: "day of month", range: 1...31, names: []),
        Unit(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Unit(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// What is wrong with a schedule, or `nil`.
    static func fault(in text: String) -> String? {
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == units.count else {
            return "it has \(fields.count) field\(fields.count == 1 ? "" : "s") instead of \(units.count)"
        }
        for (field, unit) in zip(fields, units) {
            for item in field.split(separator: ",", omittingEmptySubsequences: false) {
                if let fault = fault(in: item, unit) { return "'\(item)' in the field '\(unit.name)': \(fault)" }
            }
        }
        return nil
    }

    private static func fault(in item: Substring, _ unit: Unit) -> String? {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 2 { return "one '/' at most" }
        if parts.count == 2, Int(parts[1]).map({ $0 >= 1 && $0 <= unit.range.upperBound }) != true {
            return "the step after '/' is 1 to \(unit.range.upperBound)"
        }
        if parts[0] == "*" { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        let values = ends.map { value(of: $0, unit) }
        guard ends.count <= 2, values.allSatisfy({ $0 != nil }) else {
            return "values are \(unit.range.lowerBound) to \(unit.range.upperBound)"
        }
        if values.count == 2, let low = values[0], let high = values[1], low > high { return "the range is backwards" }
        if parts.count == 2 && ends.count == 1 { return "a step needs '*' or a range" }
        return nil
    }

    private static func value(of text: Substring, _ unit: Unit) -> Int? {
        if let position = unit.names.firstIndex(of: text.lowercased()) { return position + unit.range.lowerBound }
        guard let value = Int(text), unit.range.contains(value), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        return value
    }
}

extension CronSyntax {
    /// A regular expression that every schedule matches: five fields. What is in them is left to `fault(in:)`.
    static let pattern = "^[ \\t]*([0-9A-Za-z*,/+-]+[ \\t]+){4}[0-9A-Za-z*,/+-]+[ \\t]*$"
}
