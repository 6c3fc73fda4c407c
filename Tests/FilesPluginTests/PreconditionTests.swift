import CanonicalForm
import Foundation
import Glibc
import PlanIR
import PluginKit
import Testing

@testable import FilesPlugin

@Suite struct PreconditionTests {
    private func context(
        _ path: String, parameters: JSONObject = [:], definition: JSONObject = [:],
        target: RestoreTarget = RestoreTarget(directory: nil, overwrite: false), checkpoint: String = ""
    ) -> PreconditionContext {
        let resource = ResourceDescription(
            type: "Host::FileSystem::Directory", id: "t", name: "t", properties: ["path": .string(path)])
        return PreconditionContext(
            resource: resource, parameters: parameters, protectParameters: parameters, target: target,
            definition: definition,
            scope: OperationScope([.init(resource: resource, protectParameters: parameters)]), checkpoint: checkpoint)
    }

    private func protect(_ path: String, _ parameters: JSONObject = [:]) async -> [Precondition] {
        await FilesPlugin().preconditions(of: .protect, context(path, parameters: parameters))
    }

    @Test func aReadableDirectoryIsMetAndItsSizeGuessed() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir a; head -c 300000 /dev/urandom > a/x; head -c 100000 /dev/urandom > y")
        let before = try portrait(fixture.directory)
        let plain = await protect(fixture.tree, ["compression": "none"])
        #expect(plain.map(\.state) == [.met] && plain[0].bankBytes == 400_000, "\(plain)")
        let packed = await protect(fixture.tree)
        #expect(packed[0].bankBytes == 200_000)
        let less = await protect(fixture.tree, ["compression": "none", "exclude": ["a/"]])
        #expect(less[0].bankBytes == 100_000)
        #expect(try portrait(fixture.directory) == before)
    }

    @Test func whatCannotBeProtectedIsUnmetWithAdvice() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo hello > file; ln -s . link")
        for (path, words) in [
            ("/nowhere/at/all", "does not exist"), (fixture.tree + "/file", "is not a directory"),
            (fixture.tree + "/link", "is a symbolic link"), ("relative", "absolute path"),
        ] {
            let found = await protect(path)
            #expect(found.map(\.state) == [.unmet], "\(path): \(found)")
            #expect(found.first?.finding.contains(words) == true, "\(path): \(found)")
        }
        let wrong = await protect(fixture.tree, ["compression": "lzma"])
        #expect(wrong.map(\.state) == [.unmet] && wrong[0].advice == "write zstd or none")
    }

    @Test func whatMayNotBeReadIsNamed() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir secret; echo x > mine; chmod 000 secret mine")
        let found = await protect(fixture.tree)
        // Root may read all, and is told so.
        let mayRead = geteuid() == 0
        #expect(found.map(\.state) == [mayRead ? .met : .unmet], "\(found)")
        #expect(mayRead || (found[0].finding.contains("'mine'") && found[0].finding.contains("'secret'")), "\(found)")
        let without = await protect(fixture.tree, ["exclude": ["mine", "secret"]])
        #expect(without.map(\.state) == [.met], "\(without)")
    }

    @Test func aTreeOfManyEntriesIsNotCounted() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir d; cd d; seq 30 | xargs touch")
        let settings = try FilesSettings(["path": .string(fixture.tree)], [:])
        #expect(TreeEstimate.bytes(settings, StopFlag(), limit: 30) == nil)
        #expect(TreeEstimate.bytes(settings, StopFlag(), limit: 31) == 0)
    }

    @Test func aRestoreLooksAtItsTargetAndLeavesIt() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo hello > file")
        let definition = try await fixture.protect()
        func look(_ directory: String?, overwrite: Bool = false) async -> [Precondition] {
            await FilesPlugin().preconditions(
                of: .restore,
                context(
                    fixture.tree, definition: definition,
                    target: RestoreTarget(directory: directory, overwrite: overwrite)
                ))
        }
        let before = try portrait(fixture.directory)
        let fresh = await look(fixture.directory + "/not/there/yet")
        #expect(fresh.allSatisfy { $0.state != .unmet } && fresh[0].finding == "can be made", "\(fresh)")
        let full = await look(nil)
        #expect(full.first?.state == .unmet && full[0].finding.contains("is not empty"), "\(full)")
        let replaced = await look(nil, overwrite: true)
        #expect(replaced[0].state == .met && replaced[0].finding == "is there and will be replaced", "\(replaced)")
        let onTheWay = await look(fixture.tree + "/file")
        #expect(onTheWay.first?.state == .unmet, "\(onTheWay)")
        #expect(try portrait(fixture.directory) == before)
    }

    /// A restore of the same checkpoint may go on there, and one of another may not.
    @Test func anUnfinishedRestoreIsKnownByItsCheckpoint() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let definition = try await fixture.protect()
        var seams = FilesSeams()
        seams.sync = { _ in EIO }
        let reason = await failure { _ = try await fixture.restore(definition, seams: seams) }
        #expect(reason.contains("cannot make durable"))
        let target = RestoreTarget(directory: fixture.directory + "/out", overwrite: false)
        func look(_ checkpoint: String) async -> Precondition? {
            await FilesPlugin().preconditions(
                of: .restore, context(fixture.tree, definition: definition, target: target, checkpoint: checkpoint)
            ).first
        }
        let same = try #require(await look("c1"))
        #expect(same.state == .met && same.finding.contains("an unfinished restore of this checkpoint"), "\(same)")
        let other = try #require(await look("c2"))
        #expect(other.state == .unmet && other.finding.contains("of another checkpoint"), "\(other)")
    }

    /// Another resource's directory on the way may be a file that a restore would replace: a look must not.
    @Test func aLookReplacesNothingOnTheWay() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir inner; echo x > inner/y")
        let inner = fixture.tree + "/inner"
        let definition = try await FilesPlugin().protect(
            .main,
            ActivityContext(
                resource: ResourceDescription(
                    type: "Host::FileSystem::Directory", id: "i", name: "", properties: ["path": .string(inner)]),
                parameters: [:], protectParameters: [:], checkpoint: "c", definition: [:], artifacts: fixture.store,
                reporter: fixture.reporter))
        let out = fixture.directory + "/out"
        try shell("mkdir -p '\(out)\(fixture.directory)'; echo in the way > '\(out)\(fixture.tree)'")
        func description(_ path: String) -> OperationScope.Member {
            .init(
                resource: ResourceDescription(
                    type: "Host::FileSystem::Directory", id: path, name: "", properties: ["path": .string(path)]),
                protectParameters: ["exclude": ["inner"]])
        }
        let context = PreconditionContext(
            resource: description(inner).resource, parameters: [:], protectParameters: [:],
            target: RestoreTarget(directory: out, overwrite: true), definition: definition,
            scope: OperationScope([description(fixture.tree), description(inner)]))
        _ = await FilesPlugin().preconditions(of: .restore, context)
        #expect(try shell("cat '\(out)\(fixture.tree)'") == "in the way\n")
    }

    @Test func aDefinitionThatIsNoneIsUnmet() async {
        for operation in [OperationKind.restore, .verify] {
            let found = await FilesPlugin().preconditions(of: operation, context("/srv", definition: ["version": 9]))
            #expect(found.map(\.state) == [.unmet], "\(operation): \(found)")
        }
    }

    @Test func theHostHasWhatThePluginNeeds() async {
        let found = await FilesPlugin().hostPreconditions()
        #expect(found.map(\.state) == [.met] && found[0].finding.contains("zstd"))
    }
}
