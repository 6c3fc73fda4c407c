/// Why a sealed record was refused.
package enum SealedRecordError: Error, Hashable, CustomStringConvertible {
    /// The bytes are not JSON.
    case notJSON(JSONError)
    /// The JSON is not an object with a `digest`.
    case notSealed
    /// The content does not have the digest that it carries.
    case damaged(expected: String, actual: String)
    /// A member is missing or has another kind than the record's format says.
    case malformed(member: String, expected: String)
    /// The record has a format or version that this program does not know.
    case unknownFormat(found: String, expected: String)

    package var description: String {
        switch self {
        case .notJSON(let error): "not a JSON text (\(error))"
        case .notSealed: "the record carries no digest"
        case .damaged(let expected, let actual): "the record is damaged: it carries \(expected) but has \(actual)"
        case .malformed(let member, let expected): "'\(member)' should be \(expected)"
        case .unknownFormat(let found, let expected): "format \(found) is unknown here (expected \(expected))"
        }
    }
}

/// A JSON object that carries the SHA-256 of its own canonical form (without the member `digest`), so that one changed
/// byte is always noticed.
package struct SealedRecord: Sendable, Hashable {
    /// The members, without `digest`.
    package let content: JSONObject
    /// The digest over the canonical form of `content`.
    package let digest: SHA256Digest

    /// Seals `content`; a member called `digest` is replaced.
    package init(_ content: JSONObject) {
        var content = content
        content["digest"] = nil
        self.content = content
        self.digest = SHA256Digest(of: JSONValue.object(content).canonicalBytes)
    }

    /// Seals an object of a named format and version.
    package init(format: String, version: Int64, _ members: JSONObject) {
        var content = members
        content["format"] = .string(format)
        content["version"] = .integer(version)
        self.init(content)
    }

    /// The bytes to store: canonical JSON and a line feed.
    package var bytes: [UInt8] {
        var sealed = content
        sealed["digest"] = .string(digest.description)
        return JSONValue.object(sealed).canonicalBytes + [0x0A]
    }

    /// Opens stored bytes; throws when they are not what was sealed.
    ///
    /// The bytes must be the canonical form itself, so that no byte can change unseen, not even white space.
    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let members: [JSONObject.Member]
        let seal: Seal?
        do { (members, seal) = try Self.members(of: bytes) } catch { throw .notJSON(error) }
        var content = JSONObject(members.map { ($0.key, $0.value) })
        guard content.members.count == members.count else {
            throw .notJSON(JSONError(offset: 0, reason: "an object has the same key twice"))
        }
        guard let carried = content["digest"]?.stringValue else { throw .notSealed }
        content["digest"] = nil
        self.content = content
        guard let seal else {
            // What is not canonical is refused in any case; how it was damaged is told by its canonical form.
            digest = SHA256Digest(of: JSONValue.object(content).canonicalBytes)
            if carried != digest.description { throw .damaged(expected: carried, actual: digest.description) }
            throw .damaged(expected: "canonical JSON", actual: "other white space")
        }
        digest = SHA256Digest(of: [0..<seal.member.lowerBound, seal.member.upperBound..<seal.end], in: bytes)
        guard carried == digest.description else {
            throw .damaged(expected: carried, actual: digest.description)
        }
    }

    /// Where the digest stands in a canonical text.
    private struct Seal {
        /// The member with the comma that goes with it.
        var member: Range<Int>
        /// The end of the object, before the line feed.
        var end: Int
    }

    /// Reads the members of an object; the seal is `nil` when the text is not canonical, or has none.
    private static func members(of bytes: [UInt8]) throws(JSONError) -> ([JSONObject.Member], Seal?) {
        var reader = JSONReader(bytes)
        guard reader.peek() == 0x7B else {
            // Anything else is no record, but its faults come first.
            _ = try reader.value()
            try reader.finish()
            return ([], nil)
        }
        try reader.expect(0x7B)
        var members: [JSONObject.Member] = []
        var seal: Range<Int>?
        if !reader.consume(0x7D) {
            repeat {
                // With the comma before it, which the first member does not have.
                let start = reader.position - (members.isEmpty ? 0 : 1)
                let key = try reader.string()
                try reader.expect(0x3A)
                let value = try reader.value()
                if let last = members.last, !JSONObject.precedes(last.key, key) { reader.markOtherSpelling() }
                members.append(JSONObject.Member(key: key, value: value))
                if key == "digest" { seal = start..<reader.position }
            } while reader.consume(0x2C)
            try reader.expect(0x7D)
        }
        let end = reader.position
        let isWhole = reader.isCanonical && reader.consumeLastLineFeed()
        try reader.finish()
        guard isWhole, var seal else { return (members, nil) }
        // The first member goes with the comma behind it instead.
        if seal.lowerBound == 1 && members.count > 1 { seal = 1..<seal.upperBound + 1 }
        return (members, Seal(member: seal, end: end))
    }

    /// Opens stored bytes of a named format and version.
    package init(opening bytes: [UInt8], format: String, version: Int64) throws(SealedRecordError) {
        try self.init(opening: bytes, format: format, versions: version...version)
    }

    /// Opens stored bytes of a named format in one of several versions: see `version`.
    package init(
        opening bytes: [UInt8], format: String, versions: ClosedRange<Int64>
    ) throws(SealedRecordError) {
        try self.init(opening: bytes)
        let found = content["format"]?.stringValue ?? "?"
        guard found == format, versions.contains(version) else {
            throw .unknownFormat(found: "\(found) \(version)", expected: "\(format) \(versions.upperBound)")
        }
    }

    /// The version that the record says it has; -1 where it says none.
    package var version: Int64 { content["version"]?.integerValue ?? -1 }
}

extension JSONObject {
    /// The string member `key`; throws `malformed` when it is missing or of another kind.
    package func string(_ key: String) throws(SealedRecordError) -> String {
        guard let value = self[key]?.stringValue else { throw .malformed(member: key, expected: "a string") }
        return value
    }

    /// The integer member `key`; throws `malformed` when it is missing or of another kind.
    package func integer(_ key: String) throws(SealedRecordError) -> Int64 {
        guard let value = self[key]?.integerValue else { throw .malformed(member: key, expected: "an integer") }
        return value
    }

    /// The array member `key`; throws `malformed` when it is missing or of another kind.
    package func array(_ key: String) throws(SealedRecordError) -> [JSONValue] {
        guard let value = self[key]?.arrayValue else { throw .malformed(member: key, expected: "an array") }
        return value
    }

    /// The object member `key`; throws `malformed` when it is missing or of another kind.
    package func object(_ key: String) throws(SealedRecordError) -> JSONObject {
        guard let value = self[key]?.objectValue else { throw .malformed(member: key, expected: "an object") }
        return value
    }

    /// The digest member `key`; throws `malformed` when it is missing or of another kind.
    package func digest(_ key: String) throws(SealedRecordError) -> SHA256Digest {
        guard let value = self[key]?.stringValue.flatMap({ SHA256Digest($0) }) else {
            throw .malformed(member: key, expected: "a SHA-256 digest")
        }
        return value
    }
}
