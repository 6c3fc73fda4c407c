internal import Diagnostics
package import YAMLSource

/// A use of an option that its schema calls deprecated.
package struct DeprecatedUse: Sendable {
    /// The option's key.
    package let key: LocatedNode
    /// What `x-cairn-replacement` names in its place, if anything.
    package let replacement: String?
    /// Whether the option beside it is there already, so that a change of name would make it twice.
    package let isReplaced: Bool
}

extension JSONSchema {
    /// Where `node` uses what the schema calls deprecated, at any depth, in the order of the text.
    package func deprecatedUses(in node: LocatedNode) -> [DeprecatedUse] {
        guard hasDeprecations else { return [] }
        var uses: [DeprecatedUse] = []
        var seen: Set<[Int]> = []
        var waiting = [(schema: root, node: node)]
        while let (schema, node) = waiting.popLast() {
            // Schemas may lead back to themselves, and aliases to the same value again.
            guard seen.insert([schema, Int(node.index)]).inserted else { continue }
            let rule = nodes[schema]
            for next in rule.inPlace { waiting.append((next, node)) }
            for (position, element) in node.elements.enumerated() {
                if position < rule.prefixItems.count {
                    waiting.append((rule.prefixItems[position], element))
                } else if let items = rule.items {
                    waiting.append((items, element))
                }
            }
            for (key, value) in node.entries {
                guard let member = rule.propertyIndex[key.text] else { continue }
                waiting.append((member, value))
                guard let target = deprecation(of: member) else { continue }
                let isReplaced = target.replacement.map { name in node.entries.contains { $0.key.text == name } }
                uses.append(
                    DeprecatedUse(key: key, replacement: target.replacement, isReplaced: isReplaced ?? false))
            }
        }
        var keys: Set<Int32> = []
        return uses.filter { keys.insert($0.key.index).inserted }
            .sorted { ($0.key.range.start, $0.key.index) < ($1.key.range.start, $1.key.index) }
    }

    /// The schema that calls a member deprecated: its own, or the one that it refers to.
    private func deprecation(of member: Int) -> SchemaNode? {
        if nodes[member].isDeprecated { return nodes[member] }
        return nodes[member].reference.map { nodes[$0] }.flatMap { $0.isDeprecated ? $0 : nil }
    }
}
