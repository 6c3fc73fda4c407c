import CanonicalForm
import Diagnostics
import Foundation
import Manifests
import PlanIR
import PlanLanguage
import SeededRandom
import Testing
import Timings
import YAMLSource

@Suite("Tables of fields")
struct TableTests {
    static let rules: [(rule: TextRule, isExact: Bool)] = [
        (.planName, true), (.providerName, true), (.resourceType, true), (.resourceID, true),
        (.parameterTarget, false), (.dependency, false), (.identity, false), (.typeOrAny, false), (.duration, false),
        (.timeZone, true), (.schedule, false), (.webAddress, false), (.headerName, false), (.activityTarget, false),
        (.exactDuration, false),
    ]

    /// Whether a schema with the rule's pattern and length takes each text.
    static func accepts(_ rule: TextRule, _ texts: [String]) throws -> [Bool] {
        var sources = SourceMap()
        var faults = DiagnosticList()
        func node(_ text: String) throws -> LocatedNode {
            let source = SourceText(name: "text", bytes: Array(text.utf8))
            return try #require(YAMLParser.parse(source, as: sources.add(source), into: &faults).documents.first)
        }
        var members: JSONObject = ["type": "string", "pattern": .string(rule.pattern())]
        if let most = rule.maximumLength { members["maxLength"] = .integer(Int64(most)) }
        let schema = JSONSchema(compiling: try node(JSONValue.object(members).canonicalText), into: &faults)
        #expect(faults.all.isEmpty)
        return try texts.map { text in
            let value = try node(JSONValue.string(text).canonicalText)
            return schema.validate(.node(value), as: Subject(.value, of: "it"), partial: false).isEmpty
        }
    }

    @Test("A pattern takes all that the compiler takes, and for names nothing else", arguments: rules.indices)
    func patterns(_ index: Int) throws {
        let (rule, isExact) = Self.rules[index]
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "a", "Z", "0", "main", "ms", "h", "1.5", "prepareFinish", "9", "-", "_", ".", "::", ":", "#", "/", "@", "+",
            " ", "*", ",", "m", "d", "é", "UTC",
            "Host::FileSystem::Directory", "Europe", "https://", "?", "[", "]", "15 2 * * *", "", "jan",
        ]
        var texts = rule.examples.map { "\($0)" } + ["", String(repeating: "a", count: 64)]
        texts += [String(repeating: "a", count: 65), "A::" + String(repeating: "b", count: 77)]
        texts.append("A::" + String(repeating: "b", count: 78))
        for _ in 0..<400 {
            let count = Int.random(in: 1...6, using: &generator)
            texts.append((0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined())
        }
        let verdicts = try Self.accepts(rule, texts)
        var taken = 0
        for (text, isAccepted) in zip(texts, verdicts) {
            let isGood = rule.fault(text) == nil
            if isGood { taken += 1 }
            if isGood || isExact { #expect(isAccepted == isGood, "seed \(seed): '\(text)' as \(rule.name)") }
        }
        #expect(taken >= rule.examples.count)
    }

    @Test("Every example of a rule is without fault") func examples() {
        for (rule, _) in Self.rules {
            for example in rule.examples { #expect(rule.fault("\(example)") == nil, "\(example)") }
        }
    }

    @Test("The keywords of schemas in manifests are those that the compiler of schemas knows") func keywords() {
        let table = Set(SchemaFields.schema.rows.map { "\($0.name)" })
        #expect(table == Set(SchemaKeyword.allCases.map(\.rawValue)))
    }

    @Test("The patterns of the IR's schema are those of names and durations") func patternsOfIR() throws {
        let definitions = try #require(try Tree.json("schemas/ir.schema.json").objectValue?["$defs"]?.objectValue)
        func pattern(_ path: String...) -> String? {
            var value: JSONValue? = .object(definitions)
            for step in path { value = value?.objectValue?[step] }
            return value?.objectValue?["pattern"]?.stringValue
        }
        #expect(pattern("name") == NameRules.namePattern)
        #expect(pattern("duration") == TextRule.duration.pattern())
        #expect(pattern("resource", "properties", "type") == NameRules.typePattern)
        #expect(pattern("resource", "properties", "id") == NameRules.idPattern)
        #expect(pattern("trigger", "properties", "timezone") == TextRule.timeZone.pattern())
        #expect(pattern("notification", "properties", "headers", "propertyNames") == NotificationRules.headerPattern)
    }
}
