package import CanonicalForm
internal import YAMLSource

/// JSON whose members stay in the order in which they were said: schemas are read by people, too.
package indirect enum SchemaText: Sendable {
    case object([Member])
    case array([SchemaText])
    case value(JSONValue)

    /// One member of an object.
    package struct Member: Sendable {
        package let key: String
        package let value: SchemaText

        package init(_ key: String, _ value: SchemaText) {
            self.key = key
            self.value = value
        }
    }

    /// What stands in a file, in the file's order.
    init(_ node: LocatedNode) {
        switch node.kind {
        case .scalar: self = .value(node.jsonValue)
        case .sequence: self = .array(node.elements.map { SchemaText($0) })
        case .mapping: self = .object(node.entries.map { Member($0.key.text, SchemaText($0.value)) })
        }
    }

    static func texts(_ texts: [String]) -> SchemaText { .value(.array(texts.map { .string($0) })) }
}

extension SchemaText: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .value(.string(value)) }
    package init(booleanLiteral value: Bool) { self = .value(.bool(value)) }
    package init(integerLiteral value: Int64) { self = .value(.integer(value)) }
    package init(arrayLiteral elements: SchemaText...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, SchemaText)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension SchemaText {
    /// How wide a line may be.
    private static let width = 110

    /// The text, indented by two spaces, what is short on one line; ends with a line feed.
    package var printed: String {
        var out = ""
        print(into: &out, indent: 0, used: 0)
        return out + "\n"
    }

    private func print(into out: inout String, indent: Int, used: Int) {
        let line = onOneLine
        if line.utf8.count + used <= SchemaText.width || isScalar { return out += line }
        let margin = String(repeating: " ", count: indent + 2)
        let end = "\n" + String(repeating: " ", count: indent)
        switch self {
        case .object(let members):
            for (position, member) in members.enumerated() {
                let key = JSONValue.string(member.key).canonicalText + ": "
                out += (position == 0 ? "{\n" : ",\n") + margin + key
                // A comma may follow.
                member.value.print(into: &out, indent: indent + 2, used: indent + 3 + key.utf8.count)
            }
            out += end + "}"
        case .array(let elements):
            out += "["
            SchemaText.print(elements, into: &out, margin: margin, indent: indent)
            out += end + "]"
        case .value(.array(let elements)):
            out += "["
            SchemaText.print(elements.map { .value($0) }, into: &out, margin: margin, indent: indent)
            out += end + "]"
        case .value(let value): out += value.canonicalText
        }
    }

    private static func print(_ elements: [SchemaText], into out: inout String, margin: String, indent: Int) {
        for (position, element) in elements.enumerated() {
            out += (position == 0 ? "\n" : ",\n") + margin
            element.print(into: &out, indent: indent + 2, used: indent + 3)
        }
    }

    private var isScalar: Bool {
        switch self {
        case .object, .array, .value(.array): false
        case .value: true
        }
    }

    private var onOneLine: String {
        switch self {
        case .object(let members):
            "{"
                + members.map { JSONValue.string($0.key).canonicalText + ": " + $0.value.onOneLine }
                .joined(separator: ", ") + "}"
        case .array(let elements): "[" + elements.map(\.onOneLine).joined(separator: ", ") + "]"
        case .value(.array(let elements)): "[" + elements.map(\.canonicalText).joined(separator: ", ") + "]"
        case .value(let value): value.canonicalText
        }
    }
}

extension [SchemaText.Member] {
    /// The members with `further` ones in the object that is called `key`, which is there afterwards.
    func adding(_ further: [SchemaText.Member], to key: String) -> [SchemaText.Member] {
        var members = self
        if let position = members.firstIndex(where: { $0.key == key }),
            case .object(let known) = members[position].value
        {
            members[position] = .init(key, .object(known + further))
        } else {
            members.append(.init(key, .object(further)))
        }
        return members
    }
}
