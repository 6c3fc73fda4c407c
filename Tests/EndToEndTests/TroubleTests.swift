import CanonicalForm
import Foundation
import Glibc
import SeededRandom
import Testing

@Suite(.timeLimit(.minutes(10))) struct TroubleTests {
    /// A source that takes long to compress, so that there is a middle to interrupt.
    private func slowSite() async throws -> Site {
        let site = try await Site(parameters: "{level: 19}")
        let filled = try await site.shell("head -c 50000000 /dev/urandom | base64 > source/large")
        try #require(filled.code == 0)
        try await site.compile()
        return site
    }

    /// Waits until a protect has begun its first activity.
    private static func untilItRuns(_ site: Site) async throws {
        try await Programs.wait { try site.objects(below: "checkpoints/").contains { $0.contains("/journal/") } }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalCancelsInOrder(_ signal: Int32) async throws {
        let site = try await slowSite()
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir", "--output", "json"], in: site.place,
            meanwhile: { process in
                try await Self.untilItRuns(site)
                // A terminal that goes away changes nothing: what stops the run is the first of the others.
                kill(process, SIGHUP)
                kill(process, signal)
            })
        #expect(ending.code == 3 && !ending.errors.contains("cancelling"), "\(ending)")
        let report = try #require(try ending.json().objectValue)
        #expect(report["status"] == "error")
        #expect(
            report["failures"]?.arrayValue?.first?.objectValue?["message"] == "cancelled", "\(ending)")
        let id = try #require(report["checkpoint"]?.stringValue)
        let listed = try await site.cairn("checkpoints", "list", "--output", "json")
        let row = try #require(try listed.json().arrayValue?.first?.objectValue)
        #expect(row["checkpoint"] == .string(id) && row["status"] == "error" && row["message"] == "cancelled")
        // Until its artifacts are swept.
        #expect(try site.objects(below: "indices/unfinished") == ["indices/unfinished/\(id)"])

        _ = try await site.shell("echo small > source/large")
        let next = try await site.cairn("protect", "plan.ir")
        #expect(next.code == 0, "\(next)")
        let deleted = try await site.cairn("delete", id)
        #expect(deleted.code == 0, "\(deleted)")
        #expect(try site.objects().filter { $0.contains(id) } == [])
    }

    @Test func aKilledProtectIsListedAsErrorAndCanBeDeleted() async throws {
        let site = try await slowSite()
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { process in
                try await Self.untilItRuns(site)
                let listed = try await site.cairn("checkpoints", "list", "--output", "json")
                #expect(try listed.json().arrayValue?.first?.objectValue?["status"] == "protecting", "\(listed)")
                kill(process, SIGKILL)
            })
        #expect(ending.code == -SIGKILL, "\(ending)")
        let listed = try await site.cairn("checkpoints", "list", "--output", "json")
        let row = try #require(try listed.json().arrayValue?.first?.objectValue)
        #expect(row["status"] == "error", "\(listed)")
        #expect(row["message"]?.stringValue?.contains("ended before it was done") == true)
        let id = try #require(row["checkpoint"]?.stringValue)
        let restored = try await site.cairn("restore", id, "--to", site.restored)
        #expect(restored.code == 1 && restored.errors.contains("must be available"), "\(restored)")
        let deleted = try await site.cairn("delete", id)
        #expect(deleted.code == 0, "\(deleted)")
        #expect(try site.objects() == ["format"])
    }

    /// Kills at moments that nobody chose: what says `available` afterwards is whole, and all else can be deleted.
    @Test func killingAtAnyMomentLeavesNothingThatCannotBeRestoredOrDeleted() async throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        var available = 0
        for round in 0..<25 {
            let pause = Duration.microseconds(Int.random(in: 0...120_000, using: &generator))
            let place: Comment = "seed \(seed), round \(round), killed after \(pause)"
            _ = try await Programs.run(
                "cairn", ["protect", "plan.ir"], in: site.place,
                meanwhile: { process in
                    try await Task.sleep(for: pause)
                    kill(process, SIGKILL)
                })
            let listed = try await site.cairn("checkpoints", "list", "--output", "json")
            for row in try listed.json().arrayValue ?? [] {
                let id = row.objectValue?["checkpoint"]?.stringValue ?? ""
                let status = row.objectValue?["status"]?.stringValue
                #expect(status == "available" || status == "error", "\(place): \(listed)")
                if status == "available" {
                    available += 1
                    let verified = try await site.cairn("verify", id)
                    #expect(verified.code == 0, "\(place): \(verified)")
                }
                // The deletion is killed too, and then done.
                let moment = Duration.microseconds(Int.random(in: 0...40_000, using: &generator))
                _ = try await Programs.run(
                    "cairn", ["delete", id], in: site.place,
                    meanwhile: { process in
                        try await Task.sleep(for: moment)
                        kill(process, SIGKILL)
                    })
                let left = try await site.cairn("checkpoints", "list", "--output", "json")
                if try left.json().arrayValue?.isEmpty == false {
                    let deleted = try await site.cairn("delete", id)
                    #expect(deleted.code == 0, "\(place), deletion after \(moment): \(deleted)")
                }
            }
            // A kill between the marker and the first record leaves the marker alone, which is for the garbage
            // collection.
            let left = try site.objects().filter { !$0.hasPrefix("operations/") && $0 != "format" }
            #expect(left.allSatisfy { $0.hasPrefix("indices/unfinished/") }, "\(place): \(left)")
        }
        let last = try await site.cairn("protect", "plan.ir")
        #expect(last.code == 0, "seed \(seed), \(available) were available: \(last)")
    }

    @Test(arguments: ["verify", "restore"])
    func aCancelledRestoreOrVerificationIsRecorded(_ command: String) async throws {
        let site = try await Site(parameters: "{compression: none}")
        let filled = try await site.shell("head -c 400000000 /dev/zero > source/large")
        try #require(filled.code == 0)
        try await site.compile()
        let id = try await site.protect()
        let more = command == "restore" ? ["--to", site.restored] : []
        for signal in [SIGINT, SIGKILL] {
            let before = try site.objects(below: "operations/").count
            let ending = try await Programs.run(
                "cairn", [command, id] + more + (signal == SIGINT ? ["--grace", "0"] : []), in: site.place,
                meanwhile: { process in
                    try await Programs.wait { try site.objects(below: "operations/").count > before }
                    kill(process, signal)
                })
            #expect(ending.code == (signal == SIGINT ? 3 : -SIGKILL), "\(ending)")
            let listed = try await site.cairn("operations", "list", "--limit", "1", "--output", "json")
            let row = try #require(try listed.json().arrayValue?.first?.objectValue)
            #expect(row["operation"] == .string(command) && row["status"] == "fail", "\(listed)")
            let reason = signal == SIGINT ? "cancelled" : "ended before it was done"
            #expect(row["message"]?.stringValue?.contains(reason) == true, "\(listed)")
            let shown = try await site.cairn("operations", "show", row["id"]?.stringValue ?? "")
            #expect(shown.code == 0 && shown.output.contains(reason), "\(shown)")
        }
        let again = try await site.cairn("restore", id, "--to", site.restored, "--overwrite")
        #expect(again.code == 0, "\(again)")
    }

    @Test func aSourceThatIsNotThereIsNamed() async throws {
        let site = try await Site()
        try await site.compile()
        _ = try await site.shell("rmdir source")
        let ending = try await site.cairn("protect", "plan.ir", "--output", "json")
        #expect(ending.code == 1, "\(ending)")
        let report = try #require(try ending.json().objectValue)
        #expect(report["status"] == "error")
        let failure = try #require(report["failures"]?.arrayValue?.first?.objectValue)
        #expect(failure["resource"] == "Host::FileSystem::Directory#data" && failure["hook"] == "main")
        #expect(failure["message"]?.stringValue?.contains(site.source) == true, "\(ending)")
        let shown = try await site.cairn("checkpoints", "show", report["checkpoint"]?.stringValue ?? "")
        #expect(shown.output.contains(site.source) && shown.output.contains("error"), "\(shown)")
        let last = try await site.cairn("verify", "--last")
        #expect(last.code == 1 && last.errors.contains("no available checkpoint"), "\(last)")
    }

    @Test func faultsOfAProviderAreLocated() async throws {
        let site = try await Site()
        try await site.compile()
        let path = "providers/local.yaml"
        let sound = try String(contentsOfFile: site.place + "/" + path, encoding: .utf8)
        try site.write(path, sound.replacing("{path: ", with: "{pat: "))
        for arguments in [
            ["protect", "plan.ir"], ["checkpoints", "list"], ["providers", "show"], ["providers", "list"],
        ] {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 1 && ending.errors.contains("providers/local.yaml:5:"), "\(ending)")
        }
        try site.write(path, sound + "\n  - {name: [\n")
        let broken = try await site.cairn("checkpoints", "list")
        #expect(broken.code == 1 && broken.errors.contains("providers/local.yaml:"), "\(broken)")
        try site.write(path, sound.replacing("name: noop", with: "name: unheard-of"))
        let unknown = try await site.cairn("checkpoints", "list")
        #expect(unknown.code == 1 && unknown.errors.contains("unheard-of"), "\(unknown)")
    }

    @Test func severalProvidersMustBeToldApart() async throws {
        let site = try await Site()
        try await site.compile()
        let sound = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        try site.write("providers/second.yaml", sound.replacing("name: local", with: "name: second"))
        let several = try await site.cairn("checkpoints", "list")
        #expect(several.code == 1 && several.errors.contains("(local, second)"), "\(several)")
        let chosen = try await site.cairn("checkpoints", "list", "--provider", "second")
        #expect(chosen.code == 0 && chosen.errors == "no checkpoints\n", "\(chosen)")
        let unknown = try await site.cairn("checkpoints", "list", "--provider", "third")
        #expect(unknown.code == 1 && unknown.errors.contains("found: local, second"), "\(unknown)")
        // The plan says which: one bank, two providers, each with the checkpoints of its own.
        let id = try await site.protect()
        let own = try await site.cairn("verify", "--last", "--provider", "local")
        #expect(own.code == 0 && own.errors.contains(id), "\(own)")
        let other = try await site.cairn("verify", "--last", "--provider", "second")
        #expect(other.code == 1 && other.errors.contains("no available checkpoint"), "\(other)")
        try site.write("providers/third.yaml", sound)
        let twice = try await site.cairn("protect", "plan.ir")
        #expect(twice.code == 1 && twice.errors.contains("several providers 'local'"), "\(twice)")
    }

    @Test func wrongUsageIsTwoAndSaysWhat() async throws {
        let site = try await Site()
        let wrong: [[String]] = [
            ["protect"], ["protect", "a", "b"], ["protect", "plan.ir", "--jobs", "0"], ["protect", "--frobnicate"],
            ["restore"], ["restore", "abc", "--last"], ["restore", "abc", "--plan", "shop"], ["unheard-of"],
            ["checkpoints", "list", "--status", "fine"], ["checkpoints", "list", "--limit", "0"],
            ["verify", "--last", "--output", "xml"], ["delete"], ["bank", "unmake"],
        ]
        for arguments in wrong {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 2, "\(arguments): \(ending)")
            #expect(ending.output.isEmpty && !ending.errors.isEmpty, "\(arguments): \(ending)")
        }
        for arguments in [["compile"], ["check", "--dry-run"], ["graph", "a", "--view", "b"], ["unheard-of"]] {
            let ending = try await Programs.run("cairnc", arguments, in: site.place)
            #expect(ending.code == 2 && ending.output.isEmpty && !ending.errors.isEmpty, "\(arguments): \(ending)")
        }
    }

    @Test func unknownAndAmbiguousIdsAreTold() async throws {
        let site = try await Site()
        try await site.compile()
        var ids: Set<String> = []
        // Among 33 ids two begin with the same of 32 digits.
        while Set(ids.compactMap(\.first)).count == ids.count && ids.count < 33 {
            ids.insert(try await site.protect())
        }
        let first = try #require(
            Dictionary(grouping: ids, by: { String($0.prefix(1)) }).first { $0.value.count > 1 })
        let ambiguous = try await site.cairn("verify", first.key)
        #expect(ambiguous.code == 1 && first.value.allSatisfy { ambiguous.errors.contains($0) }, "\(ambiguous)")
        for text in ["", "zzzzzzzzzzzzzzzz", "uuuu", "../../etc/passwd"] {
            for command in ["verify", "delete", "restore"] {
                let ending = try await Programs.run("cairn", [command, text], in: site.place)
                #expect(ending.code == 1 && ending.errors.contains("there is no checkpoint '\(text)'"), "\(ending)")
            }
        }
        let whole = try #require(ids.first)
        let upper = try await site.cairn("verify", whole.uppercased())
        #expect(upper.code == 0, "\(upper)")
    }

    @Test func helpIsDataAndHasExamples() async throws {
        let site = try await Site(initialize: false)
        let commands: [(String, [String])] = [
            ("cairn", []), ("cairn", ["protect"]), ("cairn", ["restore"]), ("cairn", ["verify"]), ("cairn", ["delete"]),
            ("cairn", ["checkpoints"]), ("cairn", ["checkpoints", "list"]), ("cairn", ["checkpoints", "show"]),
            ("cairn", ["providers"]), ("cairn", ["providers", "list"]), ("cairn", ["providers", "show"]),
            ("cairn", ["operations"]), ("cairn", ["operations", "list"]), ("cairn", ["operations", "show"]),
            ("cairn", ["watch"]), ("cairn", ["rehearse"]), ("cairn", ["resume"]),
            ("cairn", ["bank"]), ("cairn", ["bank", "init"]), ("cairnc", []), ("cairnc", ["check"]),
            ("cairnc", ["compile"]), ("cairnc", ["graph"]),
        ]
        for (program, arguments) in commands {
            let ending = try await Programs.run(program, arguments + ["--help"], in: site.place)
            #expect(ending.code == 0 && ending.errors.isEmpty, "\(arguments): \(ending)")
            #expect(ending.output.contains("EXAMPLES\n  \(program) "), "\(arguments): \(ending)")
        }
        let version = try await site.cairn("--version")
        #expect(version.code == 0 && version.output == "0.1.0\n")
    }
}
