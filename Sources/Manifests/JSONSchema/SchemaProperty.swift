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
        /// What to write instead of what is deprecated.
        package let replacement: String?
        package let isSecret: Bool
        /// What values are allowed, in a few words: `string`, `one of zstd, none`, `list of string`.
        package let typeSummary: String
        /// What else is demanded of a value, in a few words: `1 to 19`, `not empty`.
        package let limits: [String]
        /// The values that are allowed, where the schema lists them.
        package let allowed: [JSONValue]?
    }

    /// Whether keys are allowed that no property names.
    package var isOpen: Bool {
        !topLevelParts.contains { part in
            [nodes[part].additionalProperties, nodes[part].unevaluatedProperties].contains { others in
                others.map { nodes[$0].verdict == false } ?? false
            }
        }
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
                found.append(property(name, index, isRequired: required.contains(name)))
            }
        }
        return found
    }

    /// The properties at the top level, each with those of its own behind it, named `outer.inner`.
    var flattenedProperties: [Property] {
        nodes[root].properties.flatMap { name, index in
            [property(name, index, isRequired: false)]
                + nodes[index].properties.map { inner, index in
                    property("\(name).\(inner)", index, isRequired: false)
                }
        }
    }

    private func property(_ name: String, _ index: Int, isRequired: Bool) -> Property {
        let node = nodes[index]
        let target = node.reference.map { nodes[$0] }
        return Property(
            name: name, description: node.summary ?? target?.summary,
            default: (node.defaultNode ?? target?.defaultNode)?.jsonValue, isRequired: isRequired,
            isDeprecated: node.isDeprecated, replacement: node.replacement, isSecret: node.isSecret,
            typeSummary: typeSummary(of: index), limits: limits(of: index), allowed: node.listed ?? target?.listed)
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

    /// What a schema demands beside the type, in a few words.
    private func limits(of index: Int) -> [String] {
        let own = nodes[index]
        var limits = own.limits(patterns)
        if let target = own.reference { limits += nodes[target].limits(patterns) }
        if let items = own.items { limits += nodes[items].limits(patterns).map { "each \($0)" } }
        return limits
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

extension SchemaNode {
    /// The values that `enum` or `const` lists.
    fileprivate var listed: [JSONValue]? {
        let values = allowed ?? constant.map { [$0] }
        // They were written by the same encoder.
        return values?.compactMap { try? JSONValue(parsing: $0.bytes) }
    }

    /// What is demanded beside the type and its values.
    fileprivate func limits(_ patterns: [Pattern]) -> [String] {
        var limits: [String] = []
        switch (minimum, maximum) {
        case (let least?, let most?): limits.append("\(least.canonicalText) to \(most.canonicalText)")
        case (let least?, nil): limits.append("at least \(least.canonicalText)")
        case (nil, let most?): limits.append("at most \(most.canonicalText)")
        case (nil, nil): break
        }
        if let limit = exclusiveMinimum { limits.append("more than \(limit.canonicalText)") }
        if let limit = exclusiveMaximum { limits.append("less than \(limit.canonicalText)") }
        if let divisor = multipleOf { limits.append("a multiple of \(divisor.canonicalText)") }
        limits += SchemaNode.span(minLength, maxLength, "character", "characters")
        limits += SchemaNode.span(minItems, maxItems, "element", "elements")
        limits += SchemaNode.span(minProperties, maxProperties, "entry", "entries")
        if uniqueItems { limits.append("no two the same") }
        if let pattern { limits.append("matching \(patterns[pattern].text)") }
        return limits
    }

    private static func span(_ least: Int?, _ most: Int?, _ one: String, _ many: String) -> [String] {
        switch (least, most) {
        case (1, nil): ["not empty"]
        case (let least?, let most?): ["\(least) to \(most) \(most == 1 ? one : many)"]
        case (let least?, nil): least == 0 ? [] : ["at least \(least) \(many)"]
        case (nil, let most?): ["at most \(most) \(most == 1 ? one : many)"]
        case (nil, nil): []
        }
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
