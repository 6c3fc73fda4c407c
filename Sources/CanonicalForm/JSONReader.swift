/// What is wrong with a JSON text, and at which byte.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    /// Byte offset of the fault, from 0.
    package let offset: Int
    /// What was expected or found there.
    package let reason: String

    package var description: String { "byte \(offset): \(reason)" }
}

/// A pull parser over JSON bytes: the caller asks for what the format puts next.
///
/// It never recurses by itself; `value()` is bounded by `maximumDepth`. Duplicate keys are an error, as are invalid
/// UTF-8 and numbers outside of what records hold.
package struct JSONReader {
    /// The deepest nesting that `value()` accepts.
    package static let maximumDepth = 512

    private let bytes: [UInt8]
    /// Offset of the next unread byte.
    package private(set) var position: Int
    /// Whether all that was read is spelt as `JSONWriter` spells it.
    ///
    /// What the caller reads by itself, such as the order of the members of its objects, is its own to judge.
    package private(set) var isCanonical = true

    /// A reader at the first byte of `bytes`.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.position = 0
    }

    /// An error at the current position.
    package func failure(_ reason: String) -> JSONError { JSONError(offset: position, reason: reason) }

    /// Skips white space and returns the next byte without consuming it, 0 at the end.
    @inline(__always)
    package mutating func peek() -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                position += 1
                isCanonical = false
            } else {
                return byte
            }
        }
        return 0
    }

    /// Consumes one structural byte.
    @inline(__always)
    package mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte, position < bytes.count else {
            throw failure("expected '\(Character(UnicodeScalar(byte)))', found \(found())")
        }
        position += 1
    }

    /// Consumes `byte` if it comes next.
    @inline(__always)
    package mutating func consume(_ byte: UInt8) -> Bool {
        guard peek() == byte, position < bytes.count else { return false }
        position += 1
        return true
    }

    /// Demands that nothing but white space is left.
    package mutating func finish() throws(JSONError) {
        _ = peek()
        if position < bytes.count { throw failure("unexpected text after the end") }
    }

    /// Says that what was read is not as `JSONWriter` spells it.
    package mutating func markOtherSpelling() { isCanonical = false }

    /// Consumes exactly these bytes if they come next.
    @inline(__always)
    package mutating func consume(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard count <= bytes.count - position else { return false }
        let isSame = bytes.withUnsafeBufferPointer { buffer in
            for index in 0..<count where buffer[position + index] != text.utf8Start[index] { return false }
            return true
        }
        if isSame { position += count }
        return isSame
    }

    /// Consumes the string `text`, spelt without escapes, if it comes next.
    @inline(__always)
    package mutating func consume(quoted text: [UInt8]) -> Bool {
        let end = position + text.count + 1
        guard end < bytes.count, bytes[position] == 0x22, bytes[end] == 0x22 else { return false }
        let isSame = bytes.withUnsafeBufferPointer { buffer in
            for index in 0..<text.count where buffer[position + 1 + index] != text[index] { return false }
            return true
        }
        if isSame { position = end + 1 }
        return isSame
    }

    /// Returns to an earlier position, to read the same in another way.
    package mutating func rewind(to earlier: JSONReader) { self = earlier }

    /// Consumes a line feed that is the last byte of all, if it comes next.
    package mutating func consumeLastLineFeed() -> Bool {
        guard position == bytes.count - 1, bytes[position] == 0x0A else { return false }
        position += 1
        return true
    }

    private func found() -> String {
        guard position < bytes.count else { return "the end" }
        let byte = bytes[position]
        return byte >= 0x20 && byte < 0x7F ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    }

    // MARK: Scalars

    /// Reads an integer that fits 64 bits.
    package mutating func integer() throws(JSONError) -> Int64 {
        _ = peek()
        let start = position
        var negative = false
        if position < bytes.count && bytes[position] == 0x2D {
            negative = true
            position += 1
        }
        var value: Int64 = 0
        let digitsStart = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 {
            let digit = Int64(bytes[position] - 0x30)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, overflow2) =
                negative
                ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || overflow2 { throw JSONError(offset: start, reason: "the integer is too large") }
            value = next
            position += 1
        }
        let count = position - digitsStart
        if negative && value == 0 { isCanonical = false }
        if count == 0 { throw JSONError(offset: start, reason: "expected an integer, found \(found())") }
        if count > 1 && bytes[digitsStart] == 0x30 {
            throw JSONError(offset: start, reason: "a number has no leading zeros")
        }
        if position < bytes.count, bytes[position] == 0x2E || bytes[position] | 0x20 == 0x65 {
            throw JSONError(offset: start, reason: "expected an integer, found a fraction")
        }
        return value
    }

    /// Reads an array of integers that fit 32 bits, and appends them to `list`.
    package mutating func integers(appendingTo list: inout [Int32]) throws(JSONError) {
        try expect(0x5B)
        if consume(0x5D) { return }
        repeat {
            if let value = shortInteger() {
                list.append(value)
                continue
            }
            guard let value = Int32(exactly: try integer()) else { throw failure("the number is too large") }
            list.append(value)
        } while consume(0x2C)
        try expect(0x5D)
    }

    /// Reads an integer of at most nine digits that is spelt plainly; reads nothing at anything else.
    @inline(__always)
    private mutating func shortInteger() -> Int32? {
        let short: (value: Int32, end: Int)? = bytes.withUnsafeBufferPointer { buffer in
            var end = position
            var value: Int32 = 0
            while end < buffer.count {
                let digit = buffer[end] &- 0x30
                if digit > 9 {
                    let count = end - position
                    let isPlain = count > 0 && (count == 1 || buffer[position] != 0x30)
                    return isPlain && (buffer[end] == 0x2C || buffer[end] == 0x5D) ? (value, end) : nil
                }
                if end - position == 9 { return nil }
                value = value &* 10 &+ Int32(digit)
                end += 1
            }
            return nil
        }
        guard let short else { return nil }
        position = short.end
        return short.value
    }

    /// Reads a string.
    package mutating func string() throws(JSONError) -> String {
        guard peek() == 0x22, position < bytes.count else { throw failure("expected a string, found \(found())") }
        let start = position + 1
        // All that is not plain ASCII has its high bit in this.
        let (end, union): (Int, UInt8) = bytes.withUnsafeBufferPointer { buffer in
            var end = start
            var union: UInt8 = 0
            while end < buffer.count {
                let byte = buffer[end]
                if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
                union |= byte
                end += 1
            }
            return (end, union)
        }
        guard end < bytes.count, bytes[end] != 0x5C else { return try escapedString(from: start, firstEscape: end) }
        if bytes[end] < 0x20 { throw JSONError(offset: end, reason: "a control character must be escaped") }
        position = end + 1
        if union < 0x80 {
            return bytes.withUnsafeBufferPointer {
                String(decoding: UnsafeBufferPointer(rebasing: $0[start..<end]), as: UTF8.self)
            }
        }
        guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw JSONError(offset: start, reason: "the string is not valid UTF-8")
        }
        return text
    }

    private mutating func escapedString(from start: Int, firstEscape: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<firstEscape])
        var index = firstEscape
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x22:
                position = index
                guard let decoded = String(validating: text, as: UTF8.self) else {
                    throw JSONError(offset: start, reason: "the string is not valid UTF-8")
                }
                var writer = JSONWriter()
                writer.string(decoded)
                if !writer.bytes.elementsEqual(bytes[(start - 1)..<index]) { isCanonical = false }
                return decoded
            case 0x5C:
                let (scalar, next) = try escape(at: index)
                text.append(contentsOf: String(scalar).utf8)
                index = next
            case 0..<0x20:
                throw JSONError(offset: index - 1, reason: "a control character must be escaped")
            default:
                text.append(byte)
            }
        }
        throw JSONError(offset: start - 1, reason: "the string does not end")
    }

    private func escape(at index: Int) throws(JSONError) -> (UnicodeScalar, Int) {
        guard index < bytes.count else { throw JSONError(offset: index, reason: "the string does not end") }
        switch bytes[index] {
        case 0x22: return ("\"", index + 1)
        case 0x5C: return ("\\", index + 1)
        case 0x2F: return ("/", index + 1)
        case 0x62: return ("\u{8}", index + 1)
        case 0x66: return ("\u{C}", index + 1)
        case 0x6E: return ("\n", index + 1)
        case 0x72: return ("\r", index + 1)
        case 0x74: return ("\t", index + 1)
        case 0x75:
            let high = try fourHexDigits(at: index + 1)
            if let scalar = UnicodeScalar(high) { return (scalar, index + 5) }
            if high < 0xDC00, index + 6 < bytes.count, bytes[index + 5] == 0x5C, bytes[index + 6] == 0x75 {
                let low = try fourHexDigits(at: index + 7)
                if low >= 0xDC00 && low < 0xE000,
                    let scalar = UnicodeScalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                {
                    return (scalar, index + 11)
                }
            }
            throw JSONError(offset: index - 1, reason: "a surrogate without its partner")
        default:
            throw JSONError(offset: index - 1, reason: "unknown escape")
        }
    }

    private func fourHexDigits(at index: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw JSONError(offset: index, reason: "expected four hex digits") }
        var value: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Hexadecimal.value(of: byte) else {
                throw JSONError(offset: index, reason: "expected four hex digits")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Structures

    /// Reads any value.
    package mutating func value() throws(JSONError) -> JSONValue { try value(depth: 0) }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        if depth > JSONReader.maximumDepth { throw failure("nested deeper than \(JSONReader.maximumDepth) levels") }
        switch peek() {
        case 0x7B:
            position += 1
            var members: [JSONObject.Member] = []
            var isSorted = true
            if !consume(0x7D) {
                repeat {
                    let key = try string()
                    try expect(0x3A)
                    if let last = members.last, !JSONObject.precedes(last.key, key) { isSorted = false }
                    members.append(JSONObject.Member(key: key, value: try value(depth: depth + 1)))
                } while consume(0x2C)
                try expect(0x7D)
            }
            if isSorted { return .object(JSONObject(sorted: members)) }
            isCanonical = false
            let object = JSONObject(members.map { ($0.key, $0.value) })
            if object.members.count != members.count { throw failure("an object has the same key twice") }
            return .object(object)
        case 0x5B:
            position += 1
            var elements: [JSONValue] = []
            if !consume(0x5D) {
                repeat { elements.append(try value(depth: depth + 1)) } while consume(0x2C)
                try expect(0x5D)
            }
            return .array(elements)
        case 0x22: return .string(try string())
        case 0x74:
            try word("true")
            return .bool(true)
        case 0x66:
            try word("false")
            return .bool(false)
        case 0x6E:
            try word("null")
            return .null
        default: return try number()
        }
    }

    /// Reads `true` or `false`.
    package mutating func bool() throws(JSONError) -> Bool {
        if peek() == 0x74 {
            try word("true")
            return true
        }
        try word("false")
        return false
    }

    private mutating func word(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count,
            text.withUTF8Buffer({ $0.elementsEqual(bytes[position..<position + count]) })
        else { throw failure("expected \(text)") }
        position += count
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        var end = position
        if end < bytes.count && bytes[end] == 0x2D { end += 1 }
        let digits = end
        while end < bytes.count, bytes[end] &- 0x30 < 10 { end += 1 }
        guard end > digits else { throw failure("expected a value, found \(found())") }
        var fractional = false
        if end < bytes.count && bytes[end] == 0x2E {
            fractional = true
            let fraction = end + 1
            end = fraction
            while end < bytes.count, bytes[end] &- 0x30 < 10 { end += 1 }
            guard end > fraction else { throw JSONError(offset: end, reason: "expected a digit") }
        }
        if end < bytes.count && bytes[end] | 0x20 == 0x65 {
            fractional = true
            end += 1
            if end < bytes.count && (bytes[end] == 0x2B || bytes[end] == 0x2D) { end += 1 }
            let exponent = end
            while end < bytes.count, bytes[end] &- 0x30 < 10 { end += 1 }
            guard end > exponent else { throw JSONError(offset: end, reason: "expected a digit") }
        }
        // An integral double beyond 64 bits is written without a fraction too.
        if !fractional && end - digits <= 18 { return .integer(try integer()) }
        if bytes[digits] == 0x30 && end > digits + 1 && bytes[digits + 1] &- 0x30 < 10 {
            throw JSONError(offset: start, reason: "a number has no leading zeros")
        }
        guard let value = Double(String(decoding: bytes[start..<end], as: UTF8.self)), value.isFinite else {
            throw JSONError(offset: start, reason: "the number is out of range")
        }
        position = end
        if !fractional, let exact = Int64(String(decoding: bytes[start..<end], as: UTF8.self)) {
            return .integer(exact)
        }
        var writer = JSONWriter()
        writer.number(value)
        if !writer.bytes.elementsEqual(bytes[start..<end]) { isCanonical = false }
        return .number(value)
    }
}

extension JSONValue {
    /// Parses one JSON text.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.value()
        try reader.finish()
    }
}
