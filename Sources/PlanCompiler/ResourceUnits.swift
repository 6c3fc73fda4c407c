package import Diagnostics
package import PlanIR
package import PlanLanguage
import YAMLSource

/// The resources of a plan that can be worked with: the first of each identity, in plan order.
///
/// What the passes find out of each resource stands in one flat array for each question; as a collection it gives out
/// each resource with its answers.
package struct ResourceUnits: Sendable {
    /// What the plan declares.
    package let declarations: ResourceTable
    /// Position of each resource's declaration.
    var declarationOf: [Int32] = []
    /// Which resources depend on which.
    package internal(set) var graph: ResourceGraph
    /// Position in the unit's plugins of the plugin that takes each type, or -1.
    var pluginOfType: [Int32] = []
    /// Positions in the unit's parameter sets, three for each resource, or -1.
    var parameterSetsOf: [Int32] = []

    init(_ declarations: ResourceTable) {
        self.declarations = declarations
        graph = ResourceGraph(tree: declarations.tree, edges: [], count: 0)
    }

    /// Number of the resource's type in `declarations.types`.
    package func type(of resource: Int) -> Int32 { row(resource).type }

    /// What the plan declares of a resource.
    package func declaration(of resource: Int) -> ResourceDeclaration {
        ResourceDeclaration(table: declarations, position: Int(declarationOf[resource]))
    }

    /// The declaration's row.
    func row(_ resource: Int) -> ResourceTable.Row { declarations.rows[Int(declarationOf[resource])] }
}

extension ResourceUnits: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { declarationOf.count }
    package subscript(position: Int) -> ResourceUnit {
        let plugin = pluginOfType.isEmpty ? -1 : pluginOfType[Int(type(of: position))]
        let sets = parameterSetsOf.isEmpty ? -1 : parameterSetsOf[3 * position]
        return ResourceUnit(
            declaration: declaration(of: position), dependents: graph.dependents(of: position),
            plugin: plugin < 0 ? nil : plugin,
            parameters: sets < 0 ? [] : Array(parameterSetsOf[3 * position..<3 * position + 3]))
    }
}

/// One resource on its way through the passes.
package struct ResourceUnit: Sendable {
    package let declaration: ResourceDeclaration
    /// The dependents with the text that made each of them one.
    package let dependents: ResourceGraph.Dependents
    /// Position in the unit's `plugins`.
    package let plugin: Int32?
    /// Positions in the unit's parameter sets for protect, restore and verify.
    package let parameters: [Int32]
}

/// Which resources depend on which, with the text that says so, as flat arrays.
package final class ResourceGraph: Sendable {
    /// One resource becoming a dependent of another.
    struct Edge {
        let parent: Int32
        let child: Int32
        /// The node whose text makes it one.
        let node: Int32
    }

    private let tree: SyntaxTree
    /// The dependents of each resource: those nested in it first, in the order of the text.
    package let lists: DependentLists
    /// For each target of `lists`, the node whose text made it one.
    package let nodes: [Int32]

    /// The graph of `count` resources; each resource's edges keep their order.
    init(tree: SyntaxTree, edges: [Edge], count: Int) {
        var offsets = [Int32](repeating: 0, count: count + 1)
        for edge in edges { offsets[Int(edge.parent) + 1] += 1 }
        for resource in 0..<count { offsets[resource + 1] += offsets[resource] }
        var next = offsets
        var targets = [Int32](repeating: 0, count: edges.count)
        var nodes = targets
        for edge in edges {
            let position = Int(next[Int(edge.parent)])
            targets[position] = edge.child
            nodes[position] = edge.node
            next[Int(edge.parent)] += 1
        }
        self.tree = tree
        self.nodes = nodes
        lists = DependentLists(offsets: offsets, targets: targets)
    }

    /// The text of an edge, by its position in `lists.targets`.
    package func range(of edge: Int) -> SourceRange { tree.node(nodes[edge]).range }

    /// The dependents of a resource; none before the graph was built.
    package func dependents(of resource: Int) -> Dependents {
        Dependents(graph: self, span: resource < lists.count ? lists.span(resource) : 0..<0)
    }

    /// The dependents of one resource, each with the text that made it one.
    package struct Dependents: RandomAccessCollection, Sendable {
        let graph: ResourceGraph
        let span: Range<Int>

        package var startIndex: Int { 0 }
        package var endIndex: Int { span.count }
        package subscript(position: Int) -> (resource: Int32, range: SourceRange) {
            let edge = span.lowerBound + position
            return (graph.lists.targets[edge], graph.range(of: edge))
        }
    }
}
