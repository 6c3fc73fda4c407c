import Diagnostics
import Explanations
import Foundation
import PlanSchemas
import Testing

@Suite("schemas/", .enabled(if: CheckJSONSchema.isThere, "check-jsonschema is needed"))
struct FormatSchemaTests {
    /// The schema file of a kind of document.
    static func schema(of kind: String) -> String? {
        let names = [
            "Plan": "plan", "Provider": "provider", "Plugin": "plugin", "BankPlugin": "bank-plugin",
            "Project": "project", "Timings": "timings", "Inventory": "inventory",
        ]
        return names[kind].map { Tree.root.appending(path: "schemas/\($0).schema.json").path }
    }

    /// What an independent validator says of all documents of `bundles`, by the bundle: by the schemas of their kinds,
    /// and plans also by the one for their provider.
    static func faults(in bundles: [Bundle]) throws -> [String: String] {
        let place = try CheckJSONSchema.Place()
        // One run for each schema: many bundles share a provider.
        var order: [String] = []
        var files: [String: [(bundle: String, path: String)]] = [:]
        var specialized: [String: String] = [:]
        for bundle in bundles {
            for document in bundle.documents {
                let path = try place.write(document.name + "-" + bundle.name + ".yaml", document.bytes)
                var schemas = [schema(of: document.kind) ?? schema(of: "Plan")]
                if let text = bundle.planSchema(for: document) {
                    if specialized[text] == nil {
                        specialized[text] = try place.write("\(specialized.count).schema.json", text.utf8)
                    }
                    schemas.append(specialized[text])
                }
                for schema in schemas.compactMap({ $0 }) {
                    if files[schema] == nil { order.append(schema) }
                    files[schema, default: []].append((bundle.name, path))
                }
            }
        }
        var found: [String: String] = [:]
        for schema in order {
            let checked = files[schema] ?? []
            let faults = try CheckJSONSchema.faults(schema: schema, checked.map(\.path))
            for file in checked { if let fault = faults[file.path] { found[file.bundle, default: ""] += fault } }
        }
        return found
    }

    @Test("Every schema fits the schema of draft 2020-12") func metaschema() throws {
        let place = try CheckJSONSchema.Place()
        var files = try FileManager.default.contentsOfDirectory(atPath: Tree.root.appending(path: "schemas").path)
            .sorted().map { Tree.root.appending(path: "schemas/\($0)").path }
        #expect(files.count >= 5)
        for bundle in try Bundle.plans() {
            files.append(try place.write("\(bundle.name).json", try #require(bundle.planSchemas.first).text.utf8))
        }
        let said = try CheckJSONSchema.metaschemaFaults(files)
        #expect(said.hasPrefix("ok"), "\(said)")
    }

    @Test("Every plan, provider, good fixture and right example is valid") func good() throws {
        let bundles = try Bundle.plans() + Bundle.fixtures("ok") + Bundle.examples(\.right) + [Bundle.editorsPage()]
        #expect(bundles.count >= 10)
        for bundle in bundles { #expect(bundle.codes.allSatisfy { $0.severity == .warning }, "\(bundle.name)") }
        for (name, fault) in try Self.faults(in: bundles) { Issue.record("\(name): \(fault)") }
    }

    /// The codes of faults in the shape of a document or in its values, which a schema can see.
    static let codesOfShape: Set<DiagnosticCode> = [
        .unknownKind, .missingField, .unknownKey, .wrongType, .invalidValue, .schemaViolation, .missingRequired,
        .unknownParameter, .schemaType, .schemaEnum, .literalSecret, .unknownResourceType,
    ]
    /// The fixtures with such a code whose fault no schema can see.
    static let beyondSchemas = [
        "too-long": "the bytes of type and id together", "E0105": "the values of a schedule's fields",
        "inventory": "what is appended to parameters, which the resource's plugin judges",
    ]
    /// The codes that tell that the file is no YAML of Cairn's.
    static let codesOfYAML: Set<DiagnosticCode> = [
        .unreadableFile, .notUTF8, .yamlSyntax, .tooDeep, .aliasLimit, .unknownAlias, .duplicateKey, .keyNotText,
        .unknownTag, .emptyDocument, .invalidMerge,
    ]
    /// What the schema for a provider knows of other files: it may refuse what has such a code.
    static let codesOfNames: Set<DiagnosticCode> = [
        .unknownProvider, .unknownPlugin, .unknownParameterTarget, .parentNotAllowed, .unknownLint,
        .errorNotSilenced, .cannotDiscover,
    ]

    @Test("Every fixture and wrong example with a fault of shape is refused, and no other") func faulty() throws {
        // What is no YAML of Cairn's, a validator tells in its own way, or takes hours for.
        let all = try Bundle.fixtures("errors") + Bundle.examples(\.wrong)
        let bundles = all.filter { $0.codes.isDisjoint(with: Self.codesOfYAML) }
        let faults = try Self.faults(in: bundles)
        var refused = 0
        for bundle in bundles {
            if bundle.codes.isDisjoint(with: Self.codesOfShape) || Self.beyondSchemas[bundle.name] != nil {
                if bundle.codes.isDisjoint(with: Self.codesOfNames) {
                    #expect(faults[bundle.name] == nil, "\(bundle.name): \(faults[bundle.name] ?? "")")
                }
            } else {
                #expect(faults[bundle.name] != nil, "\(bundle.name) is not refused")
                refused += 1
            }
        }
        #expect(refused >= 12)
    }
}
