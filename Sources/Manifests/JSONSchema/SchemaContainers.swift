internal import CanonicalForm
internal import YAMLSource

/// What schemas say of sequences and mappings.
extension SchemaValidator {
    mutating func checkSequence(_ node: SchemaNode, _ task: Task) {
        guard let sequence = task.value.node else { return }
        let count = sequence.count
        if let limit = node.minItems, count < limit { report(.minItems(limit), task) }
        if let limit = node.maxItems, count > limit { report(.maxItems(limit), task) }
        if node.uniqueItems { checkUnique(sequence, task) }
        if node.contains != nil { pushContains(node, sequence, task) }
        if node.items == nil && node.prefixItems.isEmpty { return }
        for position in 0..<count {
            guard let item = position < node.prefixItems.count ? node.prefixItems[position] : node.items else { break }
            push(item, element(position, of: sequence, task.value), sink: task.sink, scope: nil)
            if let scope = task.scope { scopes[scope][position] = true }
        }
    }

    func element(_ position: Int, of sequence: LocatedNode, _ value: SchemaValue) -> SchemaValue {
        var element = SchemaValue(sequence.element(position))
        element.key = value.key
        element.keyDepth = value.keyDepth
        element.element = position
        element.depth = value.depth + 1
        return element
    }

    private mutating func checkUnique(_ sequence: LocatedNode, _ task: Task) {
        var seen: [[UInt8]: Int] = [:]
        for position in 0..<sequence.count {
            let bytes = sequence.element(position).normalBytes
            if let first = seen[bytes] {
                report(.notUnique(first, position), task, element(position, of: sequence, task.value))
            } else {
                seen[bytes] = position
            }
        }
    }

    private mutating func pushContains(_ node: SchemaNode, _ sequence: LocatedNode, _ task: Task) {
        guard let wanted = node.contains else { return }
        var end = task
        end.step = .contains(count: sequence.count)
        tasks.append(end)
        for position in 0..<sequence.count {
            let sink = newSink()
            push(wanted, element(position, of: sequence, task.value), sink: sink, scope: nil)
        }
    }

    mutating func checkMapping(_ node: SchemaNode, _ task: Task) {
        let value = task.value
        let count = count(value)
        if let limit = node.maxProperties, count > limit { report(.maxProperties(limit), task) }
        if !isOpenLayer(value) {
            if let limit = node.minProperties, count < limit { report(.minProperties(limit), task) }
            checkRequired(node, task, count)
        }
        if node.properties.isEmpty && node.patternProperties.isEmpty && node.additionalProperties == nil
            && node.propertyNames == nil
        {
            return
        }
        for position in 0..<count {
            guard let entry = entry(position, of: value), !entry.key.isFaulty else { continue }
            let name = entry.key.text
            let member = member(entry, of: value)
            if let names = node.propertyNames { pushKeyName(names, entry.key, member, task) }
            var isKnown = false
            if let property = node.propertyIndex[name] {
                isKnown = true
                push(property, member, sink: task.sink, scope: nil)
            }
            for (pattern, property) in node.patternProperties where schema.patterns[pattern].isFound(in: name) {
                isKnown = true
                push(property, member, sink: task.sink, scope: nil)
            }
            if !isKnown, let others = node.additionalProperties {
                isKnown = true
                pushUnknown(others, entry.key, member, task)
            }
            if isKnown, let scope = task.scope { scopes[scope][position] = true }
        }
    }

    /// Checks an entry that no property names: against a schema, or as unknown when none is allowed.
    mutating func pushUnknown(_ others: Int, _ key: LocatedNode, _ member: SchemaValue, _ task: Task) {
        switch schema.nodes[others].verdict {
        case false?: report(.unknownKey(key), task)
        case true?: break
        case nil: push(others, member, sink: task.sink, scope: nil)
        }
    }

    /// Checks a key as a string; its violations are about the key, not about what it names.
    private mutating func pushKeyName(_ names: Int, _ key: LocatedNode, _ member: SchemaValue, _ task: Task) {
        if schema.nodes[names].verdict == true { return }
        var name = SchemaValue(key)
        name.isKey = true
        name.key = key
        name.depth = member.depth
        name.keyDepth = member.depth
        push(names, name, sink: task.sink, scope: nil)
    }

    private mutating func checkRequired(_ node: SchemaNode, _ task: Task, _ count: Int) {
        if node.required.isEmpty && node.dependentRequired.isEmpty { return }
        var present: Set<String> = []
        for position in 0..<count {
            if let entry = entry(position, of: task.value) { present.insert(entry.key.text) }
        }
        for name in node.required where !present.contains(name) { report(.missing(name), task) }
        for (name, needs) in node.dependentRequired where present.contains(name) {
            for other in needs where !present.contains(other) && !node.required.contains(other) {
                report(.missingDependent(other, because: name), task)
            }
        }
    }
}
