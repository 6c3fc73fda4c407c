/// A JSON value whose objects are sorted and free of duplicate keys, so that equal values have equal bytes.
///
/// Numbers keep the two kinds that records and manifests need: 64-bit integers and doubles. A double with an
/// integral value is written like the integer, as RFC 8785 does.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The text of a string value, else `nil`.
    package var stringValue: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The integer of an integer value, or of a double that is integral and exact, else `nil`.
    package var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The truth value of a boolean, else `nil`.
    package var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements of an array, else `nil`.
    package var arrayValue: [JSONValue]? {
        if case .array(let values) = self { return values }
        return nil
    }

    /// The members of an object, else `nil`.
    package var objectValue: JSONObject? {
        if case .object(let object) = self { return object }
        return nil
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    // Not by `nil`: a literal `nil` would then mean a JSON null where an absent value is meant.

    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

/// The members of a JSON object, sorted by key in UTF-16 order (RFC 8785), each key once.
package struct JSONObject: Sendable, Hashable {
    /// One key with its value.
    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: JSONValue
    }

    /// The members in canonical order.
    package private(set) var members: [Member]

    /// An object without members.
    package init() { members = [] }

    /// An object of members that are in canonical order, each key once.
    init(sorted members: [Member]) { self.members = members }

    /// An object with the given members; of two with the same key, the later wins.
    package init(_ pairs: some Sequence<(String, JSONValue)>) {
        members = pairs.map { Member(key: $0.0, value: $0.1) }
        guard members.count > 1 else { return }
        // A stable sort keeps the later of two equal keys behind the earlier one.
        members.sort { JSONObject.precedes($0.key, $1.key) }
        var kept: [Member] = []
        kept.reserveCapacity(members.count)
        for member in members {
            if let last = kept.last, JSONObject.same(last.key, member.key) {
                kept[kept.count - 1] = member
            } else {
                kept.append(member)
            }
        }
        members = kept
    }

    /// Whether there are no members.
    package var isEmpty: Bool { members.isEmpty }

    /// The value of `key`; setting `nil` removes it.
    package subscript(key: String) -> JSONValue? {
        get {
            let index = position(of: key)
            return index < members.count && JSONObject.same(members[index].key, key) ? members[index].value : nil
        }
        set {
            let index = position(of: key)
            let found = index < members.count && JSONObject.same(members[index].key, key)
            switch (newValue, found) {
            case (let value?, true): members[index].value = value
            case (let value?, false): members.insert(Member(key: key, value: value), at: index)
            case (nil, true): members.remove(at: index)
            case (nil, false): break
            }
        }
    }

    private func position(of key: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if JSONObject.precedes(members[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Keys are the same when their bytes are: Unicode's equivalent spellings are different keys.
    private static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

    private static func isASCII(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var union: UInt8 = 0
        for byte in text { union |= byte }
        return union < 0x80
    }

    /// Canonical key order: by UTF-16 code units.
    package static func precedes(_ a: String, _ b: String) -> Bool {
        // For text without surrogates, byte order and UTF-16 order agree, and the standard order is quicker.
        var (first, second) = (a, b)
        let order: Bool? = first.withUTF8 { first in
            second.withUTF8 { second in
                guard isASCII(first) && isASCII(second) else { return nil }
                for index in 0..<min(first.count, second.count) where first[index] != second[index] {
                    return first[index] < second[index]
                }
                return first.count < second.count
            }
        }
        return order ?? a.utf16.lexicographicallyPrecedes(b.utf16)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
