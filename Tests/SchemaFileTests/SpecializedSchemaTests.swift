import CanonicalForm
import Diagnostics
import Foundation
import Manifests
import PlanSchemas
import Testing
import YAMLSource

/// Plans for a provider whose plugin uses all that a manifest may.
@Suite("The schema of plans for one provider", .enabled(if: CheckJSONSchema.isThere, "check-jsonschema is needed"))
struct SpecializedSchemaTests {
    /// A plugin with a secret, references, conditions, required parameters, restricted parents.
    static let manifest = """
        apiVersion: cairn/v1
        kind: Plugin
        name: shelf
        version: 3
        description: For tests
        resourceTypes:
          - type: Test::Shelf
            description: A shelf
            parents: []
            properties:
              type: object
              additionalProperties: false
              properties:
                path: {type: string, format: absolute-path, pattern: "e$"}
                place: {$ref: "#/$defs/place"}
              $defs:
                place: {type: object, properties: {row: {type: integer}, beside: {$ref: "#/$defs/place"}}, additionalProperties: false}
            operations:
              protect:
                hooks: [main]
                parameters:
                  $ref: "#/$defs/common"
                  type: object
                  required: [level]
                  properties: {level: {type: integer, minimum: 1}, after: {$ref: "#later"}}
                  if: {properties: {level: {const: 9}}}
                  then: {required: [size]}
                  unevaluatedProperties: false
                  $defs:
                    common: {properties: {size: {enum: [small, large]}}, required: [size]}
                    later: {$anchor: later, type: array, items: {type: string}, minItems: 1}
              restore: {hooks: [main]}
              verify: {hooks: [main], parameters: {type: object}}
              delete: {hooks: []}
          - type: Test::Book
            description: A book
            parents: [Test::Shelf]
            properties:
              type: object
              required: [lock]
              properties:
                lock: {allOf: [{$ref: "#/$defs/key"}], type: string, description: Opens it}
              $defs: {key: {x-cairn-secret: true}}
            operations:
              protect: {hooks: [main], parameters: {type: object, additionalProperties: false}}
              restore: {hooks: [main]}
              verify: {hooks: [main]}
              delete: {hooks: []}
        """

    static func schema(_ plugins: String) throws -> String {
        let manifest = SourceText(name: "shelf.yaml", bytes: Array(manifest.utf8))
        var catalogue = PluginCatalogue(adding: [("shelf", manifest)])
        var sources = SourceMap()
        var faults = DiagnosticList()
        let text = "apiVersion: cairn/v1\nkind: Provider\nname: shelves\nbank: {plugin: directory}\nplugins: []\n"
        let source = SourceText(name: "provider.yaml", bytes: Array(text.utf8))
        let node = try #require(YAMLParser.parse(source, as: sources.add(source), into: &faults).documents.first)
        let provider = try #require(ProviderManifest.decode(node, into: &faults))
        let names = plugins.split(separator: " ").map(String.init)
        let manifests = names.compactMap { catalogue.plugin($0, sources: &sources, into: &faults) }
        #expect(TextRenderer(sources: sources, color: false).render(faults.sorted) == "")
        #expect(manifests.count == names.count)
        return FormatSchema.plan(for: provider, manifests)
    }

    /// What the validator says of plans with these bodies.
    static func verdicts(_ plugins: String, _ bodies: [String], provider: String = "shelves") throws -> [String?] {
        let place = try CheckJSONSchema.Place()
        let schema = try place.write("schema.json", try schema(plugins).utf8)
        let head = "apiVersion: cairn/v1\nkind: Plan\nname: a\nprovider: \(provider)\n"
        let files = try bodies.enumerated().map { try place.write("\($0).yaml", (head + $1 + "\n").utf8) }
        let faults = try CheckJSONSchema.faults(schema: schema, files)
        // What is no YAML would prove nothing.
        #expect(!faults.values.contains { $0.contains("Failed to parse") })
        return files.map { faults[$0] }
    }

