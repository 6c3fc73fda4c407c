/// Appends JSON text to a byte buffer; with sorted keys and no white space it is canonical (RFC 8785).
package struct JSONWriter {
    /// The bytes written so far.
    package var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes.
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Appends one ASCII byte, such as a bracket or a comma.
    @inline(__always)
    package mutating func raw(_ byte: UInt8) { bytes.append(byte) }

    /// Appends text that is known to need no quoting.
    @inline(__always)
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Appends a decimal integer.
    package mutating func integer(_ value: Int64) {
        if value >= 0 && value < 10 {
            bytes.append(0x30 + UInt8(value))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            let start = JSONWriter.write(value, before: 20, in: digits)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
        }
    }

    /// Writes an integer so that it ends before `end`; returns where it begins.
    @inline(__always)
    private static func write(_ value: Int64, before end: Int, in digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var magnitude = value.magnitude
        var start = end
        repeat {
            start -= 1
            digits[start] = 0x30 + UInt8(truncatingIfNeeded: magnitude % 10)
            magnitude /= 10
        } while magnitude > 0
        if value < 0 {
            start -= 1
            digits[start] = 0x2D
        }
        return start
    }

    /// Appends an array of arrays of integers: list `i` is `values[offsets[i]..<offsets[i + 1]]`.
    package mutating func lists(_ values: [Int32], offsets: [Int32]) {
        raw(0x5B)
        // They are written backwards in pieces of so many bytes, of which one list takes some.
        let capacity = 4096
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { piece in
            for list in 0..<max(0, offsets.count - 1) {
                let span = Int(offsets[list])..<Int(offsets[list + 1])
                if list > 0 { raw(0x2C) }
                if span.count > 256 {
                    integers(Array(values[span]))
                    continue
                }
                var start = capacity - 1
                piece[start] = 0x5D
                for position in span.reversed() {
                    start = JSONWriter.write(Int64(values[position]), before: start, in: piece) - 1
                    piece[start] = 0x2C
                }
                // The last comma written stands where the bracket belongs.
                if span.isEmpty { start -= 1 }
                piece[start] = 0x5B
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: piece[start...]))
            }
        }
        raw(0x5D)
    }

    /// Appends an array of integers.
    package mutating func integers(_ values: [Int32]) {
        raw(0x5B)
        var isFirst = true
        for value in values {
            if !isFirst { raw(0x2C) }
            isFirst = false
            integer(Int64(value))
        }
        raw(0x5D)
    }

    /// Appends a double as ECMAScript prints it; a value that JSON cannot hold (infinite, NaN) is written as `null`.
    package mutating func number(_ value: Double) {
        guard value.isFinite else {
            raw("null")
            return
        }
        if value == value.rounded(.towardZero), abs(value) < 9_007_199_254_740_992 {
            integer(Int64(value))
            return
        }
        bytes.append(contentsOf: ECMAScriptNumber.text(of: value).utf8)
    }

    /// Appends a quoted string, escaping only what JSON demands.
    package mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            bytes.append(0x22)
            appendEscaped(utf8)
            bytes.append(0x22)
        }
    }

    /// Appends a quoted string from UTF-8 bytes, escaping only what JSON demands.
    package mutating func string(utf8: some Sequence<UInt8>) {
        bytes.append(0x22)
        for byte in utf8 { appendEscaped(byte) }
        bytes.append(0x22)
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var plainStart = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte >= 0x20 && byte != 0x22 && byte != 0x5C { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plainStart..<index]))
            appendEscaped(byte)
            plainStart = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plainStart..<text.count]))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case 0x22: raw("\\\"")
        case 0x5C: raw("\\\\")
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0A: raw("\\n")
        case 0x0C: raw("\\f")
        case 0x0D: raw("\\r")
        case 0..<0x20:
            raw("\\u00")
            bytes.append(JSONWriter.hexadecimal[Int(byte >> 4)])
            bytes.append(JSONWriter.hexadecimal[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    package static let hexadecimal: [UInt8] = Array("0123456789abcdef".utf8)

    /// Appends any value in canonical form.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .bool(let flag): if flag { raw("true") } else { raw("false") }
        case .integer(let number): integer(number)
        case .number(let number): self.number(number)
        case .string(let text): string(text)
        case .array(let elements):
            raw(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { raw(0x2C) }
                self.value(element)
            }
            raw(0x5D)
        case .object(let object): self.object(object)
        }
    }

    /// Appends an object in canonical form.
    package mutating func object(_ object: JSONObject) {
        raw(0x7B)
        for (index, member) in object.members.enumerated() {
            if index > 0 { raw(0x2C) }
            string(member.key)
            raw(0x3A)
            value(member.value)
        }
        raw(0x7D)
    }
}

/// ECMAScript's `Number::toString`, which RFC 8785 prescribes for numbers.
enum ECMAScriptNumber {
    static func text(of value: Double) -> String {
        if value < 0 { return "-" + text(of: -value) }
        // Swift prints the shortest digits that round-trip, as ECMAScript does; only the layout differs.
        let printed = "\(value)"
        var mantissa = printed
        var exponent = 0
        if let mark = printed.firstIndex(of: "e") {
            mantissa = String(printed[..<mark])
            exponent = Int(printed[printed.index(after: mark)...]) ?? 0
        }
        var digits = ""
        var point = mantissa.count
        for (index, character) in mantissa.enumerated() {
            if character == "." { point = index } else { digits.append(character) }
        }
        point += exponent
        let leadingZeros = digits.prefix { $0 == "0" }.count
        digits.removeFirst(leadingZeros)
        point -= leadingZeros
        while digits.hasSuffix("0") { digits.removeLast() }
        let count = digits.count
        if count <= point && point <= 21 {
            return digits + String(repeating: "0", count: point - count)
        }
        if 0 < point && point <= 21 {
            return digits.prefix(point) + "." + digits.dropFirst(point)
        }
        if -6 < point && point <= 0 {
            return "0." + String(repeating: "0", count: -point) + digits
        }
        let power = point - 1
        let sign = power < 0 ? "-" : "+"
        let tail = count == 1 ? "" : "." + digits.dropFirst()
        return digits.prefix(1) + tail + "e" + sign + "\(abs(power))"
    }
}

extension JSONValue {
    /// The canonical bytes of the value.
    package var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// The canonical text of the value.
    package var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    /// The value indented by two spaces, for people; ends with a line feed.
    package var prettyText: String {
        var out = ""
        JSONValue.pretty(self, indent: 0, into: &out)
        out.append("\n")
        return out
    }

    private static func pretty(_ value: JSONValue, indent: Int, into out: inout String) {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch value {
        case .array(let elements) where !elements.isEmpty:
            out.append("[\n")
            for (index, element) in elements.enumerated() {
                out.append(inner)
                pretty(element, indent: indent + 1, into: &out)
                out.append(index + 1 < elements.count ? ",\n" : "\n")
            }
            out.append(outer + "]")
        case .object(let object) where !object.isEmpty:
            out.append("{\n")
            for (index, member) in object.members.enumerated() {
                out.append(inner + JSONValue.string(member.key).canonicalText + ": ")
                pretty(member.value, indent: indent + 1, into: &out)
                out.append(index + 1 < object.members.count ? ",\n" : "\n")
            }
            out.append(outer + "}")
        default:
            out.append(value.canonicalText)
        }
    }
}
