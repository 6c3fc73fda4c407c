import Diagnostics
import Manifests
import PlanIR
import YAMLSource

/// Reads a plan's resources, however many and however nested, into a table.
struct ResourceDecoder {
    private let tree: SyntaxTree
    private let view: TreeView
    private var reader: FieldReader
    private var rows: [ResourceTable.Row] = []
    private var targets: [Int32] = []
    private var types = TextIndex()
    /// What is wrong with each distinct type.
    private var typeFaults: [String?] = []
    private var isIncomplete: Bool
    private var lackingProperties: Set<Int> = []
    private var discoveries: [ResourceTable.DiscoveryRow] = []

    /// Reads the sequence `list` of `tree`; with `isUnread` there is something that could not be read in its place.
    static func decode(
        _ list: LocatedNode?, isUnread: Bool, in tree: SyntaxTree, into diagnostics: inout DiagnosticList
    ) -> ResourceTable {
        tree.withView { view in
            var decoder = ResourceDecoder(tree: tree, view: view, isIncomplete: isUnread)
            if let list { decoder.walk(list.index, into: &diagnostics) }
            return ResourceTable(
                tree: tree, rows: decoder.rows, types: (0..<Int32(decoder.types.count)).map { decoder.types[$0] },
                targets: decoder.targets, isIncomplete: decoder.isIncomplete,
                lackingProperties: decoder.lackingProperties, discoveries: decoder.discoveries)
        }
    }

    private init(tree: SyntaxTree, view: TreeView, isIncomplete: Bool) {
        self.tree = tree
        self.view = view
        self.isIncomplete = isIncomplete
        reader = FieldReader(of: PlanFields.resource, in: tree)
    }

    /// A list of resources still to be read, and in whom it is nested.
    private struct PendingList {
        let list: Int32
        let parent: Int32
        var next: Int
    }

    /// Walks nested lists without recursion, so that nesting costs no stack.
    private mutating func walk(_ list: Int32, into diagnostics: inout DiagnosticList) {
        rows.reserveCapacity(view.count(list))
        targets.reserveCapacity(view.count(list))
        var stack = [PendingList(list: list, parent: ResourceTable.none, next: 0)]
        while let top = stack.last {
            guard top.next < view.count(top.list) else {
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].next += 1
            reader.read(view.element(top.list, top.next), in: view, into: &diagnostics)
            let position = Int32(rows.count)
            let isDeclared = declare(parent: top.parent, into: &diagnostics)
            if !isDeclared || reader.isUnread(8) { isIncomplete = true }
            let nested = reader.number(8)
            if nested != TreeView.none {
                // The dependents of a resource that cannot be named still have faults of their own to report.
                stack.append(PendingList(list: nested, parent: isDeclared ? position : ResourceTable.none, next: 0))
            }
        }
    }

    /// Takes in the resource that was read, unless it lacks what names it.
    private mutating func declare(parent: Int32, into diagnostics: inout DiagnosticList) -> Bool {
        let firstTarget = Int32(targets.count)
        let list = reader.number(7)
        if list != TreeView.none { takeTargets(list, into: &diagnostics) }
        let discovers = reader.number(9) != TreeView.none && discovers(reader.number(9), into: &diagnostics)
        let id = reader.number(0)
        let type = reader.number(1)
        guard id != TreeView.none, type != TreeView.none else {
            targets.removeLast(targets.count - Int(firstTarget))
            return false
        }
        if !NameRules.isID(view.bytes(id)) { reportID(id, into: &diagnostics) }
        if reader.isUnread(3) { lackingProperties.insert(rows.count) }
        if discovers {
            discoveries.append(ResourceTable.DiscoveryRow(position: Int32(rows.count), node: reader.number(9)))
        }
        rows.append(
            ResourceTable.Row(
                node: reader.node.index, id: id, typeNode: type, type: checkedType(type, into: &diagnostics),
                name: reader.number(2), properties: reader.number(3), protectParameters: reader.number(4),
                restoreParameters: reader.number(5), verifyParameters: reader.number(6), parent: parent,
                firstTarget: firstTarget))
        return true
    }

    private mutating func takeTargets(_ list: Int32, into diagnostics: inout DiagnosticList) {
        for position in 0..<view.count(list) {
            let target = view.element(list, position)
            if view.isString(target) {
                targets.append(target)
                continue
            }
            let node = tree.node(target)
            if node.isFaulty { continue }
            diagnostics.add(
                Diagnostic(
                    .wrongType, "'dependsOn' names resources by id or TYPE#ID, not by \(node.shapeWords)",
                    at: node.headRange))
        }
    }

    /// Whether the value of `discover` asks for dependents; anything but true, false and a mapping is reported.
    private func discovers(_ value: Int32, into diagnostics: inout DiagnosticList) -> Bool {
        if view.kind(value) == .mapping { return true }
        let node = tree.node(value)
        if node.kind == .scalar, case .bool(let discovers) = node.scalarValue { return discovers }
        diagnostics.add(
            Diagnostic(
                .wrongType, "'discover' of a resource is true or a mapping, not \(node.shapeWords)",
                at: node.range.start == node.range.end ? reader.key(9)?.range ?? node.range : node.headRange))
        return false
    }

    private func reportID(_ node: Int32, into diagnostics: inout DiagnosticList) {
        let id = tree.node(node)
        guard let fault = NameRules.idFault(id.text) else { return }
        diagnostics.add(Diagnostic(.invalidValue, "'\(id.text)' is not a resource id", at: id.range, notes: [fault]))
    }

    /// The number of a type, whose name is checked when it comes first and reported wherever it stands.
    private mutating func checkedType(_ node: Int32, into diagnostics: inout DiagnosticList) -> Int32 {
        let (number, isNew) = types.insert(view.bytes(node))
        if isNew { typeFaults.append(NameRules.typeFault(types[number])) }
        if let fault = typeFaults[Int(number)] {
            let type = tree.node(node)
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(type.text)' is not a resource type", at: type.range, notes: [fault]))
        }
        return number
    }
}