    static let good = [
        "resources: [{id: a, type: Test::Shelf}]",
        "resources: [{id: a, type: Test::Shelf, properties: {path: /here}}]",
        "resources: [{id: a, type: Test::Shelf, properties: {place: {row: 1, beside: {beside: {row: 2}}}}}]",
        // A layer need not be whole.
        "resources: [{id: a, type: Test::Shelf, parameters: {level: 9}}]",
        "resources: [{id: a, type: Test::Shelf, parameters: {size: small}}]",
        "resources: [{id: a, type: Test::Shelf, parameters: {}}]",
        "parameters: {Test::Shelf: {level: 9}, Test::Shelf#a: {after: [x]}}\nresources: [{id: a, type: Test::Shelf}]",
        "resources: [{id: a, type: Test::Shelf, verifyParameters: {anything: 1}}]",
        "resources: [{id: a, type: Test::Book, properties: {lock: {fromEnv: KEY}, more: 1}}]",
        "resources: [{id: a, type: Test::Book, properties: {lock: {fromFile: /run/key}}}]",
        "resources: [{id: a, type: Test::Shelf, resources: [{id: b, type: Test::Book, properties: {lock: {fromEnv: K}}}]}]",
        // What every type has stands beside the plugin's own, also where it takes nothing else.
        "resources: [{id: a, type: Test::Shelf, parameters: {level: 9, timeout: 90m, retry: {attempts: 5, delay: 2s}}}]",
        "resources: [{id: a, type: Test::Shelf, restoreParameters: {timeout: 3h}, verifyParameters: {retry: {}}}]",
        "parameters: {Test::Book: {retry: {maxDelay: 1h}}, Test::Book#b: {timeout: 1s}}\nresources: [{id: a, type: Test::Shelf}]",
        "onFailure: continue\nnotify: [{command: [a]}, {url: 'https://a', headers: {B: c}}]\nresources: [{id: a, type: Test::Shelf}]",
    ]

    static let bad = [
        ("an unknown type", "resources: [{id: a, type: Test::Shell}]"),
        ("a misspelt property", "resources: [{id: a, type: Test::Shelf, properties: {paht: /here}}]"),
        ("a relative path", "resources: [{id: a, type: Test::Shelf, properties: {path: here}}]"),
        ("a path with another end", "resources: [{id: a, type: Test::Shelf, properties: {path: /her}}]"),
        ("a fault behind a reference", "resources: [{id: a, type: Test::Shelf, properties: {place: {row: x}}}]"),
        (
            "a fault behind two references",
            "resources: [{id: a, type: Test::Shelf, properties: {place: {beside: {beside: {raw: 1}}}}}]"
        ),
        ("a wrong enum value", "resources: [{id: a, type: Test::Shelf, parameters: {size: smal}}]"),
        ("a parameter that is too small", "resources: [{id: a, type: Test::Shelf, parameters: {level: 0}}]"),
        ("a fault behind an anchor", "resources: [{id: a, type: Test::Shelf, parameters: {after: []}}]"),
        ("a parameter of none", "resources: [{id: a, type: Test::Shelf, restoreParameters: {x: 1}}]"),
        (
            "a fault in the plan's parameters",
            "parameters: {Test::Shelf: {level: 0}}\nresources: [{id: a, type: Test::Shelf}]"
        ),
        (
            "a fault for one resource",
            "parameters: {Test::Shelf#a: {level: 0}}\nresources: [{id: a, type: Test::Shelf}]"
        ),
        ("parameters for no type", "parameters: {Test::Shell: {}}\nresources: [{id: a, type: Test::Shelf}]"),
        ("no properties where one is needed", "resources: [{id: a, type: Test::Book}]"),
        ("a missing property", "resources: [{id: a, type: Test::Book, properties: {}}]"),
        ("a secret in clear text", "resources: [{id: a, type: Test::Book, properties: {lock: hunter2}}]"),
        (
            "two references to one secret",
            "resources: [{id: a, type: Test::Book, properties: {lock: {fromEnv: A, fromFile: b}}}]"
        ),
        (
            "a parent that is not allowed",
            "resources: [{id: b, type: Test::Book, properties: {lock: {fromEnv: K}}, resources: [{id: a, type: Test::Shelf}]}]"
        ),
        ("a timeout of none", "resources: [{id: a, type: Test::Shelf, parameters: {timeout: 0s}}]"),
        ("a timeout without a unit", "resources: [{id: a, type: Test::Shelf, verifyParameters: {timeout: 10}}]"),
        ("no attempt", "parameters: {Test::Shelf: {retry: {attempts: 0}}}\nresources: [{id: a, type: Test::Shelf}]"),
        ("a misspelt rule", "resources: [{id: a, type: Test::Shelf, restoreParameters: {retry: {dealy: 1s}}}]"),
        ("nobody to tell", "notify: [{on: always}]\nresources: [{id: a, type: Test::Shelf}]"),
        (
            "a fault in a dependent",
            "resources: [{id: a, type: Test::Shelf, resources: [{id: b, type: Test::Book, properties: {}}]}]"
        ),
    ]

