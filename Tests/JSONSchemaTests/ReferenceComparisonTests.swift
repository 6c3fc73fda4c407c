import CanonicalForm
import Foundation
import SeededRandom
import Testing

/// Makes random schemas and values that are likely to meet each other.
struct SchemaGenerator {
    var generator: SeededGenerator

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(chance(50))
        case 2, 3: return .integer(Int64.random(in: -3...6, using: &generator))
        case 4: return .number(pick([0.5, 1.0, 1.5, 2.5, -0.5, 3.0]))
        case 5, 6: return .string(pick(["", "a", "b", "ab", "abc", "1", "é", "aé\u{301}"]))
        case 7: return .array((0..<Int.random(in: 0...4, using: &generator)).map { _ in value(depth: depth - 1) })
        default:
            let keys = ["a", "b", "c", "ab", "x1"].filter { _ in chance(45) }
            return .object(JSONObject(keys.map { ($0, value(depth: depth - 1)) }))
        }
    }

    mutating func schema(depth: Int) -> JSONValue {
        if depth <= 0 { return chance(60) ? .object(["type": type()]) : .bool(chance(80)) }
        var members: [(String, JSONValue)] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) { members.append(keyword(depth: depth - 1)) }
        return .object(JSONObject(members))
    }

    private mutating func type() -> JSONValue {
        let names: [JSONValue] = ["string", "integer", "number", "boolean", "null", "array", "object"]
        return chance(75)
            ? pick(names)
            : .array([names[Int.random(in: 0..<3, using: &generator)], pick(["null", "object", "array"])])
    }

    private mutating func schemas(_ depth: Int, from least: Int) -> JSONValue {
        .array((0..<Int.random(in: least...3, using: &generator)).map { _ in schema(depth: depth) })
    }

    private mutating func named(_ names: [String], _ depth: Int) -> JSONValue {
        .object(JSONObject(names.filter { _ in chance(60) }.map { ($0, schema(depth: depth)) }))
    }

    private mutating func small() -> JSONValue { .integer(Int64.random(in: 0...3, using: &generator)) }

    private mutating func names() -> JSONValue {
        .array(["a", "b", "c"].filter { _ in chance(40) }.map { .string($0) })
    }

    private mutating func keyword(depth: Int) -> (String, JSONValue) {
        switch Int.random(in: 0..<38, using: &generator) {
        case 0, 1, 2: return ("type", type())
        case 3: return ("enum", .array((0..<3).map { _ in value(depth: 1) }))
        case 4: return ("const", value(depth: 1))
        case 5:
            return (
                pick(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), .number(pick([0, 1, 1.5, 2]))
            )
        case 6: return ("multipleOf", .number(pick([1, 2, 0.5, 1.5])))
        case 7: return (pick(["minLength", "maxLength"]), small())
        case 8: return ("pattern", pick(["^a", "b$", "^[a-b]+$", "^(a|bc)*$", "^.{2}$", "\\d", "^[a-z0-9]*$", "^$"]))
        case 9: return (pick(["minItems", "maxItems", "minProperties", "maxProperties"]), small())
        case 10: return ("uniqueItems", true)
        case 11, 12: return ("items", schema(depth: depth))
        case 13: return ("prefixItems", schemas(depth, from: 1))
        case 14, 15: return ("contains", schema(depth: depth))
        case 16: return (pick(["minContains", "maxContains"]), small())
        case 17, 18, 19: return ("properties", named(["a", "b", "c"], depth))
        case 20: return ("patternProperties", named(["^a", "b", "\\d$"], depth))
        case 21: return ("additionalProperties", chance(50) ? false : schema(depth: depth))
        case 22: return ("unevaluatedProperties", chance(70) ? false : schema(depth: depth))
        case 23: return ("propertyNames", chance(50) ? .object(["maxLength": 1]) : schema(depth: 0))
        case 24: return ("required", names())
        case 25: return ("dependentRequired", .object(["a": names(), "c": names()]))
        case 26: return ("dependentSchemas", named(["a", "b"], depth))
        case 27: return ("allOf", schemas(depth, from: 1))
        case 28: return ("anyOf", schemas(depth, from: 1))
        case 29: return ("oneOf", schemas(depth, from: 1))
        case 30: return ("not", schema(depth: depth))
        case 31, 32: return ("if", schema(depth: depth))
        case 33: return ("then", schema(depth: depth))
        case 34: return ("else", schema(depth: depth))
        case 35, 36: return ("unevaluatedItems", chance(70) ? false : schema(depth: depth))
        default: return ("$ref", pick(["#/$defs/leaf", "#/$defs/tree"]))
        }
    }

    /// A schema with definitions that its references can name.
    mutating func document() -> JSONValue {
        guard case .object(var object) = schema(depth: 3) else { return true }
        object["$defs"] = .object([
            "leaf": schema(depth: 1).objectValue.map { object in
                var object = object
                object["$ref"] = nil
                return .object(object)
            } ?? true,
            "tree": [
                "type": ["object", "array", "integer"], "additionalProperties": ["$ref": "#/$defs/tree"],
                "items": ["$ref": "#/$defs/tree"],
            ],
        ])
        return .object(object)
    }
}

@Suite("Comparison with the Python package jsonschema")
struct ReferenceComparisonTests {
    static let hasReference: Bool = (try? python("import jsonschema; jsonschema.Draft202012Validator", "")) != nil

    /// What Python prints; an error when it is not there or fails.
    static func python(_ program: String, _ input: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "cairn-schema-\(UUID().uuidString).json")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, file.path()]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        struct Failure: Error {}
        if process.terminationStatus != 0 { throw Failure() }
        return String(decoding: data, as: UTF8.self)
    }

    @Test(
        "Random schemas and values get the same verdict",
        .enabled(if: hasReference, "python3 with jsonschema is needed"))
    func verdicts() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = testSeed()
        let rounds = environment["CAIRN_TEST_ROUNDS"].flatMap { Int($0) } ?? 500
        print("seed \(seed)")
        var maker = SchemaGenerator(generator: SeededGenerator(seed: seed))
        var cases: [(schema: JSONValue, instances: [JSONValue])] = []
        for _ in 0..<rounds {
            let schema = maker.document()
            cases.append((schema, (0..<6).map { _ in maker.value(depth: 3) }))
        }
        let input = JSONValue.array(cases.map { .array([$0.schema, .array($0.instances)]) }).canonicalText
        let program = """
            import json, sys
            from jsonschema import Draft202012Validator as V
            print(json.dumps([[V(s).is_valid(i) for i in l] for s, l in json.load(open(sys.argv[1]))]))
            """
        let expected = try JSONValue(parsing: Array(Self.python(program, input).utf8)).arrayValue ?? []
        #expect(expected.count == rounds)
        var valid = 0
        var invalid = 0
        for (example, verdicts) in zip(cases, expected) {
            for (instance, verdict) in zip(example.instances, verdicts.arrayValue ?? []) {
                let found = try messages(example.schema.canonicalText, instance.canonicalText)
                #expect(
                    found.isEmpty == (verdict == true),
                    "seed \(seed): \(example.schema.canonicalText) with \(instance.canonicalText): \(found)")
                if verdict == true { valid += 1 } else { invalid += 1 }
            }
        }
        // Both verdicts must be frequent, or the comparison says little.
        #expect(min(valid, invalid) > rounds / 2)
    }
}
