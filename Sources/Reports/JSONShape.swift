import CanonicalForm
import Diagnostics

/// What writes an object of the JSON format: the bytes so far, and where places are looked up.
struct ShapeWriter {
    var json: JSONWriter
    var places: PlaceFinder
}

/// JSON text in which nothing stands that a terminal would obey.
enum HarmlessJSON {
    /// The text of `bytes`, which are JSON: the characters in question can only stand in strings, where an escape means
    /// the same.
    static func text(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        if bytes.allSatisfy({ $0 < 0x7F }) { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard scalar.value >= 0x7F, DisplayWidth.substitute(for: scalar) != nil else {
                out.append(scalar)
                continue
            }
            out.append(contentsOf: "\\u".unicodeScalars)
            for shift in [12, 8, 4, 0] as [UInt32] {
                out.append(Unicode.Scalar(JSONWriter.hexadecimal[Int(scalar.value >> shift) & 15]))
            }
        }
        return String(out)
    }
}

/// One kind of object of the JSON format: the table that both the renderer and the schema are made from, so that
/// neither can say what the other does not.
struct JSONShape<Subject>: Sendable {
    /// A member: its name, what it means, its schema, and how it is written.
    struct Member: Sendable {
        let name: String
        let meaning: String
        let schema: JSONValue
        let write: @Sendable (Subject, inout ShapeWriter) -> Void
    }

    /// The name of the shape in the schema.
    let name: String
    let meaning: String
    /// All members; each is always written.
    let members: [Member]

    /// Appends `subject` as an object.
    func write(_ subject: Subject, to writer: inout ShapeWriter) {
        for (index, member) in members.enumerated() {
            writer.json.raw(index == 0 ? "{" : ",")
            writer.json.string(member.name)
            writer.json.raw(":")
            member.write(subject, &writer)
        }
        writer.json.raw("}")
    }

    /// What the schema says of the shape. Members may be added within a version, so others are allowed.
    var schema: JSONValue {
        [
            "description": .string(meaning), "type": "object",
            "required": .array(members.map { .string($0.name) }),
            "properties": .object(
                JSONObject(
                    members.map { member in
                        guard case .object(var schema) = member.schema else { return (member.name, member.schema) }
                        schema["description"] = .string(member.meaning)
                        return (member.name, .object(schema))
                    })),
        ]
    }

    /// How other shapes refer to this one.
    var reference: JSONValue { ["$ref": .string("#/$defs/" + name)] }
}

/// Members by what they hold.
extension JSONShape.Member {
    static func text(
        _ name: String, _ meaning: String, pattern: String? = nil,
        _ value: @escaping @Sendable (Subject, inout PlaceFinder) -> String
    ) -> Self {
        var schema: JSONObject = ["type": "string"]
        if let pattern { schema["pattern"] = .string(pattern) }
        return Self(name: name, meaning: meaning, schema: .object(schema)) { subject, writer in
            writer.json.string(value(subject, &writer.places))
        }
    }

    static func optionalText(
        _ name: String, _ meaning: String, _ value: @escaping @Sendable (Subject, inout PlaceFinder) -> String?
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["type": ["string", "null"]]) { subject, writer in
            if let text = value(subject, &writer.places) { writer.json.string(text) } else { writer.json.raw("null") }
        }
    }

    static func choice(
        _ name: String, _ meaning: String, of choices: [String], _ value: @escaping @Sendable (Subject) -> String
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["enum": .array(choices.map { .string($0) })]) { subject, writer in
            writer.json.string(value(subject))
        }
    }

    static func integer(
        _ name: String, _ meaning: String, minimum: Int64, _ value: @escaping @Sendable (Subject) -> Int
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["type": "integer", "minimum": .integer(minimum)]) {
            $1.json.integer(Int64(value($0)))
        }
    }

    static func constant(_ name: String, _ meaning: String, _ value: Int64) -> Self {
        Self(name: name, meaning: meaning, schema: ["const": .integer(value)]) { $1.json.integer(value) }
    }

    static func flag(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Subject) -> Bool) -> Self {
        Self(name: name, meaning: meaning, schema: ["type": "boolean"]) { subject, writer in
            if value(subject) { writer.json.raw("true") } else { writer.json.raw("false") }
        }
    }

    static func texts(
        _ name: String, _ meaning: String, _ value: @escaping @Sendable (Subject) -> [String]
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["type": "array", "items": ["type": "string"]]) { subject, writer in
            list(value(subject), &writer) { text, writer in writer.json.string(text) }
        }
    }

    static func object<Part>(
        _ name: String, _ meaning: String, _ shape: JSONShape<Part>,
        _ value: @escaping @Sendable (Subject, inout PlaceFinder) -> Part
    ) -> Self {
        Self(name: name, meaning: meaning, schema: shape.reference) { subject, writer in
            shape.write(value(subject, &writer.places), to: &writer)
        }
    }

    static func optionalObject<Part>(
        _ name: String, _ meaning: String, _ shape: JSONShape<Part>,
        _ value: @escaping @Sendable (Subject, inout PlaceFinder) -> Part?
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["anyOf": [shape.reference, ["type": "null"]]]) { subject, writer in
            if let part = value(subject, &writer.places) {
                shape.write(part, to: &writer)
            } else {
                writer.json.raw("null")
            }
        }
    }

    static func objects<Part>(
        _ name: String, _ meaning: String, _ shape: JSONShape<Part>, _ value: @escaping @Sendable (Subject) -> [Part]
    ) -> Self {
        Self(name: name, meaning: meaning, schema: ["type": "array", "items": shape.reference]) { subject, writer in
            list(value(subject), &writer) { shape.write($0, to: &$1) }
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ writer: inout ShapeWriter, _ body: (Element, inout ShapeWriter) -> Void
    ) {
        writer.json.raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { writer.json.raw(",") }
            body(element, &writer)
        }
        writer.json.raw("]")
    }
}
