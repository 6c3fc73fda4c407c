package import Diagnostics
import Manifests
import PlanIR
package import YAMLSource

/// What plugins found below the resources of a plan, as `cairn inventory` wrote it down.
package struct Inventory: Sendable {
    package let node: LocatedNode
    /// The name of the plan that it is for.
    package let plan: Spanned<String>
    /// The name of the provider whose plugins were asked.
    package let provider: Spanned<String>
    package let entries: [Entry]
    /// Whether there are entries that could not be read: that one is missing may be a consequence.
    package let isIncomplete: Bool

    /// What was found below one resource.
    package struct Entry: Sendable {
        package let node: LocatedNode
        /// The resource that was asked, as `TYPE#ID`.
        package let resource: Spanned<String>
        /// Its properties then.
        package let properties: LocatedNode
        /// What was asked for.
        package let selector: LocatedNode
        /// What is appended to its lists of parameters for protect.
        package let parameters: LocatedNode?
        /// The sequence of what was found.
        package let list: LocatedNode
        package let dependents: [Dependent]
    }

    /// One dependent that was found; nodes are numbers of the inventory's tree, or `TreeView.none`.
    package struct Dependent: Sendable {
        package let node: Int32
        package let id: Int32
        package let type: Int32
        package let name: Int32
        package let properties: Int32
        /// Whether there are properties that could not be read.
        package let lacksProperties: Bool
    }
}

/// Reads an inventory's document; reports every fault of its shape and gives what could be read.
package enum InventoryDecoder {
    /// Decodes the inventory in `node`; `nil` when it has no plan or provider to go on with.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> Inventory? {
        let fields = FieldReader(node, InventoryFields.inventory, into: &diagnostics)
        for (position, noun) in [(2, "plan"), (3, "provider")] {
            guard let name = fields.text(position), let fault = NameRules.planFault(name.value) else { continue }
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(name.value)' is not a \(noun) name", at: name.range, notes: [fault]))
        }
        var entries: [Inventory.Entry] = []
        var first: [String: SourceRange] = [:]
        var isIncomplete = fields.isUnread(4)
        for element in fields[4]?.elements ?? [] {
            guard let entry = entry(element, into: &diagnostics) else {
                isIncomplete = true
                continue
            }
            let identity = entry.resource.value
            if let earlier = first.updateValue(entry.resource.range, forKey: identity) {
                first[identity] = earlier
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "the resource '\(identity)' is here twice", at: entry.resource.range,
                        related: [RelatedPlace(earlier, "it is here first")]))
                continue
            }
            entries.append(entry)
        }
        guard let plan = fields.text(2), let provider = fields.text(3) else { return nil }
        return Inventory(node: node, plan: plan, provider: provider, entries: entries, isIncomplete: isIncomplete)
    }

    private static func entry(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> Inventory.Entry? {
        let fields = FieldReader(node, InventoryFields.entry, into: &diagnostics)
        if let resource = fields.text(0), let fault = TextRule.identity.fault(resource.value) {
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "'\(resource.value)' does not name a resource", at: resource.range,
                    notes: [fault]))
        }
        guard let resource = fields.text(0), let properties = fields[1], let selector = fields[2], let list = fields[4]
        else {
            // What stands below has faults of its own to report.
            if let list = fields[4] { _ = dependents(list, into: &diagnostics) }
            return nil
        }
        return Inventory.Entry(
            node: node, resource: resource, properties: properties, selector: selector, parameters: fields[3],
            list: list, dependents: dependents(list, into: &diagnostics))
    }

    private static func dependents(
        _ list: LocatedNode, into diagnostics: inout DiagnosticList
    ) -> [Inventory.Dependent] {
        let tree = list.tree
        return tree.withView { view in
            var reader = FieldReader(of: InventoryFields.dependent, in: tree)
            var dependents: [Inventory.Dependent] = []
            dependents.reserveCapacity(view.count(list.index))
            var lastType = TreeView.none
            for position in 0..<view.count(list.index) {
                reader.read(view.element(list.index, position), in: view, into: &diagnostics)
                let type = reader.number(0)
                let id = reader.number(1)
                guard type != TreeView.none, id != TreeView.none else { continue }
                // Mostly all are of one type.
                let isKnown = lastType != TreeView.none && ByteTexts.equal(view.bytes(type), view.bytes(lastType))
                if !isKnown {
                    check(tree.node(type), "a resource type", NameRules.typeFault, into: &diagnostics)
                    lastType = type
                }
                if !NameRules.isID(view.bytes(id)) {
                    check(tree.node(id), "a resource id", NameRules.idFault, into: &diagnostics)
                }
                dependents.append(
                    Inventory.Dependent(
                        node: reader.node.index, id: id, type: type, name: reader.number(2),
                        properties: reader.number(3), lacksProperties: reader.isUnread(3)))
            }
            return dependents
        }
    }

    private static func check(
        _ node: LocatedNode, _ what: String, _ rule: (String) -> String?, into diagnostics: inout DiagnosticList
    ) {
        guard let fault = rule(node.text) else { return }
        diagnostics.add(
            Diagnostic(.invalidValue, "'\(node.text)' is not \(what)", at: node.range, notes: [fault]))
    }
}
