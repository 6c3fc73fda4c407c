import CanonicalForm
import Checkpoints
import Diagnostics
import Engine
import Foundation
import Manifests
import PlanIR
import PluginKit
import ProtectionService
import Testing

/// What `--only` and `--set` mean, and what is wrong with them.
@Suite struct RequestTests {
    private static let files = "Host::FileSystem::Directory"
    private static let service = "Host::Process::Service"

    /// A service over two directories, of which one has the id of another type's resource, and a command.
    private static let ir: PlanIR = {
        let digest = SHA256Digest(of: Array("manifest".utf8))
        func resource(_ type: String, _ id: String, _ plugin: Int32, _ set: Int32, _ dependents: [Int32] = [])
            -> PlanIR
            .Resource
        {
            PlanIR.Resource(
                type: type, id: id, name: id, properties: [:], plugin: plugin, parameters: [0, set, set + 1],
                dependents: dependents)
        }
        return PlanIR(
            plan: "shop", description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: ["files", "service", "command"].map { .init(name: $0, version: 1, digest: digest) },
            parameterSets: [
                [:], [:], ["level": "archive"], ["healthTimeout": "30s", "restart": true], [:], [:],
                ["level": "command"],
            ],
            resources: [
                resource(service, "web", 1, 3, [1, 2]), resource(files, "data", 0, 1),
                resource(files, "my.files", 0, 1), resource("Host::Command::Artifact", "data", 2, 5),
            ], triggers: [], retention: [:],
            graphs: OperationKind.allCases.map { _ in
                ActivityGraph(activities: [], edges: [(ActivityGraph.start, ActivityGraph.finish)])
            })
    }()

    private static func plugins() throws -> [ProvidedPlugin] {
        let place = NSTemporaryDirectory() + "cairn-request-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try Data(
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            description: For a test
            bank: {plugin: directory, config: {path: /nowhere}}
            plugins: [{name: files}, {name: service}, {name: command}]
            """.utf8
        ).write(to: URL(fileURLWithPath: place + "/local.yaml"))
        let registry = try ProviderRegistry(directories: [place], beside: nil)
        return try registry.providedPlugins(of: try registry.provider(nil))
    }

    private func check(
        _ arguments: [String], _ kind: OperationKind = .verify, resources: [Int]? = nil
    ) throws -> [ParameterOverride] {
        try ParameterAssignments.check(
            arguments.map { try ParameterAssignment(argument: $0) }, for: kind, of: Self.ir, resources: resources,
            try Self.plugins())
    }

    // MARK: --only

    @Test func resourcesAreNamedByIdOrIdentity() throws {
        #expect(try Self.ir.resources(named: []) == nil)
        #expect(try Self.ir.resources(named: ["web"]) == [0, 1, 2])
        #expect(try Self.ir.resources(named: ["my.files", "Host::Command::Artifact#data"]) == [2, 3])
        let unknown = #expect(throws: RequestError.self) { try Self.ir.resources(named: ["my.file"]) }
        #expect(unknown?.description.contains("did you mean 'my.files'?") == true)
        let ambiguous = #expect(throws: RequestError.self) { try Self.ir.resources(named: ["data"]) }
        #expect(ambiguous?.description.contains("\(Self.files)#data, Host::Command::Artifact#data") == true)
        let identity = #expect(throws: RequestError.self) { try Self.ir.resources(named: ["\(Self.files)#dat"]) }
        #expect(identity?.description.contains("did you mean '\(Self.files)#data'?") == true)
    }

    // MARK: --set

    @Test func aPlainKeyIsForAllTypesThatHaveIt() throws {
        let overrides = try check(["level=digests"])
        #expect(Set(overrides.map(\.target)) == [Self.files, "Host::Command::Artifact"])
        #expect(overrides.allSatisfy { $0.key == "level" && $0.value == "digests" })
        #expect(try check(["level=digests"], resources: [1]).map(\.target) == [Self.files])
        // Common ones are everywhere.
        #expect(try check(["timeout=5m"]).count == 3)
        #expect(try check(["restart=false"], .restore).map(\.value) == [false])
        let retry = try check(["retry={attempts: 2, delay: 5s}"], .restore)
        #expect(retry.first?.value == ["attempts": 2, "delay": "5s"])
    }

    @Test func resourcesComeBehindTypesBehindPlainOnes() throws {
        let overrides = try check([
            "\(Self.files)#my.files.level=digests", "\(Self.files).level=archive", "level=digests",
        ])
        #expect(
            overrides.map { "\($0.target)=\($0.value.stringValue ?? "")" } == [
                "\(Self.files)=digests", "Host::Command::Artifact=digests", "\(Self.files)=archive",
                "\(Self.files)#my.files=digests",
            ])
    }

    @Test func whatARecordSaysIsReadBack() throws {
        let overrides = try check(["\(Self.files)#my.files.level=digests", "retry={attempts: 2}"])
        let again = try ParameterAssignments.check(
            overrides.map { ParameterAssignment($0) }, for: .verify, of: Self.ir, resources: nil, try Self.plugins())
        #expect(Set(again) == Set(overrides))
    }

    @Test(arguments: [
        ("levl=digests", "did you mean 'level'?"), ("exclude=[a]", "no resource that is asked for has a parameter"),
        ("Host::FileSystem::Directry.level=digests", "did you mean 'Host::FileSystem::Directory'?"),
        ("Host::FileSystem::Directory#dada.level=digests", "did you mean 'Host::FileSystem::Directory#data'?"),
        ("Host::FileSystem::Directory.checkHealth=true", "no resource that is asked for"),
        ("level=deep", "must be one of"), ("level=1", "level"), ("level=[digests", "did not find"),
        ("level=#x", "not one"),
        ("level=digests\nmore: 1", "not one"), ("timeout=soon", "timeout"),
        ("retry={attempts: 0}", "attempts"), ("retry={tries: 1}", "tries"),
        ("retry={delay: 5m, maxDelay: 1m}", "longer"), ("level=", "level"),
    ])
    func faultsAreToldBeforeAnythingIsBegun(_ argument: String, _ words: String) throws {
        do {
            _ = try check([argument])
            Issue.record("'\(argument)' was taken")
        } catch let error as RequestError {
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    @Test(arguments: ["", "level", "=digests", "="]) func whatIsNoAssignmentIsRefused(_ argument: String) {
        #expect(throws: RequestError.self) { try ParameterAssignment(argument: argument) }
    }

    @Test func faultsAreLocated() throws {
        let error = #expect(throws: RequestError.self) { try check(["level=deep"]) }
        guard case .faulty(let faults, let sources)? = error else { throw error ?? .notAnAssignment("") }
        let fault = try #require(faults.sorted.first)
        let range = try #require(fault.range)
        let text = sources[range.source]
        #expect(text.name == "--set level")
        #expect(String(decoding: text.bytes[Int(range.start)..<Int(range.end)], as: UTF8.self) == "deep")
    }
}
