import CanonicalForm
import Engine
import EventStream
import Foundation
import Glibc
import PlanIR
import SeededRandom
import Testing

/// `cairn rehearse`: what proves a backup must find one that is none.
@Suite(.timeLimit(.minutes(10))) struct RehearseTests {
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
                properties:
                  quiesce: [touch, \(site.place)/still]
                  resume: [sh, -c, "rm -f \(site.place)/still; \(resume)"]
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

    /// A rehearsal every night that never proves anything must not fill the bank; what people keep stays.
    @Test func whatProvesNothingLeavesOneCheckpointOnly() async throws {
        let site = try await site()
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            description: A plan of which nothing is saved
            provider: local
            resources:
              - {id: nothing, type: Test::Nothing, name: Nothing}
            """)
        try await site.compile()
        func ids() async throws -> [String] {
            let ending = try await site.cairn("checkpoints", "list", "--output", "json")
            return (try ending.json().arrayValue ?? []).compactMap { $0.objectValue?["checkpoint"]?.stringValue }
        }
        let kept = try await site.cairn("rehearse", "plan.ir", "--scratch", "scratch", "--keep")
        #expect(kept.code == 1 && kept.output.contains("is kept"), "\(kept)")
        let keptIDs = try await ids()
        #expect(keptIDs.count == 1)
        for night in 0..<3 {
            let ending = try await site.cairn("rehearse", "plan.ir", "--scratch", "scratch")
            #expect(ending.code == 1 && ending.output.contains("stays until the plan is rehearsed again"), "\(ending)")
            #expect(ending.errors.contains("was removed") == (night > 0), "\(ending)")
            let now = try await ids()
            #expect(now.count == 2 && Set(now).isSuperset(of: keptIDs), "\(now)")
        }
        let collected = try await site.cairn("gc", "--scratch", "scratch")
        #expect(collected.code == 0, "\(collected)")
        #expect(try await ids().count == 2)
        let check = try await site.cairn("bank", "check")
        #expect(check.code == 0 && !check.output.contains("rehearsal"), "\(check)")
        try await Task.sleep(for: .milliseconds(1100))
        let later = try await site.cairn("gc", "--scratch", "scratch", "--keep-failed", "1s")
        #expect(later.code == 0, "\(later)")
        #expect(try await ids() == keptIDs)
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

    // MARK: Killed

    /// Wherever a rehearsal is killed, a later one of the plan or a collection removes what it has left, sets going what stood
    /// still, and says so.
    @Test func whatAKilledRehearsalLeavesIsRemoved() async throws {
        let site = try await site(restoreTo: #"cat > "$CAIRN_TARGET_DIRECTORY/dump""#)
        let log = site.place + "/points"
        let whole = try await site.cairn(
            "rehearse", "plan.ir", "--scratch", "scratch", "--jobs", "1", environment: ["CAIRN_CRASH_LOG": log])
        try #require(whole.code == 0, "\(whole)")
        let points = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(points.count > 40, "\(points)")
        for name in ["marker", "index", "journal", "part", "commit", "operation", "use", "tombstone"] {
            #expect(points.contains { $0.contains("-put-\(name):") }, "\(name): \(points)")
        }
        // Another choice each time, which the name of the point tells.
        let first = Int(testSeed() % 3)
        var swept = 0
        for (number, point) in points.enumerated() where number % 3 == first {
            let killed = try await site.cairn(
                "rehearse", "plan.ir", "--scratch", "scratch", "--jobs", "1", environment: ["CAIRN_CRASH_AT": point])
            // How many pages the journals have depends on the time that it takes.
            if killed.code != -SIGKILL { #expect(killed.code == 0, "\(point): \(killed)") }
            let left = try FileManager.default.contentsOfDirectory(atPath: site.place + "/scratch")
            if number % 2 == 0 {
                let again = try await site.cairn("rehearse", "plan.ir", "--scratch", "scratch")
                #expect(again.code == 0, "\(point): \(again)")
                for name in left {
                    swept += 1
                    let words = "\(name)' was removed: the scratch directory of a rehearsal of plan 'shop'"
                    #expect(again.errors.contains(words), "\(point): \(again)")
                }
                #expect(try scratchIsEmpty(site), "\(point)")
            }
            let dry = try await site.cairn("gc", "--scratch", "scratch", "--dry-run")
            #expect(dry.code == 0, "\(point): \(dry)")
            let collected = try await site.cairn("gc", "--scratch", "scratch", "--output", "json")
            #expect(collected.code == 0, "\(point): \(collected)")
            if number % 2 != 0 {
                for name in left {
                    #expect(collected.output.contains(name) && dry.output.contains(name), "\(point): \(collected)")
                }
            }
            #expect(try scratchIsEmpty(site), "\(point)")
            #expect(!FileManager.default.fileExists(atPath: site.place + "/still"), "\(point)")
            #expect(try site.objects(below: "checkpoints/").isEmpty, "\(point): \(collected)")
            // A marker alone is no checkpoint, and goes a day later.
            #expect(try site.objects(below: "indices/by-").isEmpty, "\(point): \(collected)")
        }
        #expect(swept > 0)
    }

    @Test func whatIsKeptOrRunningOrNotItsOwnIsLeftAlone() async throws {
        let wait = #"touch "$MARK"; while ! test -e "$GO"; do sleep 0.02; done; cat > "$CAIRN_TARGET_DIRECTORY/dump""#
        let site = try await site(restoreTo: wait)
        let (mark, go) = (site.place + "/mark", site.place + "/go")
        let made = try await site.shell(
            """
            set -e
            cd scratch
            mkdir -m 700 cairn-rehearsal-mine; echo mine > cairn-rehearsal-mine/file
            mkdir -m 700 cairn-rehearsal-torn; echo '{"format":"cairn.scr' > cairn-rehearsal-torn/owner.json
            mkdir -m 777 cairn-rehearsal-open; ln -s cairn-rehearsal-mine cairn-rehearsal-link; touch cairn-rehearsal-file
            mkdir -m 700 cairn-rehearsal-young
            """)
        try #require(made.code == 0, "\(made)")
        let before = try site.names(in: "scratch")
        let running = try await Programs.run(
            "cairn", ["rehearse", "plan.ir", "--scratch", "scratch", "--keep"], in: site.place,
            environment: ["MARK": mark, "GO": go]
        ) { _ in
            try await Programs.wait { FileManager.default.fileExists(atPath: mark) }
            let collected = try? await site.cairn("gc", "--scratch", "scratch")
            _ = FileManager.default.createFile(atPath: go, contents: Data((collected?.output ?? "failed").utf8))
        }
        #expect(running.code == 0, "\(running)")
        let words = try String(contentsOfFile: go, encoding: .utf8)
        #expect(words.contains("it is being rehearsed") && !words.contains("removed"), "\(words)")
        #expect(try site.names(in: "scratch") == before)
        #expect(
            try String(contentsOfFile: site.place + "/scratch/cairn-rehearsal-mine/file", encoding: .utf8) == "mine\n")
        // One that was kept has come to its end.
        let kept = try await site.cairn("gc", "--scratch", "scratch")
        #expect(kept.code == 0 && !kept.output.contains("deleted"), "\(kept)")
        #expect(try await site.cairn("checkpoints", "list").output.contains("a rehearsal"))
    }

    @Test func aRehearsalOfAnotherBankIsLeftAloneAndNoneIsResumed() async throws {
        let site = try await site(restoreTo: #"cat > "$CAIRN_TARGET_DIRECTORY/dump""#)
        try await site.addOffsite(plugins: "[{name: files}, {name: noop}, {name: command}, {name: service}]")
        let killed = try await site.cairn(
            "rehearse", "plan.ir", "--scratch", "scratch", environment: ["CAIRN_CRASH_AT": "before-put-commit"])
        #expect(killed.code == -SIGKILL, "\(killed)")
        #expect(FileManager.default.fileExists(atPath: site.place + "/still") == false)
        let left = try site.names(in: "scratch")
        #expect(left.count == 1)
        let other = try await site.cairn("gc", "--scratch", "scratch", "--provider", "offsite")
        #expect(other.code == 0, "\(other)")
        #expect(try site.names(in: "scratch") == left, "\(other)")
        let last = try await site.cairn("resume", "--last", "--provider", "local")
        #expect(last.code == 1 && last.errors.contains("nothing was cut off"), "\(last)")
        let id = try #require(try await site.listed("local").first?.id)
        let resumed = try await site.cairn("resume", id, "--provider", "local")
        #expect(resumed.code == 1 && resumed.errors.contains("'cairn rehearse' begins anew"), "\(resumed)")
        let checked = try await site.cairn("bank", "check", "--provider", "local", "--output", "json")
        #expect(checked.output.contains("rehearsal-cut-off"), "\(checked)")
        let own = try await site.cairn("gc", "--scratch", "scratch", "--provider", "local")
        #expect(own.code == 0 && own.output.contains("a rehearsal of plan 'shop' made it"), "\(own)")
        #expect(try site.names(in: "scratch").isEmpty)
        #expect(try await site.listed("local").isEmpty)
    }
}

extension Site {
    /// The names in a directory of the site, in order.
    fileprivate func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place + "/" + directory).sorted()
    }
}
