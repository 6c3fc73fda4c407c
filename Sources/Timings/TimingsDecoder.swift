package import Diagnostics
internal import Manifests
internal import PlanIR
package import YAMLSource

/// The table of fields of a file of timings.
package enum TimingsFields {
    /// A whole file of timings.
    package static let timings = FieldTable(
        "a file of timings", definition: "timings", "How long activities last, for simulations and critical paths.",
        allowsExtensions: true,
        [
            .apiVersion, .kind("Timings"),
            FieldTable.Row("description", .text(), "Where the durations come from, for people."),
            FieldTable.Row(
                "durations", .entries(keys: .activityTarget, values: .text(.exactDuration)), required: true,
                "Durations by HOOK, HOOK:TYPE or HOOK:TYPE#ID; the most specific one counts."),
        ])
}

extension TextRule {
    /// Whom a duration is for.
    package static let activityTarget = TextRule(
        "a hook, HOOK:TYPE or HOOK:TYPE#ID",
        pattern: "^(\(Hook.allCases.map(\.name).joined(separator: "|")))"
            + "(:\(NameRules.typeBody)(#\(NameRules.idBody))?)?$",
        examples: ["main:Host::FileSystem::Directory#uploads", "main:Host::FileSystem::Directory", "prepareFinish"],
        fault: { ActivityTimings.Target.fault(in: $0) })

    /// How long something lasts, to the nanosecond.
    package static let exactDuration = TextRule(
        "a duration", pattern: ExactDuration.pattern, examples: ["42.5s", "10m", "500ms"],
        fault: { ExactDuration.nanoseconds($0) == nil ? ExactDuration.rule : nil })
}

extension ActivityTimings.Target {
    /// Reads `HOOK`, `HOOK:TYPE` or `HOOK:TYPE#ID`; `nil` for all else.
    package init?(_ text: String) {
        guard Self.fault(in: text) == nil, let hook = Self.parts(of: text).hook.flatMap(Hook.init(name:)) else {
            return nil
        }
        let (_, type, id) = Self.parts(of: text)
        self.init(hook: hook, type: type, resource: type.flatMap { type in id.map { "\(type)#\($0)" } })
    }

    static func fault(in text: String) -> String? {
        let (hook, type, id) = parts(of: text)
        guard let hook, Hook(name: hook) != nil else {
            return "a duration is for a hook: one of \(Hook.allCases.map(\.name).joined(separator: ", "))"
        }
        return type.flatMap(NameRules.typeFault) ?? id.flatMap(NameRules.idFault)
    }

    /// What stands before the first colon, before the first `#` behind it, and behind that.
    private static func parts(of text: String) -> (hook: String?, type: String?, id: String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return (parts.first, nil, nil) }
        let identity = parts[1].split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], identity.first, identity.count == 2 ? identity[1] : nil)
    }
}

/// Reads files of timings.
package enum TimingsDecoder {
    /// Decodes a document of kind `Timings`; what has a fault is reported and passed over.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> ActivityTimings {
        var timings = ActivityTimings()
        let fields = FieldReader(node, TimingsFields.timings, into: &diagnostics)
        for (key, value) in fields[3]?.entries ?? [] where !key.isFaulty && !value.isFaulty {
            let target = ActivityTimings.Target(key.text)
            if target == nil { diagnostics.add(targetFault(key)) }
            guard let duration = duration(value, for: key, into: &diagnostics), let target else { continue }
            timings.set(target, to: duration)
        }
        return timings
    }

    private static func targetFault(_ key: LocatedNode) -> Diagnostic {
        let text = key.text
        let hooks = Hook.allCases.map(\.name)
        var suggestions: [Suggestion] = []
        if TextRule.parameterTarget.fault(text) == nil {
            suggestions = [Suggestion("write 'main:\(text)'", replacing: key.range, with: "main:\(text)")]
        } else if let hook = Similar.best(for: String(text.prefix { $0 != ":" }), among: hooks) {
            let better = hook + text.drop { $0 != ":" }
            if ActivityTimings.Target.fault(in: better) == nil {
                suggestions = [Suggestion("did you mean '\(better)'?", replacing: key.range, with: better)]
            }
        }
        return Diagnostic(
            .invalidValue, "'\(text)' is not whom a duration can be for", at: key.range,
            notes: [ActivityTimings.Target.fault(in: text) ?? "write HOOK, HOOK:TYPE or HOOK:TYPE#ID"],
            suggestions: suggestions)
    }

    private static func duration(
        _ value: LocatedNode, for key: LocatedNode, into diagnostics: inout DiagnosticList
    ) -> Int64? {
        if value.kind == .scalar, case .string(let text) = value.scalarValue {
            if let duration = ExactDuration.nanoseconds(text) { return duration }
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "'\(text)' is not a duration", at: value.range.isEmpty ? key.range : value.range,
                    notes: [ExactDuration.rule + "; the longest is a hundred years"]))
            return nil
        }
        var suggestions: [Suggestion] = []
        if case .integer(let number) = value.scalarValue, number >= 0 {
            suggestions = [Suggestion("write '\(number)s' for seconds", replacing: value.range, with: "\(number)s")]
        }
        diagnostics.add(
            Diagnostic(
                .wrongType, "the duration of '\(key.text)' is text, not \(value.shapeWords)",
                at: value.range.isEmpty ? key.range : value.headRange, notes: [ExactDuration.rule],
                suggestions: suggestions))
        return nil
    }
}

extension SourceRange {
    fileprivate var isEmpty: Bool { start == end }
}
