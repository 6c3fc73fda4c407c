import Manifests
import PlanLanguage
import YAMLSource

/// One key with its value, of properties, of parameters, of the bank's settings or of notifications.
struct Setting {
    let view: TreeView
    let key: Int32
    let value: Int32

    /// Whether the value is a scalar.
    var isScalar: Bool { view.kind(value) == .scalar }
}

extension LintedPlan {
    /// Gives each setting of the plan and its provider to `body`, at any depth, with the tree in which it stands.
    ///
    /// The elements of a sequence come with the sequence's key. There may be very many settings, so `body` gets numbers
    /// and makes nodes only of what it reports.
    func forEachSetting(_ body: (_ tree: SyntaxTree, _ setting: Setting) -> Void) {
        let tree = plan.resources.tree
        tree.withView { view in
            var walk = SettingWalk(tree: tree, view: view)
            for row in rows {
                walk.visit(row.properties, body)
                for phase in ParameterPhase.allCases { walk.visit(row.parameters(phase), body) }
            }
        }
        let blocks = plan.parameters + (provider?.plugins ?? []).flatMap(\.parameters)
        let others = [provider?.bankConfig, plan.node["notify"], provider?.node["notify"]].compactMap { $0 }
        for root in blocks.map(\.values) + others {
            root.tree.withView { view in
                var walk = SettingWalk(tree: root.tree, view: view)
                walk.visit(root.index, body)
            }
        }
    }
}

/// Goes through mappings without recursion.
private struct SettingWalk {
    private let tree: SyntaxTree
    private let view: TreeView
    private var waiting: [(key: Int32, node: Int32)] = []

    init(tree: SyntaxTree, view: TreeView) {
        self.tree = tree
        self.view = view
    }

    mutating func visit(_ root: Int32, _ body: (SyntaxTree, Setting) -> Void) {
        if root == TreeView.none { return }
        waiting.append((TreeView.none, root))
        while let (key, node) = waiting.popLast() {
            switch view.kind(node) {
            case .scalar: if key != TreeView.none { body(tree, Setting(view: view, key: key, value: node)) }
            case .sequence:
                for position in (0..<view.count(node)).reversed() {
                    waiting.append((key, view.element(node, position)))
                }
            case .mapping:
                for position in 0..<view.count(node) {
                    let value = view.value(node, position)
                    // Most settings are scalars, which need not wait.
                    if view.kind(value) == .scalar {
                        body(tree, Setting(view: view, key: view.key(node, position), value: value))
                    } else {
                        waiting.append((view.key(node, position), value))
                    }
                }
            }
        }
    }
}
