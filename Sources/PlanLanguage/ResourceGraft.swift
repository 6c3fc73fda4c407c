package import YAMLSource

extension ResourceTable {
    /// The resources of this table with those that were found, as if each were nested, last, in the one that was asked.
    ///
    /// `owners` has the position of the resource of each entry, or `none`; `tree` is the plan's with that of the inventory
    /// grafted. Numbers of the plan's nodes stay as they are, positions of resources change.
    package func grafting(_ entries: [Inventory.Entry], owners: [Int32], onto tree: SyntaxTree) -> ResourceTable {
        var graft = ResourceGraft(self, tree)
        let ends = subtreeEnds
        // Where two end together, the inner one's dependents come first.
        let order = entries.indices.filter { owners[$0] != ResourceTable.none && !entries[$0].dependents.isEmpty }
            .sorted { a, b in
                let (left, right) = (owners[a], owners[b])
                return (ends[Int(left)], -left) < (ends[Int(right)], -right)
            }
        var next = 0
        for position in 0...rows.count {
            while next < order.count, ends[Int(owners[order[next]])] == Int32(position) {
                graft.add(entries[order[next]].dependents, below: owners[order[next]], before: position)
                next += 1
            }
            if position < rows.count { graft.keep(position) }
        }
        return graft.table
    }

    /// For each resource the position behind all that is nested in it.
    private var subtreeEnds: [Int32] {
        var ends = rows.indices.map { Int32($0) + 1 }
        for position in rows.indices.reversed() {
            let parent = rows[position].parent
            if parent != ResourceTable.none && ends[Int(parent)] < ends[position] {
                ends[Int(parent)] = ends[position]
            }
        }
        return ends
    }

    /// Whether a resource was found and not declared.
    package func isFound(_ position: Int) -> Bool { tree.isGrafted(rows[position].node) }
}

/// Puts together the table of resources declared and found.
private struct ResourceGraft {
    private let declared: ResourceTable
    private let tree: SyntaxTree
    private var rows: [ResourceTable.Row] = []
    private var types: [String]
    private var numbers: [String: Int32] = [:]
    private var lackingProperties: Set<Int> = []
    private var discoveries: [ResourceTable.DiscoveryRow] = []
    private var nextDiscovery = 0
    /// The new position of each declared resource.
    private var moved: [Int32] = []

    init(_ declared: ResourceTable, _ tree: SyntaxTree) {
        self.declared = declared
        self.tree = tree
        types = declared.types
        for (number, type) in types.enumerated() { numbers[type] = Int32(number) }
        rows.reserveCapacity(declared.rows.count)
        moved.reserveCapacity(declared.rows.count)
    }

    var table: ResourceTable {
        ResourceTable(
            tree: tree, rows: rows, types: types, targets: declared.targets, isIncomplete: declared.isIncomplete,
            lackingProperties: lackingProperties, discoveries: discoveries)
    }

    mutating func keep(_ position: Int) {
        let row = declared.rows[position]
        let new = Int32(rows.count)
        moved.append(new)
        if declared.lackingProperties.contains(position) { lackingProperties.insert(rows.count) }
        if nextDiscovery < declared.discoveries.count,
            Int(declared.discoveries[nextDiscovery].position) == position
        {
            discoveries.append(
                ResourceTable.DiscoveryRow(position: new, node: declared.discoveries[nextDiscovery].node))
            nextDiscovery += 1
        }
        rows.append(
            ResourceTable.Row(
                node: row.node, id: row.id, typeNode: row.typeNode, type: row.type, name: row.name,
                properties: row.properties, protectParameters: row.protectParameters,
                restoreParameters: row.restoreParameters, verifyParameters: row.verifyParameters,
                parent: row.parent == ResourceTable.none ? row.parent : moved[Int(row.parent)],
                firstTarget: row.firstTarget))
    }

    /// Adds what was found below the declared resource `owner`, before the declared one at `position`.
    mutating func add(_ dependents: [Inventory.Dependent], below owner: Int32, before position: Int) {
        let parent = moved[Int(owner)]
        // They name no dependents of their own.
        let firstTarget =
            position < declared.rows.count ? declared.rows[position].firstTarget : Int32(declared.targets.count)
        let offset = tree.firstGraftedNode
        func grafted(_ node: Int32) -> Int32 { node == TreeView.none ? node : node + offset }
        tree.withView { view in
            var lastType = TreeView.none
            var lastNumber: Int32 = 0
            for dependent in dependents {
                let type = grafted(dependent.type)
                if lastType == TreeView.none || !ByteTexts.equal(view.bytes(type), view.bytes(lastType)) {
                    lastNumber = number(ofType: tree.node(type).text)
                    lastType = type
                }
                if dependent.lacksProperties { lackingProperties.insert(rows.count) }
                rows.append(
                    ResourceTable.Row(
                        node: grafted(dependent.node), id: grafted(dependent.id), typeNode: type, type: lastNumber,
                        name: grafted(dependent.name), properties: grafted(dependent.properties),
                        protectParameters: TreeView.none, restoreParameters: TreeView.none,
                        verifyParameters: TreeView.none, parent: parent, firstTarget: firstTarget))
            }
        }
    }

    private mutating func number(ofType type: String) -> Int32 {
        if let known = numbers[type] { return known }
        let number = Int32(types.count)
        types.append(type)
        numbers[type] = number
        return number
    }
}
