internal import Diagnostics
internal import PlanIR
package import YAMLSource

/// How many activities of a provider may run at the same time.
package struct ConcurrencyLimits: Sendable {
    /// In all; `nil` when the provider leaves it open.
    package let jobs: Int?
    /// With a plugin, by the names of the provider's plugins, in the order of the file.
    package let plugins: [Limit]
    /// Of resources of a type, in the order of the file.
    package let types: [Limit]

    /// How many there may be of what has a name.
    package struct Limit: Sendable {
        package let name: Spanned<String>
        package let count: Int
    }

    /// No limits.
    package static let none = ConcurrencyLimits(jobs: nil, plugins: [], types: [])

    /// Reads the `concurrency` of a provider.
    static func decode(_ node: LocatedNode?, into diagnostics: inout DiagnosticList) -> ConcurrencyLimits {
        guard let node else { return .none }
        let reader = FieldReader(node, RunFields.concurrency, into: &diagnostics)
        let jobs = reader[0].flatMap { count($0, "'jobs'", &diagnostics) }
        let plugins = limits(reader[1], &diagnostics)
        let types = limits(reader[2], &diagnostics)
        for type in types {
            guard let fault = NameRules.typeFault(type.name.value) else { continue }
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "'\(type.name.value)' is not a resource type", at: type.name.range, notes: [fault]))
        }
        return ConcurrencyLimits(
            jobs: jobs, plugins: plugins, types: types.filter { NameRules.typeFault($0.name.value) == nil })
    }

    private static func limits(_ node: LocatedNode?, _ diagnostics: inout DiagnosticList) -> [Limit] {
        var limits: [Limit] = []
        for (key, value) in node?.entries ?? [] where !key.isFaulty && !value.isFaulty {
            guard let count = count(value, "the limit of '\(key.text)'", &diagnostics) else { continue }
            limits.append(Limit(name: Spanned(key.text, at: key.range), count: count))
        }
        return limits
    }

    private static func count(_ node: LocatedNode, _ what: String, _ diagnostics: inout DiagnosticList) -> Int? {
        let range = node.range.start == node.range.end ? node.headRange : node.range
        guard case .integer(let count) = node.scalarValue else {
            diagnostics.add(
                Diagnostic(
                    .wrongType, "\(what) is a whole number, not \(node.shapeWords)", at: range,
                    suggestions: FieldSuggestions.forValue(node, wanted: .integer)))
            return nil
        }
        guard RunFields.counts.contains(count) else {
            diagnostics.add(
                Diagnostic(.invalidValue, "\(what) is a number from 1 to \(RunFields.counts.upperBound)", at: range))
            return nil
        }
        return Int(count)
    }
}
