import CanonicalForm

extension CommitRecord {
    /// Reads bytes that are spelt exactly as `bytes` spells them, without a tree of values; `nil` at anything else, of
    /// which the general way of reading then tells what is wrong. The digest is checked.
    init?(spelledAsWritten bytes: [UInt8]) {
        var reader = JSONReader(bytes)
        guard let record = try? Self.read(&reader, bytes) else { return nil }
        self = record
    }

    private static func read(_ reader: inout JSONReader, _ bytes: [UInt8]) throws -> Self? {
        guard reader.consume("{\"checkpoint\":"), let checkpoint = CheckpointID(try reader.string()),
            reader.consume(",\"contentBytes\":")
        else { return nil }
        let contentBytes = try reader.integer()
        guard reader.consume(",\"definitions\":"), let digests = digests(try reader.value()) else { return nil }
        let start = reader.position
        guard reader.consume(",\"digest\":") else { return nil }
        let digest = try reader.string()
        let behind = reader.position
        guard reader.consume(",\"epoch\":"), let epoch = UInt32(exactly: try reader.integer()),
            reader.consume(",\"failures\":"), let failures = try failures(try reader.value()),
            reader.consume(",\"finished\":"), let finished = Timestamp(text: try reader.string()),
            reader.consume(",\"format\":\"cairn.commit\",\"journalSegments\":"),
            let segments = UInt32(exactly: try reader.integer()),
            reader.consume(",\"resources\":["), let resources = try entries(&reader),
            reader.consume(",\"status\":"), let status = CheckpointStatus(rawValue: try reader.string()),
            status == .available || status == .error, reader.consume(",\"version\":2}")
        else { return nil }
        let end = reader.position
        guard reader.isCanonical, reader.consumeLastLineFeed(),
            SHA256Digest(of: [0..<start, behind..<end], in: bytes).description == digest
        else { return nil }
        return CommitRecord(
            checkpoint: checkpoint, epoch: epoch, status: status, finished: finished, resources: resources,
            failures: failures, contentBytes: contentBytes, journalSegments: segments, definitions: .packs(digests))
    }

    private static func digests(_ value: JSONValue) -> [SHA256Digest]? {
        guard let list = value.arrayValue else { return nil }
        let digests = list.compactMap { $0.stringValue.flatMap { SHA256Digest($0) } }
        return digests.count == list.count ? digests : nil
    }

    private static func failures(_ value: JSONValue) throws -> [ResourceFailure]? {
        try value.arrayValue?.map { value in
            guard let object = value.objectValue else {
                throw SealedRecordError.malformed(member: "failures", expected: "objects")
            }
            return try ResourceFailure(object)
        }
    }

    /// The entries of an array whose bracket was read.
    private static func entries(_ reader: inout JSONReader) throws -> [ResourceEntry]? {
        var entries: [ResourceEntry] = []
        if reader.consume("]") { return entries }
        repeat {
            guard let entry = try entry(&reader) else { return nil }
            entries.append(entry)
        } while reader.consume(",")
        return reader.consume("]") ? entries : nil
    }

    private static func entry(_ reader: inout JSONReader) throws -> ResourceEntry? {
        guard reader.consume("{\"bytes\":") else { return nil }
        let bytes = try reader.integer()
        guard reader.consume(",\"contentBytes\":") else { return nil }
        let contentBytes = try reader.integer()
        let hook = reader.consume(",\"hook\":") ? try reader.string() : ""
        let message = reader.consume(",\"message\":") ? try reader.string() : ""
        guard reader.consume(",\"ms\":[") else { return nil }
        var milliseconds: [Int64] = []
        if !reader.consume("]") {
            milliseconds.reserveCapacity(4)
            repeat { milliseconds.append(try reader.integer()) } while reader.consume(",")
            guard reader.consume("]") else { return nil }
        }
        guard reader.consume(",\"resource\":") else { return nil }
        let resource = try reader.string()
        guard reader.consume(",\"status\":"), let status = ResourceEntry.Status(rawValue: try reader.string()),
            reader.consume(",\"warnings\":")
        else { return nil }
        let warnings = try reader.integer()
        guard reader.consume("}") else { return nil }
        return ResourceEntry(
            resource: resource, status: status, hook: hook, message: message, bytes: bytes,
            contentBytes: contentBytes, warnings: warnings, milliseconds: milliseconds)
    }
}
