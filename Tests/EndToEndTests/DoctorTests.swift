import CanonicalForm
import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct DoctorTests {
    private func findings(_ ending: Ending) throws -> [JSONObject] {
        try ending.json().objectValue?["findings"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    @Test func aHealthyProviderNeedsNothingAndNothingIsChanged() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        _ = try await site.protect()
        let before = try await site.shell("find . -printf '%p|%s|%T@\\n' | sort")
        let text = try await site.cairn("doctor", "local")
        #expect(text.code == 0 && text.output.hasSuffix("none doubtful, none unmet\n"), "\(text)")
        let found = try findings(try await site.cairn("doctor", "--output", "json"))
        #expect(
            Set(found.compactMap { $0["area"]?.stringValue }) == [
                "provider", "plugin files", "plugin noop", "bank", "checkpoints",
            ])
        #expect(found.allSatisfy { $0["state"] == "met" })
        #expect(try await site.shell("find . -printf '%p|%s|%T@\\n' | sort").output == before.output)
    }

    @Test func aBankThatIsNotThereIsUnmet() async throws {
        let site = try await Site(initialize: false)
        let ending = try await site.cairn("doctor")
        #expect(ending.code == 1 && ending.output.contains("cairn bank init"), "\(ending)")
        #expect(!FileManager.default.fileExists(atPath: site.bank))
        _ = try await site.cairn("bank", "init")
        _ = try await site.shell("echo rubbish > bank/format")
        let damaged = try await site.cairn("doctor")
        #expect(damaged.code == 1 && damaged.output.contains("'format' is damaged"), "\(damaged)")
    }

    @Test func aFaultyManifestIsUnmet() async throws {
        let site = try await Site()
        let manifest = """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: \(site.bank)}}
            plugins: [{name: files}, {name: filez}]
            """
        try site.write("providers/local.yaml", manifest)
        let unknown = try await site.cairn("doctor", "local", "--output", "json")
        #expect(unknown.code == 1 && unknown.output.contains("there is no plugin 'filez'"), "\(unknown)")
        // What else there is, is looked at all the same.
        #expect(try findings(unknown).contains { $0["area"] == "bank" && $0["state"] == "met" })
        try site.write("providers/local.yaml", "kind: Provider\nname: [")
        let broken = try await site.cairn("doctor", "local")
        #expect(broken.code == 1 && broken.output.contains("unmet"), "\(broken)")
        let absent = try await site.cairn("doctor", "other")
        #expect(absent.code == 1, "\(absent)")
    }

    @Test func whatCrashesLeaveIsToldWithWhatMendsIt() async throws {
        let site = try await Site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 40000000 /dev/urandom | base64 > source/large")
        try await site.compile()
        let killed = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { process in
                try await Programs.wait {
                    try site.objects(below: "checkpoints/").contains { $0.contains("/journal/") }
                }
                kill(process, SIGKILL)
            })
        #expect(killed.code == -SIGKILL)
        // A process that was killed leaves what it was writing, which counts once it is old.
        _ = try await site.shell("echo half > bank/.tmp/1-left; touch -d '3 hours ago' bank/.tmp/1-left")
        let ending = try await site.cairn("doctor", "--output", "json")
        #expect(ending.code == 0, "\(ending)")
        let found = try findings(ending)
        let zombie = found.first { $0["area"] == "checkpoints" && $0["state"] == "doubtful" }
        #expect(zombie?["advice"]?.stringValue?.contains("cairn resume") == true, "\(ending)")
        #expect(found.contains { $0["subject"] == "half-written objects in the bank" && $0["state"] == "doubtful" })
    }

    @Test func damagedCheckpointsAreUnmet() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let id = try await site.protect()
        _ = try await site.shell("echo rubbish > bank/checkpoints/\(id)/commits/1.json")
        let ending = try await site.cairn("doctor")
        #expect(ending.code == 1 && ending.output.contains("is damaged") && ending.output.contains(id), "\(ending)")
    }

    @Test func aBankFromTheFutureIsDoubtful() async throws {
        let site = try await Site()
        _ = try await site.shell("mkdir -p bank/indices; touch -d '2 days' bank/indices")
        let ending = try await site.cairn("doctor")
        #expect(ending.code == 0 && ending.output.contains("behind the clock of the bank"), "\(ending)")
    }
}
