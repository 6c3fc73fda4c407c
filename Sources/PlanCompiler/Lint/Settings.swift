import Manifests
import PlanLanguage
import YAMLSource

extension LintedPlan {
    /// Gives each key with its value to `body`: of properties, of parameters and of the bank's settings, at any depth.
    ///
    /// The elements of a sequence come with the sequence's key.
    func forEachSetting(_ body: (_ key: LocatedNode, _ value: LocatedNode) -> Void) {
        var waiting: [(key: LocatedNode?, node: LocatedNode)] = []
        func visit(_ root: LocatedNode?) {
            guard let root else { return }
            waiting.append((nil, root))
            while let (key, node) = waiting.popLast() {
                switch node.kind {
                case .scalar: if let key { body(key, node) }
                case .sequence: for element in node.elements.reversed() { waiting.append((key, element)) }
                case .mapping:
                    for position in 0..<node.count {
                        let entry = node.entry(position)
                        // Most settings are scalars, which need not wait.
                        if entry.value.kind == .scalar {
                            body(entry.key, entry.value)
                        } else {
                            waiting.append((entry.key, entry.value))
                        }
                    }
                }
            }
        }
        for resource in resources {
            visit(properties(resource))
            for phase in ParameterPhase.allCases { visit(ownParameters(resource, phase)) }
        }
        for block in plan.parameters { visit(block.values) }
        guard let provider else { return }
        visit(provider.bankConfig)
        for use in provider.plugins { for block in use.parameters { visit(block.values) } }
    }
}
