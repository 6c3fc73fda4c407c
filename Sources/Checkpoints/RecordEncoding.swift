import CanonicalForm
import PluginKit

// The records of a checkpoint that have an entry for every resource are written without a tree of values in between.

extension CommitRecord {
    /// The bytes to store, of the newest version; a record of version 1 is never written again.
    package var bytes: [UInt8] {
        var record = SealedRecordWriter(
            format: Self.format, version: Self.version, capacity: 1024 + resources.count * 160)
        record.member("checkpoint", .string(checkpoint.text))
        record.member("contentBytes", .integer(contentBytes))
        record.member("definitions") { writer in
            guard case .packs(let digests) = definitions else { return writer.raw("[]") }
            writer.list(digests) { $0.string($1.description) }
        }
        record.member("epoch", .integer(Int64(epoch)))
        record.member("failures", .array(failures.map(\.json)))
        record.member("finished", .string(finished.description))
        record.member("journalSegments", .integer(Int64(journalSegments)))
        record.member("resources") { writer in writer.list(resources) { $1.write(to: &$0) } }
        record.member("status", .string(status.rawValue))
        return record.sealed()
    }
}

extension CommitRecord.ResourceEntry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.raw("{\"bytes\":")
        writer.integer(bytes)
        writer.raw(",\"contentBytes\":")
        writer.integer(contentBytes)
        if !hook.isEmpty {
            writer.raw(",\"hook\":")
            writer.string(hook)
        }
        if !message.isEmpty {
            writer.raw(",\"message\":")
            writer.string(message)
        }
        writer.raw(",\"ms\":")
        writer.list(milliseconds) { $0.integer($1) }
        writer.raw(",\"resource\":")
        writer.string(resource)
        writer.raw(",\"status\":")
        writer.string(status.rawValue)
        writer.raw(",\"warnings\":")
        writer.integer(warnings)
        writer.raw(0x7D)
    }
}

extension DefinitionPack {
    /// The bytes to store.
    package var bytes: [UInt8] {
        var record = SealedRecordWriter(
            format: Self.format, version: Self.version, capacity: 1024 + definitions.count * 320)
        record.member("checkpoint", .string(checkpoint.text))
        record.member("definitions") { writer in
            // Those of one plugin follow each other: their digest is spelt once.
            var known: (digest: SHA256Digest, text: String)?
            writer.list(definitions) { writer, definition in
                let digest = definition.pluginDigest
                let text = known.flatMap { $0.digest == digest ? $0.text : nil } ?? digest.description
                known = (digest, text)
                definition.write(to: &writer, pluginDigest: text)
            }
        }
        record.member("pack", .integer(Int64(number)))
        return record.sealed()
    }
}

extension DefinitionRecord {
    fileprivate func write(to writer: inout JSONWriter, pluginDigest: String) {
        writer.raw("{\"artifacts\":")
        writer.list(artifacts) { $0.object($1.json) }
        writer.raw(",\"definition\":")
        writer.object(definition)
        writer.raw(",\"plugin\":")
        writer.string(plugin)
        writer.raw(",\"pluginDigest\":")
        writer.string(pluginDigest)
        writer.raw(",\"resource\":")
        writer.string(resource)
        writer.raw(",\"warnings\":")
        warnings.write(to: &writer)
        writer.raw(0x7D)
    }
}

extension WarningList {
    /// Writes what `json` gives.
    func write(to writer: inout JSONWriter) {
        writer.raw("{\"count\":")
        writer.integer(count)
        writer.raw(",\"first\":")
        writer.list(warnings) { writer, warning in
            writer.raw("{\"kind\":")
            writer.string(warning.kind)
            writer.raw(",\"message\":")
            writer.string(warning.message)
            writer.raw(",\"subject\":")
            writer.string(warning.subject)
            writer.raw(0x7D)
        }
        writer.raw(0x7D)
    }
}

extension JSONWriter {
    /// Appends an array, each element of which `write` writes.
    fileprivate mutating func list<Element>(
        _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        raw(0x5B)
        var isFirst = true
        for element in elements {
            if !isFirst { raw(0x2C) }
            isFirst = false
            write(&self, element)
        }
        raw(0x5D)
    }
}
