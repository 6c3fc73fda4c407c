import CanonicalForm
import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// What a resource leaves to the dependents that were found below it: lists that an inventory appends to its parameters.
enum LeftParameters {
    /// Appends the lists in `left` to those in `values`; gives the names of the lists, and what does not fit.
    ///
    /// Each list is checked where it stands; with `judgesWhole`, the parameters are checked as they are then, too.
    static func append(
        _ left: LocatedNode, to values: inout JSONObject, of declaration: ResourceDeclaration, _ schema: JSONSchema,
        judgesWhole: Bool
    ) -> (names: [String], faults: [Diagnostic]) {
        let subject = Subject(.parameter, of: declaration.type.value)
        var lists: [(key: LocatedNode, value: LocatedNode)] = []
        var faults: [Diagnostic] = []
        for entry in left.entries {
            let name = entry.key.text
            if CommonParameters.has(name) {
                faults.append(
                    Diagnostic(
                        .inventoryParameter,
                        "an inventory appends lists to parameters, and '\(name)' is none", at: entry.key.range))
                continue
            }
            let present = values[name]
            guard entry.value.kind == .sequence else {
                faults.append(
                    Diagnostic(
                        .inventoryParameter,
                        "an inventory appends lists to parameters, and '\(name)' is \(entry.value.shapeWords)",
                        at: entry.value.range.start == entry.value.range.end ? entry.key.range : entry.value.headRange))
                continue
            }
            if let present, present.arrayValue == nil {
                faults.append(
                    Diagnostic(
                        .inventoryParameter,
                        "the parameter '\(name)' of '\(declaration.identity)' is no list, so that nothing can be "
                            + "appended to it", at: entry.key.range))
                continue
            }
            lists.append(entry)
            values[name] = .array((present?.arrayValue ?? []) + entry.value.elements.map(\.jsonValue))
        }
        let layer = MergedMapping(entries: lists, head: left.headRange)
        faults += schema.validate(.merged(layer), as: subject, partial: true)
        if faults.isEmpty && judgesWhole, let first = lists.first,
            let fault = schema.firstFault(
                in: JSONObject(values.members.filter { !CommonParameters.has($0.key) }.map { ($0.key, $0.value) }),
                as: subject)
        {
            faults.append(
                Diagnostic(
                    .inventoryParameter,
                    "with what is appended here, the parameters of '\(declaration.identity)' do not fit: \(fault)",
                    at: first.key.range))
        }
        return (lists.filter { !$0.value.elements.isEmpty }.map(\.key.text), faults)
    }
}
