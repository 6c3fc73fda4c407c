import CanonicalForm
import Foundation
import Testing

/// What is in the source tree.
enum Tree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: Array(try Data(contentsOf: root.appending(path: path))))
    }

    /// Every compiled plan among the fixtures, by folder.
    static func compiledPlans() throws -> [(name: String, ir: JSONValue)] {
        let folder = "Tests/Fixtures/ok"
        let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
        return try names.map { ($0, try json("\(folder)/\($0)/expected.ir")) }
    }
}

/// The Python package jsonschema, by which schema files are tried.
enum Reference {
    static let isThere: Bool = (try? run("import jsonschema; jsonschema.Draft202012Validator", "")) != nil

    struct Failure: Error {
        let output: String
    }

    /// Whether each instance is valid; throws when the schema itself is not.
    static func verdicts(_ schema: JSONValue, _ instances: [JSONValue]) throws -> [Bool] {
        let program = """
            import json, sys
            from jsonschema import Draft202012Validator as V
            schema, instances = json.load(open(sys.argv[1]))
            V.check_schema(schema)
            validator = V(schema)
            print(json.dumps([validator.is_valid(i) for i in instances]))
            """
        let output = try run(program, JSONValue.array([schema, .array(instances)]).canonicalText)
        return try JSONValue(parsing: Array(output.utf8)).arrayValue?.compactMap(\.boolValue) ?? []
    }

    private static func run(_ program: String, _ input: String) throws -> String {
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
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failure(output: text) }
        return text
    }
}

@Suite("schemas/ir.schema.json", .enabled(if: Reference.isThere, "python3 with jsonschema is needed"))
struct IRSchemaTests {
    @Test("Every compiled plan of the fixtures is valid") func fixturesAreValid() throws {
        let plans = try Tree.compiledPlans()
        #expect(plans.count >= 8)
        let verdicts = try Reference.verdicts(try Tree.json("schemas/ir.schema.json"), plans.map(\.ir))
        #expect(verdicts.count == plans.count)
        for (plan, isValid) in zip(plans, verdicts) { #expect(isValid, "\(plan.name)") }
    }

    @Test("What breaks a rule is refused") func brokenOnesAreRefused() throws {
        let whole = try Tree.json("Tests/Fixtures/ok/triggers-and-retention/expected.ir")
        let changes: [(what: String, change: Change)] = [
            ("another version", Change(["version"], 4)),
            ("another format", Change(["format"], "cairn.plan")),
            ("an extra member", Change(["comment"], "hello")),
            ("an extra member of a resource", Change(["resources", "0", "secret"], "x")),
            ("an extra operation", Change(["operations", "move"], [0])),
            ("an operation too few", Change(["operations", "verify"], nil)),
            ("no digest", Change(["digest"], nil)),
            ("a digest in capitals", Change(["digest"], .string("sha256:" + String(repeating: "A", count: 64)))),
            ("a hook that does not exist", Change(["operations", "protect", "0"], 16)),
            ("hooks that are no number", Change(["operations", "protect", "0"], "4")),
            ("a negative activity", Change(["order", "0"], [-1])),
            ("an activity that waits twice", Change(["order", "0"], [2, 2])),
            ("an order without finish", Change(["order"], [[1]])),
            ("a layer that does not exist", Change(["parameterOrigins", "0", "level"], "somewhere")),
            ("an inventory that is not needed", Change(["needsInventory"], false)),
            ("a discovery of nothing", Change(["resources", "0", "discover"], true)),
            ("a plan name in capitals", Change(["plan"], "Shop")),
            ("a type of one word", Change(["resources", "0", "type"], "Directory")),
            ("an empty id", Change(["resources", "0", "id"], "")),
            ("two parameter sets", Change(["resources", "0", "parameters"], [0, 1])),
            ("a dependent twice", Change(["resources", "0", "dependents"], [0, 0])),
            ("a negative plugin", Change(["resources", "0", "plugin"], -1)),
            ("a role that does not exist", Change(["sources", "0", "role"], "bank")),
            ("a trigger of a restore", Change(["triggers", "0", "operation"], "restore")),
            ("a trigger without a schedule", Change(["triggers", "0", "cron"], nil)),
            ("a failure that stops nothing", Change(["onFailure"], "ignore")),
            ("no word on failures", Change(["onFailure"], nil)),
            ("nobody to be told", Change(["notify"], nil)),
            ("a notification of nobody", Change(["notify"], [["on": "always", "timeout": "30s"]])),
            (
                "a notification of two",
                Change(["notify"], [["on": "always", "timeout": "30s", "command": ["a"], "url": "https://a"]])
            ),
            (
                "a command with headers",
                Change(["notify"], [["on": "always", "timeout": "30s", "command": ["a"], "headers": ["a": "b"]]])
            ),
            (
                "an address with a password",
                Change(["notify"], [["on": "always", "timeout": "30s", "url": "https://a:b@c"]])
            ),
            ("a notification that lasts", Change(["notify"], [["on": "always", "timeout": "30", "url": "https://c"]])),
            ("a retention of none", Change(["retention", "keepLast"], 0)),
            ("an age without a unit", Change(["retention", "maxAge"], "400")),
        ]
        let broken = changes.map { $0.change.applied(to: whole) }
        for (change, value) in zip(changes, broken) { #expect(value != whole, "\(change.what) changes nothing") }
        let verdicts = try Reference.verdicts(try Tree.json("schemas/ir.schema.json"), [whole] + broken)
        #expect(verdicts.first == true)
        #expect(verdicts.count == changes.count + 1)
        for (change, isValid) in zip(changes, verdicts.dropFirst()) { #expect(!isValid, "\(change.what)") }
    }
}

/// A member set or taken away, deep in a value.
struct Change {
    let path: [String]
    let value: JSONValue?

    init(_ path: [String], _ value: JSONValue?) {
        self.path = path
        self.value = value
    }

    func applied(to whole: JSONValue) -> JSONValue { replace(in: whole, path[...]) ?? whole }

    private func replace(in value: JSONValue, _ path: ArraySlice<String>) -> JSONValue? {
        guard let step = path.first else { return self.value }
        switch value {
        case .object(var object):
            object[step] = path.count == 1 ? self.value : object[step].flatMap { replace(in: $0, path.dropFirst()) }
            return .object(object)
        case .array(var elements):
            guard let index = Int(step), elements.indices.contains(index) else { return value }
            guard let element = replace(in: elements[index], path.dropFirst()) else { return value }
            elements[index] = element
            return .array(elements)
        default: return value
        }
    }
}