    @Test("Good plans are taken") func takes() throws {
        for (body, fault) in zip(Self.good, try Self.verdicts("shelf", Self.good)) {
            #expect(fault == nil, "\(body): \(fault ?? "")")
        }
    }

    @Test("Faulty plans are refused") func refuses() throws {
        for (example, fault) in zip(Self.bad, try Self.verdicts("shelf", Self.bad.map(\.1))) {
            #expect(fault != nil, "\(example.0)")
        }
    }

    @Test("A plan for another provider is refused") func otherProvider() throws {
        let plan = ["resources: [{id: a, type: Test::Shelf}]"]
        #expect(try Self.verdicts("shelf", plan, provider: "other") != [nil])
        #expect(try Self.verdicts("shelf", plan) == [nil])
    }

    @Test("A plugin that takes every type leaves the others open, and only those") func everyType() throws {
        let open = [
            "resources: [{id: a, type: Some::Thing, properties: {x: 1}, parameters: {y: 2}}]",
            "parameters: {Some::Thing: {x: 1}, Some::Thing#a: {}}\nresources: [{id: a, type: Some::Thing}]",
        ]
        #expect(try Self.verdicts("shelf noop", open + Self.good).allSatisfy { $0 == nil })
        #expect(try Self.verdicts("noop", open).allSatisfy { $0 == nil })
        let stillBad = Self.bad.filter { !["an unknown type", "parameters for no type"].contains($0.0) }
        for (example, fault) in zip(stillBad, try Self.verdicts("shelf noop", stillBad.map(\.1))) {
            #expect(fault != nil, "\(example.0)")
        }
        let noType = [
            "resources: [{id: a, type: Thing}]", "parameters: {Thing: {}}\nresources: [{id: a, type: A::B}]",
        ]
        #expect(try Self.verdicts("shelf noop", noType).allSatisfy { $0 != nil })
    }

    @Test("A provider without plugins leaves no type") func noPlugins() throws {
        #expect(try Self.verdicts("", ["resources: [{id: a, type: A::B}]"]) != [nil])
    }
}

@Suite("The schemas of manifests", .enabled(if: CheckJSONSchema.isThere, "check-jsonschema is needed"))
struct ManifestSchemaTests {
    private static func verdicts(_ kind: String, _ texts: [String]) throws -> [String?] {
        let place = try CheckJSONSchema.Place()
        let files = try texts.enumerated().map { try place.write("\($0).yaml", $1.utf8) }
        let schema = try #require(FormatSchemaTests.schema(of: kind))
        let faults = try CheckJSONSchema.faults(schema: schema, files)
        return files.map { faults[$0] }
    }

