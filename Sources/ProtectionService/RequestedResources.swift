package import Diagnostics
import Engine
package import PlanIR

/// Why what the command line asks of a checkpoint cannot be done; nothing was begun.
package enum RequestError: Error, Sendable, CustomStringConvertible {
    /// `--only` names a resource that the checkpoint does not have.
    case unknownResource(String, suggestion: String?, there: [String])
    /// `--only` gives an id that several resources have.
    case ambiguousResource(String, [String])
    /// `--set` is not `key=value`.
    case notAnAssignment(String)
    /// What `--set` gives is not one value.
    case notAValue(String)
    /// `--set` names a type or a resource that does not take part.
    case unknownTarget(String, argument: String, suggestion: String?)
    /// `--set` gives a parameter that no resource has.
    case unknownParameter(String, argument: String, suggestion: String?, there: [String])
    /// The values do not fit the plugins' schemas.
    case faulty(DiagnosticList, SourceMap)

    package var description: String {
        switch self {
        case .unknownResource(let text, let suggestion, let there):
            "--only: the checkpoint has no resource '\(text)'" + Self.hint(suggestion)
                + (there.isEmpty ? "" : "; it has " + Self.list(there))
        case .ambiguousResource(let text, let identities):
            "--only: '\(text)' is the id of \(identities.count) resources; write one of \(Self.list(identities))"
        case .notAnAssignment(let text):
            "--set: '\(text)' is not KEY=VALUE, TYPE.KEY=VALUE or TYPE#ID.KEY=VALUE"
        case .notAValue(let name):
            "--set \(name): what stands behind '=' is not one YAML or JSON value; a text with marks wants quotes, such as "
                + "--set '\(name)=\"#1\"'"
        case .unknownTarget(let target, let argument, let suggestion):
            "--set \(argument): nothing that is asked for is '\(target)'" + Self.hint(suggestion)
        case .unknownParameter(let key, let argument, let suggestion, let there):
            "--set \(argument): no resource that is asked for has a parameter '\(key)'" + Self.hint(suggestion)
                + (there.isEmpty ? "; none of them has any" : "; there are " + Self.list(there))
        case .faulty(let faults, _):
            "the parameters do not fit: " + faults.sorted.map(\.message).joined(separator: "; ")
        }
    }

    private static func hint(_ suggestion: String?) -> String { suggestion.map { "; did you mean '\($0)'?" } ?? "" }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
}

extension PlanIR {
    /// The positions of the resources that `--only` names, by `TYPE#ID` or an unambiguous id, with all their dependents;
    /// `nil` when nothing is named, which means all.
    package func resources(named texts: [String]) throws(RequestError) -> [Int]? {
        guard !texts.isEmpty else { return nil }
        var positions: [Int] = []
        for text in texts {
            if let position = resources.firstIndex(where: { $0.identity == text }) {
                positions.append(position)
                continue
            }
            let same = resources.indices.filter { resources[$0].id == text }
            guard same.count < 2 else {
                throw .ambiguousResource(text, same.map { resources[$0].identity })
            }
            guard let position = same.first else {
                let names = text.contains("#") ? resources.map(\.identity) : resources.map(\.id)
                throw .unknownResource(
                    text, suggestion: Similar.best(for: text, among: names), there: resources.map(\.identity))
            }
            positions.append(position)
        }
        return withDependents(positions)
    }
}
