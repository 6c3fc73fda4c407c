internal import CanonicalForm
internal import Manifests
internal import YAMLSource

/// Writes a schema of a manifest so that it can stand within another document, for validators that know the standard
/// only: references are moved, secrets become what a reference to one looks like, and our formats become patterns.
struct ManifestSchema {
    private let root: LocatedNode
    /// The name of the definition as which the schema stands, and to which its references lead.
    private let base: String
    /// Whether something refers to the schema or to a part of it.
    private(set) var isReferredTo = false

    init(root: LocatedNode, base: String) {
        self.root = root
        self.base = base
    }

    /// The whole schema.
    mutating func whole() -> SchemaText { schema(root) }

    /// The schema for one of several layers that are merged key by key: what it says of the mapping as a whole is left
    /// out, since what one layer lacks another may have.
    /// What every type has stands in it, too.
    mutating func layer() -> SchemaText { layer(root, depth: 0) }

    private mutating func schema(_ node: LocatedNode) -> SchemaText {
        guard node.kind == .mapping else { return SchemaText(node) }
        if isSecret(node) { return .object(annotations(node) + ManifestSchema.secretReference) }
        return .object(node.entries.flatMap { members($0.key.text, $0.value, of: node) })
    }

    private mutating func layer(_ node: LocatedNode, depth: Int) -> SchemaText {
        guard node.kind == .mapping, !isSecret(node), depth < 100 else { return schema(node) }
        var members: [SchemaText.Member] = []
        var parts: [SchemaText] = []
        for (key, value) in node.entries {
            guard let keyword = SchemaKeyword(rawValue: key.text) else {
                members += self.members(key.text, value, of: node)
                continue
            }
            switch keyword {
            case .allOf: for part in value.elements { parts.append(layer(part, depth: depth + 1)) }
            // References lead to the whole schema, which has the definitions.
            case .defs: break
            case .ref: if let target = target(of: value) { parts.append(layer(target, depth: depth + 1)) }
            default: if !keyword.needsWholeMapping { members += self.members(key.text, value, of: node) }
            }
        }
        if !parts.isEmpty { members.append(.init("allOf", .array(parts))) }
        if depth == 0 || node["additionalProperties"] != nil {
            members = members.adding(TableSchemas.commonParameters, to: "properties")
        }
        return .object(members)
    }

    /// One keyword with its value; none for what must not be carried over.
    private mutating func members(_ key: String, _ value: LocatedNode, of schema: LocatedNode) -> [SchemaText.Member] {
        guard let keyword = SchemaKeyword(rawValue: key) else { return [] }
        switch keyword {
        case .id, .anchor, .schema, .secret: return []
        case .replacement:
            // Not of the standard: editors show it at what is deprecated.
            return [.init("deprecationMessage", .value(.string("Write '\(value.text)' instead.")))]
        case .ref:
            guard case .found(_, let pointer) = LocalReference.resolve(value.text, in: root) else { return [] }
            isReferredTo = true
            // A pointer within the manifest's schema is one within the definition.
            return [.init("$ref", .value(.string("#/$defs/\(JSONPointer.escaped(base))\(pointer)")))]
        case .format where ManifestSchema.patterns[value.text] != nil:
            let pattern = SchemaText.value(.string(ManifestSchema.patterns[value.text] ?? ""))
            if schema["pattern"] != nil { return [.init("allOf", [["pattern": pattern]])] }
            return [.init("pattern", pattern)]
        default: break
        }
        switch keyword.nesting {
        case .none: return [.init(key, SchemaText(value))]
        case .one: return [.init(key, self.schema(value))]
        case .list:
            var schemas: [SchemaText] = []
            for element in value.elements { schemas.append(self.schema(element)) }
            return [.init(key, .array(schemas))]
        case .named:
            var named: [SchemaText.Member] = []
            for entry in value.entries { named.append(.init(entry.key.text, self.schema(entry.value))) }
            return [.init(key, .object(named))]
        }
    }

    /// The patterns of those formats that are Cairn's own.
    private static let patterns = ["absolute-path": "^/", "time-span": TextRule.duration.pattern()]

    // MARK: Secrets

    /// What a plan writes in place of a secret.
    static let secretDefinition: SchemaText = [
        "description": "Where the secret is; it is read at the moment of use, and stands in no plan.",
        "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        "properties": [
            "fromEnv": [
                "description": "The environment variable that holds the secret.", "type": "string",
                "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
            ],
            "fromFile": [
                "description": "The file whose content is the secret.", "type": "string", "minLength": 1,
            ],
        ],
    ]
    static let secretReference: [SchemaText.Member] = [.init("$ref", "#/$defs/secret")]

    /// Whether the schema, or what it includes for the same value, is of a secret; nothing else of it counts then.
    private func isSecret(_ node: LocatedNode) -> Bool {
        var waiting = [node]
        var seen: Set<Int32> = []
        while let next = waiting.popLast() {
            guard next.kind == .mapping, seen.insert(next.index).inserted else { continue }
            if next["x-cairn-secret"]?.scalarValue == .bool(true) { return true }
            waiting += next["allOf"]?.elements ?? []
            if let reference = next["$ref"], let target = target(of: reference) { waiting.append(target) }
        }
        return false
    }

    private func annotations(_ node: LocatedNode) -> [SchemaText.Member] {
        ["title", "description", "deprecated"].compactMap { key in
            node.entries.first { $0.key.text == key }.map { .init(key, SchemaText($0.value)) }
        }
    }

    private func target(of reference: LocatedNode) -> LocatedNode? {
        if case .found(let target, _) = LocalReference.resolve(reference.text, in: root) { return target }
        return nil
    }
}
