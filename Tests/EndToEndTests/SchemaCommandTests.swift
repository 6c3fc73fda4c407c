import CanonicalForm
import Foundation
import Testing

/// `cairnc schema` and `cairnc plugins`, as they are built.
@Suite("Schemas and plugins on the command line")
struct SchemaCommandTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func cairnc(_ arguments: String..., environment: [String: String?] = [:]) async throws -> Ending {
        try await Programs.run("cairnc", arguments, in: Self.root.path, environment: environment)
    }

    @Test("Every schema is printed as it stands in schemas/") func files() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "schemas").path)
        #expect(names.count >= 7)
        // That of event streams is the executor's.
        for name in names.sorted() where name != "events.schema.json" {
            let format = try #require(name.split(separator: ".").first.map(String.init))
            let ending = try await cairnc("schema", format)
            let text = try String(contentsOf: Self.root.appending(path: "schemas/\(name)"), encoding: .utf8)
            #expect(ending.code == 0 && ending.output == text && ending.errors == "", "\(name)")
        }
    }

    @Test("The schema for a provider is the same each time, and names its types") func provider() async throws {
        let first = try await cairnc("schema", "plan", "--provider", "plans/providers/local.yaml")
        #expect(first.code == 0 && first.errors == "")
        let again = try await cairnc("schema", "plan", "--provider", "plans/providers/local.yaml")
        #expect(first.output == again.output)
        let definitions = try first.json().objectValue?["$defs"]?.objectValue
        #expect(definitions?["Host::FileSystem::Directory.parameters"] != nil)
    }

    @Test("Wrong usage and faulty providers are told") func faults() async throws {
        let site = try await Site(initialize: false)
        #expect(try await cairnc("schema").code == 2)
        #expect(try await cairnc("schema", "plans").code == 2)
        #expect(try await cairnc("schema", "ir", "--provider", "plans/providers/local.yaml").code == 2)
        let missing = try await cairnc("schema", "plan", "--provider", "no/such/file.yaml")
        #expect(missing.code == 1 && missing.output == "" && missing.errors.contains("E0001"))
        let noProvider = try await cairnc("schema", "plan", "--provider", "plans/quickstart.yaml")
        #expect(noProvider.code == 1 && noProvider.errors.contains("holds no provider"))
        let head = "apiVersion: cairn/v1\nkind: Provider\nname: a\nbank: {plugin: directory, config: {path: /b}}\n"
        try site.write("faulty.yaml", head + "plugins: [{name: flies}]\n")
        let faulty = try await site.cairnc("schema", "plan", "--provider", "faulty.yaml")
        #expect(faulty.code == 1 && faulty.output == "")
        #expect(faulty.errors.contains("error[E0203]") && faulty.errors.contains("did you mean 'files'?"))
        try site.write(
            "two.yaml", head + "plugins: []\n---\n" + head.replacing("name: a", with: "name: b") + "plugins: []\n")
        let two = try await site.cairnc("schema", "plan", "--provider", "two.yaml")
        #expect(two.code == 1 && two.output == "" && two.errors.contains("2 providers"))
    }

    @Test("Plugins whose manifests lie beside the provider are known") func declaredPlugins() async throws {
        let site = try await Site(initialize: false)
        try site.write(
            "providers/shelf.plugin.yaml",
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: shelf
            version: 1
            description: For a test
            resourceTypes:
              - type: Test::Shelf
                description: A shelf
                operations:
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: []}

            """)
        let head = "apiVersion: cairn/v1\nkind: Provider\nname: shelves\n"
        try site.write(
            "providers/shelves.yaml",
            head + "bank: {plugin: directory, config: {path: /b}}\nplugins: [{name: shelf}]\n")
        let schema = try await site.cairnc("schema", "plan", "--provider", "providers/shelves.yaml")
        #expect(
            schema.code == 0 && schema.errors == "" && schema.output.contains("Test::Shelf.parameters"), "\(schema)")
        let ofProvider = try await site.cairnc("plugins", "--provider", "providers/shelves.yaml")
        #expect(ofProvider.code == 0 && ofProvider.output.contains("Test::Shelf") && ofProvider.errors == "")
        #expect(!ofProvider.output.contains("Directory"))
        let all = try await site.cairnc("plugins", "--providers", "providers")
        #expect(all.code == 0 && all.output.contains("Test::Shelf") && all.output.contains("Directory"))
        #expect(try await site.cairnc("plugins").output.contains("Test::Shelf") == false)
        let missing = try await site.cairnc("plugins", "--providers", "nowhere")
        #expect(missing.code == 1 && missing.errors.contains("there is no provider directory 'nowhere'"))
    }

    @Test("The types are listed, in a narrow terminal and in a wide one") func list() async throws {
        for width in ["20", "80", "200"] {
            let ending = try await cairnc("plugins", environment: ["COLUMNS": width])
            #expect(ending.code == 0 && ending.errors == "")
            #expect(ending.output.contains("Host::FileSystem::Directory  files"))
            #expect(!ending.output.contains("\u{1B}"))
        }
        for width in [60, 80, 120] {
            let ending = try await cairnc(
                "plugins", "Host::FileSystem::Directory", environment: ["COLUMNS": "\(width)"])
            let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.allSatisfy { $0.count <= width && !$0.hasSuffix(" ") })
            #expect(lines.count > 40)
        }
    }

    @Test("JSON has all that is told of a type") func json() async throws {
        let ending = try await cairnc("plugins", "Host::FileSystem::Directory", "--output", "json")
        let types = try ending.json().objectValue?["types"]?.arrayValue
        #expect(types?.count == 1)
        let type = try #require(types?.first?.objectValue)
        #expect(type["plugin"] == "files" && type["parents"] == ["*"])
        let protect = try #require(type["operations"]?.objectValue?["protect"]?.objectValue)
        #expect(
            protect["hooks"]?.arrayValue?.first == ["hook": "prepareFinish", "when": ["consistency": ["quiesced"]]])
        let parameters = protect["parameters"]?.objectValue?["options"]?.arrayValue ?? []
        let level = try #require(parameters.compactMap(\.objectValue).first { $0["name"] == "level" })
        #expect(level["default"] == 3 && level["limits"] == ["1 to 19"] && level["type"] == "integer")
        let compression = try #require(parameters.compactMap(\.objectValue).first { $0["name"] == "compression" })
        #expect(compression["allowed"] == ["zstd", "none"])
        #expect(type["savedInfo"] != nil)
    }

    @Test("A type that is not there is told, with a similar one") func unknown() async throws {
        let similar = try await cairnc("plugins", "Host::FileSystm::Directory")
        #expect(similar.code == 1 && similar.output == "")
        #expect(similar.errors.contains("did you mean 'Host::FileSystem::Directory'?"))
        let other = try await cairnc("plugins", "OS::Nova::Server")
        #expect(other.code == 1 && other.errors.contains("'noop' takes it"))
        let local = try await cairnc("plugins", "--provider", "plans/providers/local.yaml", "OS::Nova::Server")
        #expect(local.code == 1 && local.errors.contains("there is no resource type"))
        #expect(!local.errors.contains("noop"))
        let every = try await cairnc("plugins", "*")
        #expect(every.code == 0 && every.output.contains("noop"))
    }

    @Test("A provider's file restricts the list to its plugins") func restricted() async throws {
        let local = try await cairnc("plugins", "--provider", "plans/providers/local.yaml")
        #expect(local.code == 0 && !local.output.contains("noop"))
        let drawing = try await cairnc("plugins", "--provider", "plans/providers/drawing.yaml")
        #expect(drawing.code == 0 && drawing.output.contains("noop"))
    }
}
