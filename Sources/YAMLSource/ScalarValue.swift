package import CanonicalForm

/// What a scalar means under YAML 1.2's core schema.
package enum ScalarValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Also integers that do not fit 64 bits; never infinite or NaN.
    case number(Double)
    case string(String)
}

extension TreeView {
    /// Whether a scalar means a string; `false` for containers.
    package func isString(_ node: Int32) -> Bool {
        let record = record(node)
        guard record.kind == .scalar else { return false }
        switch record.tag {
        case .string: return true
        case .null, .faulty: return false
        case .none where record.style != .plain: return true
        default: return !CoreSchema.mayBeOther(bytes(node)) || isResolvedString(node)
        }
    }

    private func isResolvedString(_ node: Int32) -> Bool {
        if case .string = scalarValue(node) { return true }
        return false
    }

    /// The meaning of a scalar; a container counts as null.
    package func scalarValue(_ node: Int32) -> ScalarValue {
        let record = record(node)
        guard record.kind == .scalar else { return .null }
        switch record.tag {
        case .string: return .string(String(decoding: bytes(node), as: UTF8.self))
        case .null, .faulty: return .null
        case .none where record.style != .plain: return .string(String(decoding: bytes(node), as: UTF8.self))
        default: return CoreSchema.resolve(bytes(node))
        }
    }
}

extension LocatedNode {
    /// The meaning of a scalar; a container counts as null.
    package var scalarValue: ScalarValue {
        guard kind == .scalar else { return .null }
        switch tag {
        case .string: return .string(text)
        case .null, .faulty: return .null
        case .none where style != .plain: return .string(text)
        default: return withText { CoreSchema.resolve($0) }
        }
    }

    /// The node as JSON: scalars by the core schema, keys as text.
    ///
    /// Depth and size are bounded by the parser's limits.
    package var jsonValue: JSONValue {
        switch kind {
        case .scalar:
            switch scalarValue {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .number(let value): .number(value)
            case .string(let value): .string(value)
            }
        case .sequence: .array((0..<count).map { element($0).jsonValue })
        case .mapping:
            .object(
                JSONObject(
                    (0..<count).map { position in
                        let entry = entry(position)
                        return (entry.key.text, entry.value.jsonValue)
                    }))
        }
    }

    /// Whether the node, as a whole document, says nothing: `---` and nothing behind it.
    package var isEmptyDocument: Bool { kind == .scalar && style == .plain && !isFaulty && text.isEmpty }

    /// Whether the node is a scalar that means null.
    package var isNull: Bool { kind == .scalar && scalarValue == .null }
}

/// The resolution of plain scalars, https://yaml.org/spec/1.2.2/#1032-tag-resolution.
enum CoreSchema {
    /// Whether a plain scalar begins like something that is no string: for most texts one byte tells.
    static func mayBeOther(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        switch first {
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"):
            return text.count <= 5
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): return true
        default: return false
        }
    }

    static func resolve(_ text: UnsafeBufferPointer<UInt8>) -> ScalarValue {
        guard let first = text.first else { return .null }
        switch first {
        case UInt8(ascii: "~") where text.count == 1: return .null
        case UInt8(ascii: "n"), UInt8(ascii: "N"):
            if matches(text, "null", "Null", "NULL") { return .null }
        case UInt8(ascii: "t"), UInt8(ascii: "T"):
            if matches(text, "true", "True", "TRUE") { return .bool(true) }
        case UInt8(ascii: "f"), UInt8(ascii: "F"):
            if matches(text, "false", "False", "FALSE") { return .bool(false) }
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            if let number = number(text) { return number }
        default: break
        }
        return .string(String(decoding: text, as: UTF8.self))
    }

    private static func matches(_ text: UnsafeBufferPointer<UInt8>, _ words: StaticString...) -> Bool {
        words.contains { word in
            word.withUTF8Buffer { $0.count == text.count && $0.elementsEqual(text) }
        }
    }

    /// An octal (shift 3) or hexadecimal (shift 4) integer; these have no sign.
    private static func integer(_ digits: Slice<UnsafeBufferPointer<UInt8>>, shift: Int64) -> ScalarValue? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        var large = 0.0
        var fits = true
        for byte in digits {
            guard let digit = Hexadecimal.value(of: byte), digit < 1 << shift else { return nil }
            large = large * Double(1 << shift) + Double(digit)
            fits = fits && value <= Int64.max >> shift
            value = value << shift | Int64(digit)
        }
        if fits { return .integer(value) }
        return large.isFinite ? .number(large) : nil
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> ScalarValue? {
        let string = String(decoding: text, as: UTF8.self)
        if string.hasPrefix("0o") { return integer(text.dropFirst(2), shift: 3) }
        if string.hasPrefix("0x") { return integer(text.dropFirst(2), shift: 4) }
        // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        func digits() -> Int {
            let count = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
            rest = rest.dropFirst(count)
            return count
        }
        let whole = digits()
        if rest.isEmpty && whole > 0 {
            if let value = Int64(string) { return .integer(value) }
            return Double(string).flatMap { $0.isFinite ? .number($0) : nil }
        }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            if digits() == 0 && whole == 0 { return nil }
        } else if whole == 0 {
            return nil
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            if digits() == 0 { return nil }
        }
        guard rest.isEmpty else { return nil }
        var digitsText = string
        if digitsText.hasSuffix(".") { digitsText.append("0") }
        return Double(digitsText).flatMap { $0.isFinite ? .number($0) : nil }
    }
}
