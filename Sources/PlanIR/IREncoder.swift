package import CanonicalForm

extension PlanIR {
    /// The IR as it is stored: canonical JSON with its digest, and a line feed.
    package var encoded: (bytes: [UInt8], digest: SHA256Digest) {
        // Members stand in canonical order; `digest` comes second, so the text is made in two pieces around it.
        var head = JSONWriter()
        head.raw("{\"description\":")
        head.string(description)
        var tail = JSONWriter(capacity: resources.count * 1000)
        if !isEnabled { tail.raw(",\"enabled\":false") }
        tail.raw(",\"format\":\"cairn.ir\",\"operations\":{")
        let operations = OperationKind.allCases.sorted { $0.rawValue < $1.rawValue }
        for (position, operation) in operations.enumerated() {
            if position > 0 { tail.raw(0x2C) }
            tail.string(operation.rawValue)
            tail.raw(0x3A)
            tail.graph(graph(operation))
        }
        tail.raw("},\"parameterSets\":")
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
        tail.list(resources) { writer, resource in writer.resource(resource) }
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
        tail.integer(PlanIR.version)
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

    fileprivate mutating func resource(_ resource: PlanIR.Resource) {
        raw("{\"dependents\":")
        integers(resource.dependents)
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
