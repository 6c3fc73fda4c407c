internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// Compiles a schema's tree into a flat array, without recursion; every schema of the tree is compiled once, however
/// many references and aliases lead to it.
struct SchemaCompiler {
    private(set) var nodes: [SchemaNode] = []
    private(set) var patterns: [Pattern] = []

    private let root: LocatedNode
    /// The schemas that were met, in the order of their indices.
    private var located: [LocatedNode] = []
    private var indices: [Int32: Int] = [:]
    private var patternIndices: [String: Int] = [:]
    /// Anchors by name; only looked up in.
    private var anchors: [String: LocatedNode] = [:]
    /// The dialect of JSON Schema that is understood.
    private static let dialect = "https://json-schema.org/draft/2020-12/schema"
    /// Places of `$ref` by the schema that says it.
    private var referencePlaces: [Int: SourceRange] = [:]

    init(root: LocatedNode) { self.root = root }

    mutating func compile(_ diagnostics: inout DiagnosticList) {
        _ = index(of: root)
        var next = 0
        while next < located.count {
            compileSchema(next, &diagnostics)
            next += 1
        }
        cutEndlessReferences(&diagnostics)
        spreadSecrets()
        findPlain()
    }

    /// Prepares the schemas that can be told in the quick way.
    private mutating func findPlain() {
        for index in nodes.indices where nodes[index].saysNothingElse {
            let required = nodes[index].required
            nodes[index].isPlain = true
            nodes[index].plainProperties = nodes[index].properties.map { property in
                PlainProperty(
                    name: Array(property.name.utf8), schema: property.schema,
                    isRequired: required.contains(property.name))
            }
        }
    }

