package import Manifests
package import YAMLSource

/// The resources that a plan declares, in the order of the text: rows of node numbers over the plan's tree, since a
/// plan can have very many of them. As a collection it gives out each with its texts and places.
package final class ResourceTable: Sendable {
    /// Stands for a resource that is not there.
    package static let none: Int32 = -1

    /// One resource; nodes are numbers of the tree, or `TreeView.none`.
    package struct Row: Sendable {
        package let node: Int32
        package let id: Int32
        package let typeNode: Int32
        /// Number of the type in `types`.
        package let type: Int32
        package let name: Int32
        package let properties: Int32
        let protectParameters: Int32
        let restoreParameters: Int32
        let verifyParameters: Int32
        /// Position of the resource in which it is nested, or `none`.
        package let parent: Int32
        /// Where its `dependsOn` begins in the table's list; it ends where that of the next row begins.
        let firstTarget: Int32

        /// The node of the resource's own parameters.
        package func parameters(_ phase: ParameterPhase) -> Int32 {
            switch phase {
            case .protect: protectParameters
            case .restore: restoreParameters
            case .verify: verifyParameters
            }
        }
    }

    /// A resource that says `discover`.
    package struct DiscoveryRow: Sendable {
        /// Position of the resource.
        package let position: Int32
        /// What it says: `true`, or a mapping.
        package let node: Int32
    }

    package let tree: SyntaxTree
    package let rows: [Row]
    /// The distinct types, in the order of their first use.
    package let types: [String]
    /// Whether there are resources that could not be read: that one is missing may be a consequence.
    package let isIncomplete: Bool
    let targets: [Int32]
    /// Positions of the resources with properties that could not be read.
    let lackingProperties: Set<Int>
    /// The resources that say `discover`, in order.
    package let discoveries: [DiscoveryRow]

    init(
        tree: SyntaxTree, rows: [Row], types: [String], targets: [Int32], isIncomplete: Bool,
        lackingProperties: Set<Int>, discoveries: [DiscoveryRow]
    ) {
        self.tree = tree
        self.rows = rows
        self.types = types
        self.targets = targets
        self.isIncomplete = isIncomplete
        self.lackingProperties = lackingProperties
        self.discoveries = discoveries
    }

    /// The nodes of what a resource names in `dependsOn`; each is a string.
    package func targets(of position: Int) -> ArraySlice<Int32> {
        let end = position + 1 < rows.count ? rows[position + 1].firstTarget : Int32(targets.count)
        return targets[Int(rows[position].firstTarget)..<Int(end)]
    }
}

extension ResourceTable: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { rows.count }
    package subscript(position: Int) -> ResourceDeclaration { ResourceDeclaration(table: self, position: position) }
}

/// One resource as the plan declares it.
package struct ResourceDeclaration: Sendable {
    /// The resources among which it is.
    package let table: ResourceTable
    /// Its position among them.
    package let position: Int

    package init(table: ResourceTable, position: Int) {
        self.table = table
        self.position = position
    }

    private var row: ResourceTable.Row { table.rows[position] }

    private func node(_ number: Int32) -> LocatedNode? { number == TreeView.none ? nil : table.tree.node(number) }

    package var node: LocatedNode { table.tree.node(row.node) }

    package var id: Spanned<String> {
        let node = table.tree.node(row.id)
        return Spanned(node.text, at: node.range)
    }

    package var type: Spanned<String> {
        Spanned(table.types[Int(row.type)], at: table.tree.node(row.typeNode).range)
    }

    package var name: String? { node(row.name)?.text }

    package var properties: LocatedNode? { node(row.properties) }

    /// Whether there are properties that could not be read.
    package var lacksProperties: Bool { table.lackingProperties.contains(position) }

    /// The resource's own parameters for an operation.
    package func parameters(_ phase: ParameterPhase) -> LocatedNode? { node(row.parameters(phase)) }

    /// Position of the resource in which it is nested, if any.
    package var parent: Int32? { row.parent == ResourceTable.none ? nil : row.parent }

    package var dependsOn: [Spanned<String>] {
        table.targets(of: position).map { number in
            let node = table.tree.node(number)
            return Spanned(node.text, at: node.range)
        }
    }

    /// `TYPE#ID`, the resource's identity.
    package var identity: String { "\(type.value)#\(id.value)" }
}
