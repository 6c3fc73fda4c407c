package import Diagnostics
import Manifests
import PlanIR
package import YAMLSource

/// Reads a plan's document; reports every fault of its shape and gives what could be read.
package enum PlanDecoder {
    /// Decodes the plan in `node`; `nil` when it has no name or provider to go on with.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> Plan? {
        let fields = FieldReader(node, PlanFields.plan, into: &diagnostics)
        if let name = fields.text(2), let fault = NameRules.planFault(name.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(name.value)' is not a plan name", at: name.range, notes: [fault]))
        }
        var blocks: [ParameterBlock] = []
        for phase in ParameterPhase.allCases {
            blocks += ParameterBlock.read(fields[5 + phase.rawValue], phase: phase, into: &diagnostics)
        }
        let resources = decodeResources(fields[8], into: &diagnostics)
        if let list = fields[8], list.count == 0 {
            diagnostics.add(
                Diagnostic(.invalidValue, "a plan without resources protects nothing", at: list.headRange))
        }
        let triggers = TriggerDecoder.decode(fields[9], into: &diagnostics)
        let retention = RetentionDecoder.decode(fields[10], into: &diagnostics)
        guard let name = fields.text(2), let provider = fields.text(4) else { return nil }
        return Plan(
            node: node, name: name, description: fields.text(3)?.value ?? "", provider: provider, parameters: blocks,
            resources: resources, triggers: triggers, retention: retention,
            isEnabled: fields[11]?.scalarValue != .bool(false))
    }

    /// A list of resources still to be read, and in whom it is nested.
    private struct PendingList {
        let list: LocatedNode
        var next: Int
        let parent: Int32?
    }

    /// Walks nested lists without recursion, so that nesting costs no stack.
    private static func decodeResources(
        _ list: LocatedNode?, into diagnostics: inout DiagnosticList
    ) -> [ResourceDeclaration] {
        var resources: [ResourceDeclaration] = []
        guard let list else { return resources }
        resources.reserveCapacity(list.count)
        var stack = [PendingList(list: list, next: 0, parent: nil)]
        while var top = stack.popLast() {
            guard top.next < top.list.count else { continue }
            let node = top.list.element(top.next)
            top.next += 1
            let parent = top.parent
            stack.append(top)
            let fields = FieldReader(node, PlanFields.resource, into: &diagnostics)
            let position = Int32(resources.count)
            let declaration = declaration(fields, parent: parent, into: &diagnostics)
            if let declaration { resources.append(declaration) }
            if let nested = fields[8] {
                // The dependents of a resource that cannot be named still have faults of their own to report.
                stack.append(PendingList(list: nested, next: 0, parent: declaration == nil ? nil : position))
            }
        }
        return resources
    }

    private static func declaration(
        _ fields: FieldReader, parent: Int32?, into diagnostics: inout DiagnosticList
    ) -> ResourceDeclaration? {
        var dependsOn: [Spanned<String>] = []
        for target in fields[7]?.elements ?? [] {
            guard case .string(let text) = target.scalarValue, target.kind == .scalar else {
                diagnostics.add(
                    Diagnostic(
                        .wrongType, "'dependsOn' names resources by id or TYPE#ID, not by \(target.shapeWords)",
                        at: target.headRange))
                continue
            }
            dependsOn.append(Spanned(text, at: target.range))
        }
        guard let id = fields.text(0), let type = fields.text(1) else { return nil }
        if let fault = NameRules.idFault(id.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(id.value)' is not a resource id", at: id.range, notes: [fault]))
        }
        if let fault = NameRules.typeFault(type.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(type.value)' is not a resource type", at: type.range, notes: [fault]))
        }
        return ResourceDeclaration(
            node: fields.node, id: id, type: type, name: fields.text(2)?.value, properties: fields[3],
            parameters: [fields[4], fields[5], fields[6]], parent: parent, dependsOn: dependsOn)
    }
}
