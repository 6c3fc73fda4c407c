/// Writes a sealed record member by member, as `SealedRecord` would store it, without a tree of values in between: for
/// records of many thousand entries.
///
/// Members come in canonical order; `digest`, `format` and `version` are put between them by the writer itself.
package struct SealedRecordWriter {
    private var writer: JSONWriter
    /// What is still to be written by itself, the next one last.
    private var own: [(key: String, value: JSONValue?)]
    private var isFirst = true
    /// Where the digest stands, and where its member begins and ends.
    private var digestPlace = 0
    private var digestMember = 0..<0

    /// A record of a named format and version, with room for `capacity` bytes.
    package init(format: String, version: Int64, capacity: Int = 0) {
        writer = JSONWriter(capacity: capacity)
        own = [("version", .integer(version)), ("format", .string(format)), ("digest", nil)]
        writer.raw(0x7B)
    }

    /// Writes the next member; `write` writes its value.
    package mutating func member(_ key: String, _ write: (inout JSONWriter) -> Void) {
        while let next = own.last, JSONObject.precedes(next.key, key) { writeOwn() }
        begin(key)
        write(&writer)
    }

    /// Writes the next member.
    package mutating func member(_ key: String, _ value: JSONValue) { member(key) { $0.value(value) } }

    /// Ends the record; the bytes to store.
    package consuming func sealed() -> [UInt8] {
        while !own.isEmpty { writeOwn() }
        writer.raw(0x7D)
        let digest = SHA256Digest(
            of: [0..<digestMember.lowerBound, digestMember.upperBound..<writer.bytes.count], in: writer.bytes)
        writer.bytes.replaceSubrange(
            digestPlace..<digestPlace + SHA256Digest.blank.utf8.count, with: digest.description.utf8)
        writer.raw(0x0A)
        return writer.bytes
    }

    private mutating func begin(_ key: String) {
        if !isFirst { writer.raw(0x2C) }
        isFirst = false
        writer.string(key)
        writer.raw(0x3A)
    }

    private mutating func writeOwn() {
        guard let (key, value) = own.popLast() else { return }
        if let value {
            begin(key)
            writer.value(value)
            return
        }
        let wasFirst = isFirst
        let start = writer.bytes.count
        begin(key)
        digestPlace = writer.bytes.count + 1
        writer.string(SHA256Digest.blank)
        // Without the digest, the record has one comma less: the one before it, or behind it when it comes first.
        digestMember = start..<writer.bytes.count + (wasFirst ? 1 : 0)
    }
}
