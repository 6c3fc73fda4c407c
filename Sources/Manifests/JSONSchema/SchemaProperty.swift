package import CanonicalForm
internal import YAMLSource

extension JSONSchema {
    /// What a schema says of one property at its top level, for documentation and completion.
    package struct Property: Sendable {
        package let name: String
        package let description: String?
        /// The default, if the schema names one.
        package let `default`: JSONValue?
        package let isRequired: Bool
        package let isDeprecated: Bool
        package let isSecret: Bool
        /// What values are allowed, in a few words: `string`, `one of zstd, none`, `list of string`.
        package let typeSummary: String
    }

    /// The properties at the top level in the order of the schema, those behind `$ref` and `allOf` included.
    package var properties: [Property] {
        var found: [Property] = []
        var names: Set<String> = []
        var required: Set<String> = []
        let parts = topLevelParts
        for part in parts { required.formUnion(nodes[part].required) }
        for part in parts {
            for (name, index) in nodes[part].properties where names.insert(name).inserted {
                let node = nodes[index]
                let target = node.reference.map { nodes[$0] }
                found.append(
                    Property(
                        name: name, description: node.summary ?? target?.summary,
                        default: (node.defaultNode ?? target?.defaultNode)?.jsonValue,
                        isRequired: required.contains(name), isDeprecated: node.isDeprecated, isSecret: node.isSecret,
                        typeSummary: typeSummary(of: index)))
            }
        }
        return found
    }

    var topLevelDefaults: JSONObject {
        JSONObject(properties.compactMap { property in property.default.map { (property.name, $0) } })
    }

    /// The root and what it includes by `$ref` and `allOf`.
    private var topLevelParts: [Int] {
        var parts: [Int] = []
        var waiting = [root]
        while let next = waiting.popLast() {
            if parts.contains(next) { continue }
            parts.append(next)
            waiting.append(contentsOf: nodes[next].allOf.reversed())
            if let target = nodes[next].reference { waiting.append(target) }
        }
        return parts
    }

    /// What values a schema allows, in a few words.
    func typeSummary(of index: Int) -> String { typeSummary(of: index, budget: 8) }

    private func typeSummary(of index: Int, budget: Int) -> String {
        let node = nodes[index]
        if budget == 0 { return "value" }
        if node.isSecret { return "secret reference" }
        if let constant = node.constant { return constant.shown }
        if let allowed = node.allowed {
            return allowed.count == 1 ? allowed[0].shown : "one of " + allowed.map(\.shown).joined(separator: ", ")
        }
        if let types = node.types {
            return types.names.map { name in
                if name == "list", let items = node.items, nodes[items].verdict == nil {
                    return "list of \(typeSummary(of: items, budget: budget - 1))"
                }
                if name == "string", let format = node.format { return "string (\(format.rawValue))" }
                return name
            }.joined(separator: " or ")
        }
        let branches = node.anyOf.isEmpty ? node.oneOf : node.anyOf
        if !branches.isEmpty {
            var parts: [String] = []
            for branch in branches {
                let part = typeSummary(of: branch, budget: budget - 1)
                if !parts.contains(part) { parts.append(part) }
            }
            return parts.joined(separator: " or ")
        }
        if let target = node.reference { return typeSummary(of: target, budget: budget - 1) }
        for part in node.allOf {
            let summary = typeSummary(of: part, budget: budget - 1)
            if summary != "value" { return summary }
        }
        if !node.properties.isEmpty || !node.required.isEmpty { return "mapping" }
        return node.items == nil ? "value" : "list"
    }
}

extension JSONSchema {
    /// Whether an empty mapping does not fit, so that one must be given.
    package var needsMembers: Bool {
        guard let written else { return true }
        let empty = MergedMapping(entries: [], head: written.headRange)
        return !validate(.merged(empty), as: Subject(.property, of: ""), partial: false).isEmpty
    }
}
