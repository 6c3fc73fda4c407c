package import CanonicalForm

extension PlanIR {
    /// The IR as it is stored: canonical JSON with its digest, and a line feed.
    package var encoded: (bytes: [UInt8], digest: SHA256Digest) { encoded(as: PlanIR.version) }

    /// The IR in the form of one of the readable versions; an earlier one leaves out what it does not know.
    func encoded(as version: Int64) -> (bytes: [UInt8], digest: SHA256Digest) {
        let isFirst = version == 1
        // Members stand in canonical order. The digest comes second, and is filled in when it is known.
        var writer = JSONWriter(capacity: resources.count * (isFirst ? 1000 : 320))
        writer.raw("{\"description\":")
        writer.string(description)
        let start = writer.bytes.count
        writer.raw(",\"digest\":")
        let place = writer.bytes.count
        writer.string(SHA256Digest.blank)
        let end = writer.bytes.count
        if !isEnabled { writer.raw(",\"enabled\":false") }
        writer.raw(",\"format\":\"cairn.ir\"")
        if needsInventory && !isFirst { writer.raw(",\"needsInventory\":true") }
        if version > 2 {
            writer.raw(",\"notify\":")
            writer.list(notifications) { writer, notification in writer.object(notification.json) }
            writer.raw(",\"onFailure\":")
            writer.string(onFailure.rawValue)
        }
        writer.raw(",\"operations\":{")
        let operations = OperationKind.allCases.filter { $0.isKnown(inVersion: version) }
            .sorted { $0.rawValue < $1.rawValue }
        for (position, operation) in operations.enumerated() {
            if position > 0 { writer.raw(0x2C) }
            writer.string(operation.rawValue)
            writer.raw(0x3A)
            if isFirst { writer.graph(graph(operation)) } else { writer.work(graph(operation), resources.count) }
        }
        writer.raw("}")
        if !isFirst {
            writer.raw(",\"order\":")
            writer.lists(graphs[0].targets, offsets: graphs[0].offsets)
            writer.raw(",\"parameterOrigins\":")
            writer.list(parameterOrigins) { writer, origins in writer.object(origins) }
        }
        writer.raw(",\"parameterSets\":")
        writer.list(parameterSets) { writer, set in writer.object(set) }
        writer.raw(",\"plan\":")
        writer.string(plan)
        writer.raw(",\"plugins\":")
        writer.list(plugins) { writer, plugin in
            writer.object([
                "name": .string(plugin.name), "version": .integer(plugin.version),
                "digest": .string(plugin.digest.description),
            ])
        }
        writer.raw(",\"provider\":")
        writer.object(["name": .string(provider.name), "digest": .string(provider.digest.description)])
        writer.raw(",\"resources\":")
        writer.list(resources) { writer, resource in writer.resource(resource, discovers: !isFirst) }
        writer.raw(",\"retention\":")
        writer.object(retention)
        writer.raw(",\"sources\":")
        writer.list(sources) { writer, source in
            writer.object([
                "role": .string(source.role), "name": .string(source.name),
                "digest": .string(source.digest.description),
            ])
        }
        writer.raw(",\"triggers\":")
        writer.value(.array(triggers))
        writer.raw(",\"version\":")
        writer.integer(version)
        writer.raw(0x7D)

        let digest = SHA256Digest(of: [0..<start, end..<writer.bytes.count], in: writer.bytes)
        var text = JSONWriter()
        text.string(digest.description)
        writer.bytes.replaceSubrange(place..<end, with: text.bytes)
        writer.raw(0x0A)
        return (writer.bytes, digest)
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
        integers(graph.workMasks(ofResources: count).map { Int32($0) })
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