    @Test("The manifests in the program are valid") func builtin() throws {
        let folder = Tree.root.appending(path: "Sources/Manifests/Builtin")
        for (kind, end) in [("Plugin", ".plugin.yaml"), ("BankPlugin", ".bank.yaml")] {
            let texts = try Bundle.yamlFiles(in: folder).filter { $0.name.hasSuffix(end) }.map {
                String(decoding: $0.bytes, as: UTF8.self)
            }
            #expect(!texts.isEmpty)
            for fault in try Self.verdicts(kind, texts) { #expect(fault == nil, "\(fault ?? "")") }
        }
        #expect(try Self.verdicts("Plugin", [SpecializedSchemaTests.manifest]) == [nil])
    }

    @Test("Faulty plugin manifests are refused") func faultyPlugins() throws {
        let changes = [
            ("version: 3", "version: three"), ("name: shelf", "nam: shelf"), ("resourceTypes:", "types:"),
            ("type: Test::Shelf", "type: Shelf"), ("hooks: [main]", "hooks: [man]"), ("hooks: [main]", "hook: [main]"),
            ("hooks: [main]", "hooks: [{hook: main, when: {a: 1}}]"), ("minimum: 1", "minimum: low"),
            ("minimum: 1", "minmum: 1"), ("type: integer", "type: int"), ("format: absolute-path", "format: path"),
            ("parents: []", "parents: Test::Shelf"), ("x-cairn-secret: true", "x-cairn-secret: yes"),
            ("delete: {hooks: []}", "erase: {hooks: []}"),
        ]
        let texts = changes.map { SpecializedSchemaTests.manifest.replacingOccurrences(of: $0.0, with: $0.1) }
        for (change, fault) in zip(changes, try Self.verdicts("Plugin", texts)) {
            #expect(fault != nil, "\(change.1)")
        }
    }

    @Test("A project's file is taken, and a faulty one is refused") func projects() throws {
        let head = "apiVersion: cairn/v1\nkind: Project\n"
        let good = [
            head,
            head + "name: shop\nproviders: [providers]\nstrict: true\nexclude: ['*.tmp']\nx-mine: 1\n"
                + "lints: {duplicate-dependency: error, W0211: off}\n",
        ]
        // A YAML 1.1 reader takes 'off' for false; the validator reads YAML 1.2, as Cairn does.
        #expect(try Self.verdicts("Project", good) == [nil, nil])
        let bad = [
            "kind: Project\n", head + "provider: [a]\n", head + "providers: a\n", head + "strict: maybe\n",
            head + "lints: {duplicate-dependency: fatal}\n", head + "lints: {duplicate-dependncy: error}\n",
            head + "lints: {E0103: off}\n", head + "exclude: [1]\n",
        ]
        for (text, fault) in zip(bad, try Self.verdicts("Project", bad)) { #expect(fault != nil, "\(text)") }
    }

    @Test("Faulty providers are refused") func faultyProviders() throws {
        let head = "apiVersion: cairn/v1\nkind: Provider\nname: a\n"
        let bank = "bank: {plugin: directory, config: {path: /bank}}\n"
        let good = [
            head + bank + "plugins: [{name: files}, {name: other, parameters: {A::B: {x: 1}}}]",
            head + bank + "plugins: [{name: files, parameters: {Host::FileSystem::Directory#a: {level: 3}}}]",
            head + bank + "plugins: []\nx-mine: 1",
        ]
        let bad = [
            head + "plugins: []", head + bank, head + bank + "plugins: [files]",
            head + "bank: {plugin: directry}\nplugins: []", head + "bank: {plugin: directory}\nplugins: []",
            head + "bank: {plugin: directory, config: {path: bank}}\nplugins: []",
            head + bank + "plugins: [{name: files, parameters: {Host::FileSystem::Directory: {level: 99}}}]",
            head + bank + "plugins: [{name: files, parameters: {Host::FileSystem::Directory#a: {levl: 3}}}]",
            head + bank + "plugins: [{name: files, verifyParameters: {Host::FileSystem::Directory: {level: 3}}}]",
            head + bank + "plugins: []\nmine: 1",
        ]
        #expect(try Self.verdicts("Provider", good).allSatisfy { $0 == nil })
        for (text, fault) in zip(bad, try Self.verdicts("Provider", bad)) { #expect(fault != nil, "\(text)") }
    }
}