    /// A schema that includes a secret one is secret itself, whatever else it says.
    private mutating func spreadSecrets() {
        guard nodes.contains(where: \.isSecret) else { return }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for index in nodes.indices where !nodes[index].isSecret {
                let parts = nodes[index].allOf + [nodes[index].reference].compactMap { $0 }
                guard parts.contains(where: { nodes[$0].isSecret }) else { continue }
                nodes[index].isSecret = true
                hasChanged = true
            }
        }
    }

    /// The index of the schema at `node`; one that is new is compiled later.
    mutating func index(of node: LocatedNode) -> Int {
        if let index = indices[node.index] { return index }
        let index = located.count
        indices[node.index] = index
        located.append(node)
        nodes.append(SchemaNode(place: node.headRange))
        nodes[index].written = node
        return index
    }

    func fault(
        _ message: String, at range: SourceRange, notes: [String] = [], suggestions: [Suggestion] = [],
        _ diagnostics: inout DiagnosticList
    ) {
        diagnostics.add(Diagnostic(.invalidValue, message, at: range, notes: notes, suggestions: suggestions))
    }

    private mutating func compileSchema(_ index: Int, _ diagnostics: inout DiagnosticList) {
        let node = located[index]
        switch node.kind {
        case .scalar:
            if case .bool(let verdict) = node.scalarValue {
                nodes[index].verdict = verdict
            } else {
                fault("a schema is a mapping, or true or false", at: node.headRange, &diagnostics)
            }
        case .sequence: fault("a schema is a mapping, or true or false", at: node.headRange, &diagnostics)
        case .mapping:
            for entry in node.entries {
                guard let keyword = SchemaKeyword(rawValue: entry.key.text) else {
                    unknownKeyword(entry.key, &diagnostics)
                    continue
                }
                take(keyword, entry.value, named: entry.key, into: index, &diagnostics)
            }
        }
    }

    private func unknownKeyword(_ key: LocatedNode, _ diagnostics: inout DiagnosticList) {
        let name = key.text
        if name.hasPrefix("x-") && !name.hasPrefix("x-cairn-") { return }
        if SchemaKeyword.unsupported.contains(name) {
            return fault("the schema keyword '\(name)' is not supported", at: key.range, &diagnostics)
        }
        let close = Similar.best(for: name, among: SchemaKeyword.allCases.map(\.rawValue))
        fault(
            "unknown schema keyword '\(name)'", at: key.range,
            suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: key.range, with: $0)] } ?? [],
            &diagnostics)
    }

    private mutating func take(
        _ keyword: SchemaKeyword, _ value: LocatedNode, named key: LocatedNode, into index: Int,
        _ diagnostics: inout DiagnosticList
    ) {
        let operand = SchemaOperand(keyword: keyword, value: value)
        switch keyword {
        case .type: nodes[index].types = operand.types(&diagnostics)
        case .enum:
            if let values = operand.list(&diagnostics) {
                if values.isEmpty { fault("'enum' allows nothing", at: value.headRange, &diagnostics) }
                nodes[index].allowed = values.map { AllowedValue($0) }
            }
        case .const: nodes[index].constant = AllowedValue(value)
        case .secret: nodes[index].isSecret = operand.flag(&diagnostics)
        case .minimum: nodes[index].minimum = operand.number(&diagnostics)
        case .maximum: nodes[index].maximum = operand.number(&diagnostics)
        case .exclusiveMinimum: nodes[index].exclusiveMinimum = operand.number(&diagnostics)
        case .exclusiveMaximum: nodes[index].exclusiveMaximum = operand.number(&diagnostics)
        case .multipleOf:
            guard let number = operand.number(&diagnostics) else { return }
            if !ExactNumber.isLess(.integer(0), number) {
                return fault("'multipleOf' must be larger than 0", at: value.range, &diagnostics)
            }
            nodes[index].multipleOf = number
        case .minLength: nodes[index].minLength = operand.count(&diagnostics)
        case .maxLength: nodes[index].maxLength = operand.count(&diagnostics)
        case .pattern: nodes[index].pattern = operand.string(&diagnostics).flatMap { pattern($0, value, &diagnostics) }
        case .format: nodes[index].format = operand.format(&diagnostics)
        case .minItems: nodes[index].minItems = operand.count(&diagnostics)
        case .maxItems: nodes[index].maxItems = operand.count(&diagnostics)
        case .minContains: nodes[index].minContains = operand.count(&diagnostics)
        case .maxContains: nodes[index].maxContains = operand.count(&diagnostics)
        case .minProperties: nodes[index].minProperties = operand.count(&diagnostics)
        case .maxProperties: nodes[index].maxProperties = operand.count(&diagnostics)
        case .uniqueItems: nodes[index].uniqueItems = operand.flag(&diagnostics)
        case .required: nodes[index].required = operand.names(&diagnostics).map(\.text)
        case .dependentRequired:
            for entry in operand.mapping(&diagnostics) {
                let needs = SchemaOperand(keyword: keyword, value: entry.value).names(&diagnostics)
                nodes[index].dependentRequired.append((entry.key.text, needs.map(\.text)))
            }
        case .properties, .patternProperties, .dependentSchemas, .defs:
            takeNamedSchemas(keyword, operand.mapping(&diagnostics), into: index, &diagnostics)
        case .prefixItems: nodes[index].prefixItems = schemas(operand, &diagnostics)
        case .allOf: nodes[index].allOf = schemas(operand, &diagnostics)
        case .anyOf: nodes[index].anyOf = schemas(operand, &diagnostics)
        case .oneOf: nodes[index].oneOf = schemas(operand, &diagnostics)
        case .items: nodes[index].items = self.index(of: value)
        case .unevaluatedItems: nodes[index].unevaluatedItems = self.index(of: value)
        case .contains: nodes[index].contains = self.index(of: value)
        case .additionalProperties: nodes[index].additionalProperties = self.index(of: value)
        case .unevaluatedProperties: nodes[index].unevaluatedProperties = self.index(of: value)
        case .propertyNames: nodes[index].propertyNames = self.index(of: value)
        case .not: nodes[index].not = self.index(of: value)
        case .if: nodes[index].condition = self.index(of: value)
        case .then: nodes[index].consequence = self.index(of: value)
        case .else: nodes[index].alternative = self.index(of: value)
        case .ref:
            guard let pointer = operand.string(&diagnostics) else { return }
            if let target = resolve(pointer, value, &diagnostics) {
                let shared = self.index(of: target)
                nodes[shared].isShared = true
                nodes[index].reference = shared
                referencePlaces[index] = value.range
            }
        case .title: if nodes[index].summary == nil { nodes[index].summary = operand.string(&diagnostics) }
        case .description: nodes[index].summary = operand.string(&diagnostics)
        case .default: nodes[index].defaultNode = value
        case .deprecated: nodes[index].isDeprecated = operand.flag(&diagnostics)
        case .readOnly, .writeOnly: _ = operand.flag(&diagnostics)
        case .schema:
            if let dialect = operand.string(&diagnostics), dialect != SchemaCompiler.dialect {
                fault("'$schema' must be \(SchemaCompiler.dialect)", at: value.range, &diagnostics)
            }
        case .id:
            // It would change what the references below it mean.
            if operand.string(&diagnostics) != nil && index > 0 {
                fault("'$id' can only stand at the top of a schema", at: key.range, &diagnostics)
            }
        case .anchor:
            guard let name = operand.string(&diagnostics) else { return }
            if let first = anchors.updateValue(value, forKey: name), first.index != value.index {
                fault("two schemas have the anchor '\(name)'", at: value.range, &diagnostics)
            }
        case .examples, .comment: break
        }
    }

    private mutating func takeNamedSchemas(
        _ keyword: SchemaKeyword, _ entries: [(key: LocatedNode, value: LocatedNode)], into index: Int,
        _ diagnostics: inout DiagnosticList
    ) {
        for entry in entries {
            let schema = self.index(of: entry.value)
            let name = entry.key.text
            switch keyword {
            case .properties:
                nodes[index].properties.append((name, schema))
                nodes[index].propertyIndex[name] = schema
            case .patternProperties:
                if let pattern = pattern(name, entry.key, &diagnostics) {
                    nodes[index].patternProperties.append((pattern, schema))
                }
            case .dependentSchemas: nodes[index].dependentSchemas.append((name, schema))
            default: break
            }
        }
    }

    private mutating func schemas(_ operand: SchemaOperand, _ diagnostics: inout DiagnosticList) -> [Int] {
        guard let values = operand.list(&diagnostics) else { return [] }
        if values.isEmpty {
            fault("'\(operand.keyword.rawValue)' needs at least one schema", at: operand.value.headRange, &diagnostics)
        }
        return values.map { index(of: $0) }
    }

    private mutating func pattern(
        _ text: String, _ node: LocatedNode, _ diagnostics: inout DiagnosticList
    ) -> Int? {
        if let known = patternIndices[text] { return known }
        do {
            patterns.append(try Pattern(text))
            patternIndices[text] = patterns.count - 1
            return patterns.count - 1
        } catch {
            fault("the regular expression is faulty: \(error.reason)", at: node.range, &diagnostics)
            return nil
        }
    }

    // MARK: References

    /// The node that a local reference names.
    private func resolve(
        _ reference: String, _ node: LocatedNode, _ diagnostics: inout DiagnosticList
    ) -> LocatedNode? {
        switch LocalReference.resolve(reference, in: root) {
        case .found(let target, _): return target
        case .foreign:
            fault(
                "'$ref' can only name a schema of the same manifest, such as '#/$defs/name'", at: node.range,
                &diagnostics)
        case .malformed:
            fault(
                "'$ref' must be '#', a JSON pointer such as '#/$defs/name', or an anchor such as '#name'",
                at: node.range, &diagnostics)
        case .missing(let name, let names):
            let notes = Similar.best(for: name, among: names).map { ["there is '\($0)'"] } ?? []
            fault("'$ref' names nothing: there is no '\(name)' there", at: node.range, notes: notes, &diagnostics)
        }
        return nil
    }

    /// Reports references that lead back to themselves on the same value, and removes them.
    private mutating func cutEndlessReferences(_ diagnostics: inout DiagnosticList) {
        var state = [UInt8](repeating: 0, count: nodes.count)
        for start in nodes.indices where state[start] == 0 {
            var path: [(node: Int, next: Int)] = [(start, 0)]
            state[start] = 1
            while let (node, next) = path.last {
                let edges = nodes[node].inPlace
                guard next < edges.count else {
                    state[node] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = edges[next]
                if state[target] == 1 {
                    cut(path.map(\.node), backTo: target, &diagnostics)
                } else if state[target] == 0 {
                    state[target] = 1
                    path.append((target, 0))
                }
            }
        }
    }

    /// Removes a `$ref` of a cycle; there is one, for a tree by itself has no cycles.
    private mutating func cut(_ path: [Int], backTo target: Int, _ diagnostics: inout DiagnosticList) {
        let cycle = Array(path[(path.firstIndex(of: target) ?? 0)...])
        let step = cycle.indices.last {
            nodes[cycle[$0]].reference == (($0 + 1 < cycle.count) ? cycle[$0 + 1] : target)
        }
        guard let step else { return }
        let node = cycle[step]
        fault(
            "the schema refers to itself for the same value, so no value could ever be checked",
            at: referencePlaces[node] ?? nodes[node].place, &diagnostics)
        // An edge that leads nowhere takes its place, so that the walk over the others goes on where it was.
        nodes[node].reference = permissive()
    }

    /// A schema that allows everything.
    private mutating func permissive() -> Int {
        var node = SchemaNode(place: root.headRange)
        node.verdict = true
        nodes.append(node)
        return nodes.count - 1
    }
}
