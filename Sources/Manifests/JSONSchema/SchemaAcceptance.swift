internal import CanonicalForm
package import YAMLSource

/// The quick way to say yes: most values of a large plan fit, and of those nothing needs to be reported.
extension JSONSchema {
    /// How deep values are followed; what is deeper is the validator's.
    private static let maximumDepth = 16

    /// Whether the node surely fits the schema. `false` says nothing: the value may not fit, or the schema may ask
    /// what only the validator can tell.
    package func surelyAccepts(_ node: Int32, in view: TreeView) -> Bool {
        accepts(node, root, in: view, depth: 0)
    }

    private func accepts(_ node: Int32, _ index: Int, in view: TreeView, depth: Int) -> Bool {
        // Not by value: a schema is a large structure.
        if depth > Self.maximumDepth { return false }
        return nodes.withUnsafeBufferPointer { nodes in
            guard nodes[index].isPlain else { return nodes[index].verdict == true }
            switch view.kind(node) {
            case .mapping: return acceptsMapping(node, index, nodes, view, depth)
            case .sequence: return acceptsSequence(node, index, nodes, view, depth)
            case .scalar: return acceptsScalar(node, nodes, index, view)
            }
        }
    }

    private func acceptsMapping(
        _ node: Int32, _ index: Int, _ nodes: UnsafeBufferPointer<SchemaNode>, _ view: TreeView, _ depth: Int
    ) -> Bool {
        if let types = nodes[index].types, !types.contains(.object) { return false }
        if nodes[index].allowed != nil { return false }
        var required = 0
        for position in 0..<view.count(node) {
            let key = view.bytes(view.key(node, position))
            guard let property = nodes[index].plainProperties.first(where: { $0.isNamed(key) }) else {
                if let others = nodes[index].additionalProperties, nodes[others].verdict != true { return false }
                continue
            }
            if property.isRequired { required += 1 }
            guard accepts(view.value(node, position), property.schema, in: view, depth: depth + 1) else { return false }
        }
        return required == nodes[index].required.count
    }

    private func acceptsSequence(
        _ node: Int32, _ index: Int, _ nodes: UnsafeBufferPointer<SchemaNode>, _ view: TreeView, _ depth: Int
    ) -> Bool {
        if let types = nodes[index].types, !types.contains(.array) { return false }
        if nodes[index].allowed != nil { return false }
        guard let items = nodes[index].items else { return true }
        for position in 0..<view.count(node) {
            guard accepts(view.element(node, position), items, in: view, depth: depth + 1) else { return false }
        }
        return true
    }

    private func acceptsScalar(
        _ node: Int32, _ nodes: UnsafeBufferPointer<SchemaNode>, _ index: Int, _ view: TreeView
    ) -> Bool {
        if view.isString(node) { return acceptsText(view.bytes(node), nodes, index) }
        if nodes[index].allowed != nil { return false }
        let types = nodes[index].types
        switch view.scalarValue(node) {
        case .bool: return types?.contains(.boolean) ?? true
        case .integer(let value):
            if let types, types.isDisjoint(with: [.integer, .number]) { return false }
            if let limit = nodes[index].minimum, !isInteger(limit, atMost: value) { return false }
            if let limit = nodes[index].maximum, !isInteger(limit, atLeast: value) { return false }
            return true
        default: return false
        }
    }

    private func isInteger(_ limit: JSONValue, atMost value: Int64) -> Bool {
        if case .integer(let limit) = limit { return limit <= value }
        return false
    }

    private func isInteger(_ limit: JSONValue, atLeast value: Int64) -> Bool {
        if case .integer(let limit) = limit { return limit >= value }
        return false
    }

    private func acceptsText(
        _ text: UnsafeBufferPointer<UInt8>, _ nodes: UnsafeBufferPointer<SchemaNode>, _ index: Int
    ) -> Bool {
        if let types = nodes[index].types, !types.contains(.string) { return false }
        if let least = nodes[index].minLength {
            // Bytes are at least as many as characters, and here only the first is known.
            guard least <= 1, text.count >= least else { return false }
        }
        if let format = nodes[index].format {
            guard format == .absolutePath, text.first == UInt8(ascii: "/"), !text.contains(0) else { return false }
        }
        if let allowed = nodes[index].allowed {
            return allowed.contains { value in
                value.text.map { $0.utf8.count == text.count && $0.utf8.elementsEqual(text) } ?? false
            }
        }
        return true
    }
}

/// A property of a plain schema.
struct PlainProperty: Sendable {
    let name: [UInt8]
    let schema: Int
    let isRequired: Bool

    func isNamed(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        name.withUnsafeBufferPointer { ByteTexts.equal($0, key) }
    }
}

extension SchemaNode {
    /// Whether the schema says nothing that the quick way does not know.
    var saysNothingElse: Bool {
        verdict == nil && constant == nil && !isSecret && exclusiveMinimum == nil && exclusiveMaximum == nil
            && multipleOf == nil && maxLength == nil && pattern == nil && prefixItems.isEmpty && contains == nil
            && minItems == nil && maxItems == nil && !uniqueItems && patternProperties.isEmpty
            && unevaluatedProperties == nil && unevaluatedItems == nil && propertyNames == nil && minProperties == nil
            && maxProperties == nil
            && dependentRequired.isEmpty && dependentSchemas.isEmpty && reference == nil && allOf.isEmpty
            && anyOf.isEmpty && oneOf.isEmpty && not == nil && condition == nil
            && required.allSatisfy { propertyIndex[$0] != nil }
    }
}
