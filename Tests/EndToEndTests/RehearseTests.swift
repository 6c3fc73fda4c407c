import CanonicalForm
import Engine
import EventStream
import Foundation
import Glibc
import PlanIR
import Testing

/// `cairn rehearse`: what proves a backup must find one that is none.
@Suite(.timeLimit(.minutes(5))) struct RehearseTests {
    /// A directory and a command whose programs the test chooses.
    private func site(restoreTo: String? = nil, resume: String = "true") async throws -> Site {
        let site = try await Site()
        try await site.fillSource()
        _ = try await site.shell(
            "sed -i 's/- {name: noop}/- {name: noop}\\n  - {name: command}\\n  - {name: service}/' providers/local.yaml; mkdir scratch; echo dump > dump"
        )
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            description: A plan for rehearsals
            provider: local
            resources:
              - id: dump
                type: Host::Command::Artifact
                name: A dump
                properties:
                  dump: [cat, \(site.place)/dump]
                  restore: [sh, -c, "cat > \(site.place)/restored-dump"]
                  \(restoreTo.map { "restoreTo: [sh, -c, '\($0)']" } ?? "")
              - id: service
                type: Host::Process::Service
                name: A service
                properties: {quiesce: ["true"], resume: ["\(resume)"]}
              - id: data
                type: Host::FileSystem::Directory
                name: The data
                properties: {path: \(site.source)}
            """)
        try await site.compile()
        return site
    }

    private func verdicts(_ ending: Ending) throws -> [String] {
        (try ending.json().objectValue?["resources"]?.arrayValue ?? []).map {
            $0.objectValue?["verdict"]?.stringValue ?? ""
        }
    }

    private func scratchIsEmpty(_ site: Site) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: site.place + "/scratch").isEmpty
    }

    @Test func aSoundBackupIsProvenAndNothingStays() async throws {
        let site = try await site(restoreTo: #"cat > "$CAIRN_TARGET_DIRECTORY/dump""#)
        let events = site.place + "/events"
        let ending = try await site.cairn(
            "rehearse", "plan.ir", "--scratch", "scratch", "--output", "json", "--events", events)
        #expect(ending.code == 0, "\(ending)")
        #expect(try verdicts(ending) == ["proven", "empty", "proven"])
        let report = try #require(try ending.json().objectValue)
        #expect(report["status"] == "proven" && report["kept"] == false)
        #expect(report["restoredBytes"]?.integerValue ?? 0 > 3_000_000)
        #expect(report["restoreMilliseconds"]?.integerValue != nil)
        #expect(try scratchIsEmpty(site))
        #expect(try await site.cairn("checkpoints", "list").output.isEmpty)
        // All its runs are in one stream.
        let run = try EventReader.read(Array(Data(contentsOf: URL(fileURLWithPath: events))))
        #expect(run.earlier.map { $0.beginning?.operation.rawValue } == ["protect", "restore"])
        #expect(run.beginning?.operation.rawValue == "delete" && run.end?.status == "deleted")
    }

    @Test func whatCannotBeRestoredElsewhereIsVerifiedOnly() async throws {
        let site = try await site()
        let real = try await site.protect()
        let ending = try await site.cairn("rehearse", "plan.ir", "--scratch", "scratch", "--output", "json")
        #expect(ending.code == 1, "\(ending)")
        #expect(try verdicts(ending) == ["verified", "empty", "proven"])
        #expect(!FileManager.default.fileExists(atPath: site.place + "/restored-dump"))
        let accepted = try await site.cairn(
            "rehearse", "plan.ir", "--scratch", "scratch", "--accept-verified", "--keep")
        #expect(accepted.code == 0 && accepted.output.contains("is kept"), "\(accepted)")
        #expect(try scratchIsEmpty(site))
        // The rehearsal is newer, and is not the last one.
        let last = try await site.cairn("checkpoints", "show", "--last", "--output", "json")
        #expect(try last.json().objectValue?["checkpoint"]?.stringValue == real)
        let listed = try await site.cairn("checkpoints", "list")
        #expect(listed.output.contains("a rehearsal"), "\(listed)")
    }

    /// While the directory's archive lies in the bank and before it is restored, a bit of it turns.
    @Test func aPlantedCorruptionIsFound() async throws {
        let corrupt =
            #"for f in $(find "$BANK" -path "*data*archive*parts*" -type f); do n=$(stat -c %s "$f"); "#
            + #"printf XXXXXXXX | dd of="$f" bs=1 seek=$((n / 2)) conv=notrunc status=none; done; cat > /dev/null"#
        let site = try await site(restoreTo: corrupt)
        let ending = try await site.cairn(
            "rehearse", "plan.ir", "--scratch", "scratch", "--output", "json", "--jobs", "1",
            environment: ["BANK": site.bank])
        #expect(ending.code == 1, "\(ending)")
        #expect(try verdicts(ending) == ["proven", "empty", "failed"], "\(ending)")
        #expect(ending.namedObjects.contains { $0.contains("archive") }, "\(ending)")
        let report = try #require(try ending.json().objectValue)
        #expect(report["status"] == "unproven" && report["kept"] == true)
        #expect(try scratchIsEmpty(site))
    }

    @Test func aSignalEndsItAndNothingStaysInTheScratchPlace() async throws {
        let site = try await site(restoreTo: "touch \"$MARK\"; exec sleep 60")
        let mark = site.place + "/mark"
        let ending = try await Programs.run(
            "cairn", ["rehearse", "plan.ir", "--scratch", "scratch", "--grace", "0"], in: site.place,
            environment: ["MARK": mark]
        ) { process in
            try await Programs.wait { FileManager.default.fileExists(atPath: mark) }
            kill(process, SIGTERM)
        }
        #expect(ending.code == 3, "\(ending)")
        #expect(try scratchIsEmpty(site))
    }

    @Test func aDryRunChangesNothing() async throws {
        let site = try await site()
        let before = try site.objects()
        let ending = try await site.cairn("rehearse", "plan.ir", "--scratch", "scratch", "--dry-run")
        #expect(ending.code == 0 && ending.output.contains("scratch place"), "\(ending)")
        let nowhere = try await site.cairn("rehearse", "plan.ir", "--scratch", "nowhere", "--dry-run")
        #expect(nowhere.code == 1 && nowhere.output.contains("--scratch DIR"), "\(nowhere)")
        let refused = try await site.cairn("rehearse", "plan.ir", "--scratch", "nowhere")
        #expect(refused.code == 1 && refused.errors.contains("nowhere"), "\(refused)")
        #expect(try site.objects() == before)
    }
}
