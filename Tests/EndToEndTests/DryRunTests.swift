import CanonicalForm
import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct DryRunTests {
    /// Every entry below the site with its kind, mode, size and time of change, and the content of every file.
    private func picture(_ site: Site) async throws -> String {
        let ending = try await site.shell(
            """
            find . -printf '%p|%y|%m|%s|%T@|%l\\n' | sort; find . -type f -exec sha256sum {} + | sort -k2
            """)
        try #require(ending.code == 0)
        return ending.output
    }

    @Test func dryRunsOfAllOperationsChangeNothingAtAll() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let empty = try await picture(site)
        let first = try await site.cairn("protect", "plan.ir", "--dry-run")
        #expect(first.code == 0, "\(first)")
        #expect(first.output.hasPrefix("would protect plan 'shop' with provider 'local': 1 resource, 1 activity"))
        #expect(first.output.hasSuffix("none unmet; nothing was changed\n"), "\(first)")
        #expect(try await picture(site) == empty)

        let id = try await site.protect()
        let before = try await picture(site)
        for arguments in [
            ["protect", "plan.ir"], ["restore", "--last", "--to", site.restored], ["verify", id], ["delete", id],
        ] {
            for format in ["text", "json"] {
                let ending = try await Programs.run(
                    "cairn", arguments + ["--dry-run", "--output", format], in: site.place)
                #expect(ending.code == 0, "\(arguments): \(ending)")
                guard format == "json" else { continue }
                let report = try #require(try ending.json().objectValue)
                #expect(
                    report["dryRun"] == true && report["operation"] == .string(arguments[0]) && report["unmet"] == 0)
                #expect(report["activities"]?.arrayValue?.isEmpty == (arguments[0] == "delete"), "\(ending)")
            }
        }
        #expect(try await picture(site) == before)
        let report = try await site.cairn("protect", "plan.ir", "--dry-run", "--output", "json").json().objectValue
        #expect(report?["bankBytes"]?.integerValue ?? 0 > 1_000_000)
    }

    @Test func whatIsMissingIsToldWithExitCode1() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let id = try await site.protect()
        let inPlace = try await site.cairn("restore", id, "--dry-run")
        #expect(inPlace.code == 1 && inPlace.output.contains("is not empty"), "\(inPlace)")
        let overwriting = try await site.cairn("restore", id, "--dry-run", "--overwrite")
        #expect(overwriting.code == 0, "\(overwriting)")
        _ = try await site.shell("mv source elsewhere")
        let gone = try await site.cairn("protect", "plan.ir", "--dry-run", "--output", "json")
        #expect(gone.code == 1)
        let report = try #require(try gone.json().objectValue)
        #expect(report["unmet"] == 1)
        let unmet = report["preconditions"]?.arrayValue?.compactMap(\.objectValue).first { $0["state"] == "unmet" }
        #expect(unmet?["resource"] == "Host::FileSystem::Directory#data")
        #expect(unmet?["finding"]?.stringValue?.contains("does not exist") == true, "\(gone)")
        _ = try await site.shell("mv bank away")
        let both = try await site.cairn("protect", "plan.ir", "--dry-run")
        #expect(
            both.code == 1 && both.output.contains("is not there") && both.output.contains("does not exist"), "\(both)")
        #expect(!FileManager.default.fileExists(atPath: site.bank))
        let restored = try await site.cairn("restore", id, "--dry-run")
        #expect(restored.code == 1 && restored.errors.contains("there is no bank"), "\(restored)")
    }

    @Test func aPlanThatOnlyStandsInIsDoubtful() async throws {
        let site = try await Site()
        try site.write(
            "noop.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: noop
            provider: local
            resources:
              - {id: a, type: Some::Thing, resources: [{id: b, type: Some::Thing}]}
            """)
        _ = try await site.cairnc("compile", "noop.yaml", "-o", "noop.ir")
        let ending = try await site.cairn("protect", "noop.ir", "--dry-run")
        #expect(ending.code == 0 && ending.output.contains("2 doubtful, none unmet"), "\(ending)")
        #expect(ending.output.contains("8 activities"))
    }

    @Test func unknownCheckpointsAndPlansAreRefused() async throws {
        let site = try await Site()
        #expect(try await site.cairn("restore", "nope", "--dry-run").code == 1)
        #expect(try await site.cairn("protect", "nope.ir", "--dry-run").code == 1)
        #expect(try await site.cairn("verify", "--dry-run").code == 2)
    }
}
