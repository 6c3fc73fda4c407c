package import CanonicalForm

extension PlanIR {
    /// The IR as it is stored: canonical JSON with its digest, and a line feed.
    package var encoded: (bytes: [UInt8], digest: SHA256Digest) { encoded(as: PlanIR.version) }

    /// The IR in the form of one of the readable versions; an earlier one leaves out what it does not know.
    func encoded(as version: Int64) -> (bytes: [UInt8], digest: SHA256Digest) {
        let isFirst = version == 1
        // Members stand in canonical order; `digest` comes second, so the text is made in two pieces around it.
        var head = JSONWriter()
        head.raw("{\"description\":")
        head.string(description)
        var tail = JSONWriter(capacity: resources.count * 1000)
        if !isEnabled { tail.raw(",\"enabled\":false") }
        tail.raw(",\"format\":\"cairn.ir\"")
        if needsInventory && !isFirst { tail.raw(",\"needsInventory\":true") }
        tail.raw(",\"operations\":{")
        let operations = OperationKind.allCases.filter { $0.isKnown(inVersion: version) }
            .sorted { $0.rawValue < $1.rawValue }
        for (position, operation) in operations.enumerated() {
            if position > 0 { tail.raw(0x2C) }
            tail.string(operation.rawValue)
            tail.raw(0x3A)
            if isFirst { tail.graph(graph(operation)) } else { tail.work(graph(operation), resources.count) }
        }
        tail.raw("}")
        if !isFirst {
            tail.raw(",\"order\":")
            tail.order(graphs[0])
            tail.raw(",\"parameterOrigins\":")
            tail.list(parameterOrigins) { writer, origins in writer.object(origins) }
        }
        tail.raw(",\"parameterSets\":")
        tail.list(parameterSets) { writer, set in writer.object(set) }
        tail.raw(",\"plan\":")
        tail.string(plan)
        tail.raw(",\"plugins\":")
        tail.list(plugins) { writer, plugin in
            writer.object([
                "name": .string(plugin.name), "version": .integer(plugin.version),
                "digest": .string(plugin.digest.description),
            ])
        }
        tail.raw(",\"provider\":")
        tail.object(["name": .string(provider.name), "digest": .string(provider.digest.description)])
        tail.raw(",\"resources\":")
        tail.list(resources) { writer, resource in writer.resource(resource, discovers: !isFirst) }
        tail.raw(",\"retention\":")
        tail.object(retention)
        tail.raw(",\"sources\":")
        tail.list(sources) { writer, source in
            writer.object([
                "role": .string(source.role), "name": .string(source.name),
                "digest": .string(source.digest.description),
            ])
        }
        tail.raw(",\"triggers\":")
        tail.value(.array(triggers))
        tail.raw(",\"version\":")
        tail.integer(version)
        tail.raw(0x7D)

        var hasher = SHA256Hasher()
        hasher.update(head.bytes)
        hasher.update(tail.bytes)
        let digest = hasher.finalize()
        head.raw(",\"digest\":")
        head.string(digest.description)
        return (head.bytes + tail.bytes + [0x0A], digest)
    }
}

extension JSONWriter {
    fileprivate mutating func list<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        raw(0x5B)
        for (position, element) in elements.enumerated() {
            if position > 0 { raw(0x2C) }
            write(&self, element)
        }
        raw(0x5D)
    }

    fileprivate mutating func integers(_ values: some Sequence<Int32>) {
        raw(0x5B)
        var first = true
        for value in values {
            if !first { raw(0x2C) }
            first = false
            integer(Int64(value))
        }
        raw(0x5D)
    }

    fileprivate mutating func resource(_ resource: PlanIR.Resource, discovers: Bool) {
        raw("{\"dependents\":")
        integers(resource.dependents)
        if discovers, let discover = resource.discover {
            raw(",\"discover\":")
            object(discover)
        }
        raw(",\"id\":")
        string(resource.id)
        raw(",\"name\":")
        string(resource.name)
        raw(",\"parameters\":")
        integers(resource.parameters)
        raw(",\"plugin\":")
        integer(Int64(resource.plugin))
        raw(",\"properties\":")
        object(resource.properties)
        raw(",\"type\":")
        string(resource.type)
        raw(0x7D)
    }

    /// The hooks with work: a mask for each resource.
    fileprivate mutating func work(_ graph: ActivityGraph, _ count: Int) {
        integers(graph.workMasks(ofResources: count).lazy.map { Int32($0) })
    }

    /// For each activity those that wait for it.
    fileprivate mutating func order(_ graph: ActivityGraph) {
        raw(0x5B)
        for origin in 0..<Int32(graph.count) {
            if origin > 0 { raw(0x2C) }
            integers(graph.successors(of: origin))
        }
        raw(0x5D)
    }

    /// A graph as format version 1 has it.
    fileprivate mutating func graph(_ graph: ActivityGraph) {
        raw("{\"activities\":")
        list(graph.activities) { writer, activity in
            writer.raw(0x5B)
            writer.integer(Int64(activity.resource))
            writer.raw(0x2C)
            writer.integer(Int64(activity.hook.rawValue))
            writer.raw(0x2C)
            writer.integer(activity.isBarrier ? 0 : 1)
            writer.raw(0x5D)
        }
        raw(",\"edges\":[")
        var first = true
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) {
                if !first { raw(0x2C) }
                first = false
                raw(0x5B)
                integer(Int64(origin))
                raw(0x2C)
                integer(Int64(target))
                raw(0x5D)
            }
        }
        raw("]}")
    }
}

extension OperationKind {
    /// Whether a format version has this operation.
    func isKnown(inVersion version: Int64) -> Bool { self != .copy || version > 1 }
}

extension ActivityGraph {
    /// For each resource the hooks with work: bit `h` stands for hook `h`.
    package func workMasks(ofResources count: Int) -> [UInt8] {
        var masks = [UInt8](repeating: 0, count: count)
        for activity in activities where !activity.isBarrier {
            masks[Int(activity.resource)] |= 1 << activity.hook.rawValue
        }
        return masks
    }

    /// The activities of resources with such work, four for each.
    package static func activities(working masks: some Collection<UInt8>) -> [Activity] {
        [Activity](unsafeUninitializedCapacity: masks.count * 4) { buffer, count in
            for (resource, mask) in masks.enumerated() {
                for hook in 0..<UInt8(4) {
                    buffer.initializeElement(
                        at: count,
                        to: Activity(
                            resource: Int32(resource), hook: Hook(rawValue: hook) ?? .complete,
                            isBarrier: mask & (1 << hook) == 0))
                    count += 1
                }
            }
        }
    }

    /// A graph from the targets of each activity; `offsets` and `targets` as they are stored.
    init(activities: [Activity], offsets: [Int32], targets: [Int32]) {
        self.activities = activities
        self.offsets = offsets
        self.targets = targets
    }
}
