import CanonicalForm
import Foundation
import Glibc
import Testing

/// What services and commands are for, with a real PostgreSQL and a service that never stops writing.
@Suite(.timeLimit(.minutes(10)), .serialized) struct QuiescingTests {
    private func withShop(_ body: (ShopWithDatabase) async throws -> Void) async throws {
        let shop = try await ShopWithDatabase()
        do { try await body(shop) } catch {
            await shop.close()
            throw error
        }
        await shop.close()
    }

    private func protect(_ shop: ShopWithDatabase, _ plan: String) async throws -> String {
        let ending = try await shop.cairn("protect", "\(plan).ir")
        try #require(ending.code == 0, "\(ending)")
        return ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func databaseAndDirectoryAgreeInEveryCheckpoint() async throws {
        try await withShop { shop in
            try await shop.compile("quiet", consistency: "quiesced")
            var checkpoints: [String] = []
            for _ in 0..<5 {
                checkpoints.append(try await protect(shop, "quiet"))
                try await shop.waitUntilItWrites()
            }
            var seen: [String] = []
            for checkpoint in checkpoints {
                let (database, files) = try await shop.contents(of: checkpoint)
                #expect(database == files)
                seen.append(database)
            }
            // Otherwise they would agree because nothing happens.
            #expect(Set(seen).count == seen.count, "\(seen)")
            let verified = try await shop.cairn("verify", "--last")
            #expect(verified.code == 0, "\(verified)")

            // In place: the service stands still while it is done, and runs afterwards.
            let restored = try await shop.cairn("restore", checkpoints[1], "--overwrite")
            #expect(restored.code == 0, "\(restored)")
            try await shop.waitUntilItWrites()
            #expect(!shop.has("hold"))
            let kept = shop.read("files/numbers").split(separator: "\n")
            let count = try #require(seen[1].split(separator: "|").first.flatMap { Int($0) })
            #expect(kept.prefix(count).map(String.init) == (1...count).map(String.init))
        }
    }

    @Test func copiedLiveTheyNeedNotAgree() async throws {
        try await withShop { shop in
            try await shop.compile("live", consistency: "live")
            let checked = try await Programs.run("cairnc", ["check", "live.yaml"], in: shop.place)
            #expect(checked.output.contains("W0505") || checked.errors.contains("W0505"), "\(checked)")
            var differences = 0
            for _ in 0..<2 {
                try shop.write("slow", "1")
                let (database, files) = try await shop.contents(of: try await protect(shop, "live"))
                if database != files { differences += 1 }
            }
            #expect(differences > 0)
        }
    }

    @Test func afterAFailureTheServiceRuns() async throws {
        try await withShop { shop in
            let extra = """
                      - id: broken
                        type: Host::Command::Artifact
                        properties:
                          dump: [sh, -c, "test -e \(shop.place)/held && echo 'no such thing' >&2; exit 1"]
                          restore: [cat]
                """
            try await shop.compile("failing", consistency: "quiesced", extra: extra)
            let ending = try await shop.cairn("protect", "failing.ir")
            #expect(ending.code == 1 && ending.errors.contains("no such thing"), "\(ending)")
            #expect(!shop.has("hold"))
            try await shop.waitUntilItWrites()
        }
    }

    @Test func afterACancellationTheServiceRuns() async throws {
        try await withShop { shop in
            try await shop.compile("quiet", consistency: "quiesced")
            try shop.write("slow", "7")
            let ending = try await shop.cairn("protect", "quiet.ir", "--grace", "1s") { number in
                try await Programs.wait { shop.read("slow").count > 2 }
                kill(number, SIGTERM)
            }
            #expect(ending.code == 3, "\(ending)")
            #expect(!shop.has("hold"))
            try await shop.waitUntilItWrites()
            let dumping = try #require(pid_t(shop.read("slow").trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(kill(dumping, 0) != 0)
        }
    }

    @Test func afterACrashAResumeGoesOnAndTheServiceRuns() async throws {
        try await withShop { shop in
            try await shop.compile("quiet", consistency: "quiesced")
            try shop.write("slow", "2")
            let ending = try await shop.cairn("protect", "quiet.ir") { number in
                try await Programs.wait { shop.read("slow").count > 2 }
                kill(number, SIGKILL)
            }
            #expect(ending.code == -SIGKILL, "\(ending)")
            let dumping = try #require(pid_t(shop.read("slow").trimmingCharacters(in: .whitespacesAndNewlines)))
            try await Programs.wait { kill(dumping, 0) != 0 }
            #expect(shop.has("held"))
            try FileManager.default.removeItem(atPath: shop.place + "/slow")
            let resumed = try await shop.cairn("resume", "--last")
            #expect(resumed.code == 0, "\(resumed)")
            #expect(!shop.has("hold"))
            try await shop.waitUntilItWrites()
            let (database, files) = try await shop.contents(
                of: resumed.output.trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(database == files)
        }
    }

    /// The example of the documentation proves that PostgreSQL takes what it saves, and a dump that is cut off is found.
    @Test func theExampleIsRehearsed() async throws {
        try await withShop { shop in
            try await shop.compileExample()
            try FileManager.default.createDirectory(atPath: shop.place + "/scratch", withIntermediateDirectories: true)
            func rehearse() async throws -> (Ending, verdicts: [String], notes: String) {
                let ending = try await shop.cairn(
                    "rehearse", "example.ir", "--scratch", "scratch", "--output", "json")
                let resources = (try ending.json().objectValue?["resources"]?.arrayValue ?? []).compactMap(
                    \.objectValue)
                let verdicts = resources.map { $0["verdict"]?.stringValue ?? "" }
                let left = try FileManager.default.contentsOfDirectory(atPath: shop.place + "/scratch")
                #expect(left.isEmpty && !shop.has("hold"))
                try await shop.waitUntilItWrites()
                return (ending, verdicts, resources.map { $0["note"]?.stringValue ?? "" }.joined(separator: "\n"))
            }
            let databases = "select string_agg(datname, ' ' order by datname) from pg_database"
            let before = try await shop.query(databases, in: "postgres")
            let proven = try await rehearse()
            #expect(proven.0.code == 0 && proven.verdicts == ["empty", "proven", "proven"], "\(proven)")
            #expect(proven.notes.contains("restored by the program of 'rehearse'"), "\(proven)")
            #expect(try await shop.query(databases, in: "postgres") == before)
            let listed = try await shop.cairn("checkpoints", "list", "--output", "json")
            #expect(try listed.json().arrayValue?.isEmpty == true, "\(listed)")

            // Without a program for it, it is written out as text in the scratch place.
            let program = """
                          rehearse:
                            - sh
                            - -ec
                            - |
                              dropdb --if-exists shop_rehearsal
                              createdb shop_rehearsal
                              pg_restore --exit-on-error --no-owner --dbname=shop_rehearsal
                              dropdb shop_rehearsal

                """
            try await shop.compileExample([(program, "")])
            let written = try await rehearse()
            #expect(written.0.code == 0 && written.verdicts == ["empty", "proven", "proven"], "\(written)")

            // A dump tool that says it has succeeded and has not.
            try await shop.compileExample([
                (
                    "dump: [pg_dump, --format=custom, shop]",
                    #"dump: [sh, -c, "pg_dump --format=custom shop | head -c 1500"]"#
                )
            ])
            let cut = try await rehearse()
            #expect(cut.0.code == 1 && cut.verdicts == ["empty", "failed", "proven"], "\(cut)")
            #expect(cut.notes.contains("could not be restored"), "\(cut)")
        }
    }
}
