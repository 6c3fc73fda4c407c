import CanonicalForm
import Foundation
import Glibc
import SeededRandom
import Testing

/// The real executor is killed, wherever that could matter: what it leaves can be resumed, and then it is as if nothing
/// had happened. `make crash-test ROUNDS=1000` looks longer.
@Suite(.timeLimit(.minutes(10))) struct CrashTests {
    /// Two trees, one of which lies in the other's service, and a picture of both.
    private struct Scene {
        let site: Site
        let before: [String]

        var trees: [String] { [site.source, site.place + "/more"] }

        init(largeBytes: Int = 20_000) async throws {
            site = try await Site()
            let filled = try await site.shell(
                """
                set -e
                mkdir -p source/a/b more/c
                echo one > source/a/one; ln source/a/one source/a/b/two; ln -s ../one source/a/b/link
                head -c \(largeBytes) /dev/urandom > source/large
                head -c 3000 /dev/urandom > more/c/three
                """)
            try #require(filled.code == 0, "\(filled)")
            try site.write(
                "plan.yaml",
                """
                apiVersion: cairn/v1
                kind: Plan
                name: shop
                description: A plan for crashes
                provider: local
                resources:
                  - id: group
                    type: Some::Group
                    name: What belongs together
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        name: The data
                        properties: {path: \(site.source)}
                      - id: more
                        type: Host::FileSystem::Directory
                        name: More data
                        properties: {path: \(site.place)/more}
                """)
            try await site.compile()
            var pictures: [String] = []
            for tree in [site.source, site.place + "/more"] { pictures.append(try await site.picture(of: tree)) }
            before = pictures
        }

        /// Runs `cairn` and has it killed at a point.
        func killed(at point: String, _ arguments: String...) async throws -> Ending {
            try await Programs.run("cairn", arguments, in: site.place, environment: ["CAIRN_CRASH_AT": point])
        }

        /// The points that a run passes, each with its number.
        func points(_ arguments: String...) async throws -> [String] {
            let log = site.place + "/points"
            _ = try? FileManager.default.removeItem(atPath: log)
            let ending = try await Programs.run(
                "cairn", arguments, in: site.place, environment: ["CAIRN_CRASH_LOG": log])
            try #require(ending.code == 0, "\(ending)")
            return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
        }

        /// What the bank says of its one checkpoint; `nil` when there is none.
        func checkpoint() async throws -> (id: String, status: String)? {
            let listed = try await site.cairn("checkpoints", "list", "--output", "json")
            try #require(listed.code == 0, "\(listed)")
            let rows = try listed.json().arrayValue ?? []
            try #require(rows.count <= 1, "\(listed)")
            guard let row = rows.first?.objectValue else { return nil }
            return (row["checkpoint"]?.stringValue ?? "", row["status"]?.stringValue ?? "")
        }

        /// Finishes what a killed run has left, however little that is; then everything must be as it should.
        func finish(_ place: String) async throws {
            if let found = try await checkpoint(), found.status == "error" {
                let resumed = try await site.cairn("resume", found.id)
                if resumed.code != 0 {
                    // Nothing was begun: then there is nothing to go on with, and it is collected.
                    #expect(resumed.errors.contains("ir.json"), "\(place): \(resumed)")
                    let collected = try await site.cairn("gc")
                    #expect(collected.code == 0, "\(place): \(collected)")
                }
            }
            let found: (id: String, status: String)
            if let left = try await checkpoint() {
                found = left
            } else {
                _ = try await site.protect()
                found = try #require(try await checkpoint(), "\(place)")
            }
            #expect(found.status == "available", "\(place): \(found)")
            let collected = try await site.cairn("gc")
            #expect(collected.code == 0, "\(place): \(collected)")
            _ = try await site.shell("rm -rf restored")
            let restored = try await site.cairn("restore", found.id, "--to", "restored")
            #expect(restored.code == 0, "\(place): \(restored)")
            for (tree, picture) in zip(trees, before) {
                #expect(try await site.picture(of: site.restored + tree) == picture, "\(place)")
            }
            let deleted = try await site.cairn("delete", found.id)
            #expect(deleted.code == 0, "\(place): \(deleted)")
            _ = try await site.shell("rm -rf bank/operations bank/leases")
            let left = try site.objects().filter { $0 != "format" && !$0.hasPrefix("indices/unfinished/") }
            #expect(left.isEmpty, "\(place): \(left)")
            // A marker alone stays until its executor has certainly nothing more to write.
            _ = try await site.shell("rm -rf bank/indices/unfinished")
        }
    }

    @Test func aProtectKilledAtAnyPointIsResumed() async throws {
        let scene = try await Scene()
        let points = try await scene.points("protect", "plan.ir")
        try await scene.finish("whole")
        #expect(points.count >= 30, "\(points)")
        for name in ["marker", "index", "ir", "epoch", "journal", "part", "artifact", "definitions", "commit", "entry"]
        {
            for moment in ["before", "after"] { #expect(points.contains { $0.hasPrefix("\(moment)-put-\(name):") }) }
        }
        for point in points {
            let ending = try await scene.killed(at: point, "protect", "plan.ir")
            // Journal segments come as time allows, so that the last of them need not be there this time.
            if ending.code != -SIGKILL { #expect(ending.code == 0 && point.contains("journal"), "\(point): \(ending)") }
            try await scene.finish(point)
        }
    }

    @Test func aResumeKilledAtAnyPointIsResumed() async throws {
        let scene = try await Scene()
        func breakOff() async throws -> String {
            let ending = try await scene.killed(at: "before-put-definitions", "protect", "plan.ir")
            try #require(ending.code == -SIGKILL, "\(ending)")
            return try #require(try await scene.checkpoint()).id
        }
        let points = try await scene.points("resume", try await breakOff())
        try await scene.finish("whole")
        #expect(points.count >= 15, "\(points)")
        for point in points {
            let id = try await breakOff()
            let ending = try await scene.killed(at: point, "resume", id)
            if ending.code != -SIGKILL { #expect(ending.code == 0 && point.contains("journal"), "\(point): \(ending)") }
            try await scene.finish(point)
        }
    }

    /// Kills at moments that nobody chose, the resumes too.
    @Test func whatIsKilledAtAnyMomentIsResumed() async throws {
        let rounds = ProcessInfo.processInfo.environment["CAIRN_CRASH_ROUNDS"].flatMap { Int($0) } ?? 12
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let scene = try await Scene(largeBytes: 12_000_000)
        let clock = ContinuousClock()
        let begun = clock.now
        _ = try await scene.site.protect()
        let whole = (clock.now - begun) / .microseconds(1)
        try await scene.finish("whole")
        for round in 0..<rounds {
            let pause = Duration.microseconds(Int.random(in: 0...Int(whole * 1.1), using: &generator))
            _ = try await Self.killed(scene.site, after: pause, "protect", "plan.ir")
            while let left = try await scene.checkpoint(), left.status == "error", Bool.random(using: &generator) {
                let pause = Duration.microseconds(Int.random(in: 0...Int(whole), using: &generator))
                _ = try await Self.killed(scene.site, after: pause, "resume", left.id)
            }
            try await scene.finish("seed \(seed), round \(round), killed after \(pause)")
        }
    }

    private static func killed(_ site: Site, after pause: Duration, _ arguments: String...) async throws -> Ending {
        try await Programs.run(
            "cairn", arguments, in: site.place,
            meanwhile: { process in
                try await Task.sleep(for: pause)
                kill(process, SIGKILL)
            })
    }

    // MARK: Hostile places

    /// Runs a script as root in a mount namespace of its own, where `$CAIRN` is the executor's directory.
    private func mounted(_ site: Site, _ script: String) async throws -> Ending {
        try await Programs.run(
            "/usr/bin/unshare", ["--mount", "/bin/sh", "-euc", script], in: site.place,
            environment: ["CAIRN": Programs.directory])
    }

    @Test func aFullBankLosesNothingAndIsResumedWhenThereIsRoom() async throws {
        let scene = try await Scene(largeBytes: 3_000_000)
        let ending = try await mounted(
            scene.site,
            """
            mv bank full; mkdir bank
            mount -t tmpfs -o size=2m tmpfs bank
            cp -a full/. bank/
            set +e
            "$CAIRN/cairn" protect plan.ir >out 2>err; echo "protect $?"
            "$CAIRN/cairn" checkpoints list --output json >list 2>>err; echo "list $?"
            mount -o remount,size=64m bank
            "$CAIRN/cairn" gc >>out 2>>err; echo "gc $?"
            "$CAIRN/cairn" protect plan.ir >>out 2>>err; echo "again $?"
            "$CAIRN/cairn" verify --last >>out 2>>err; echo "verify $?"
            "$CAIRN/cairn" restore --last --to restored >>out 2>>err; echo "restore $?"
            cat err >&2
            """)
        #expect(
            ending.output == "protect 1\nlist 0\ngc 0\nagain 0\nverify 0\nrestore 0\n", "\(ending)")
        #expect(ending.errors.contains("No space left on device"), "\(ending)")
        let list = try String(contentsOfFile: scene.site.place + "/list", encoding: .utf8)
        #expect(!list.contains("\"available\""), "\(list)")
        for (tree, picture) in zip(scene.trees, scene.before) {
            #expect(try await scene.site.picture(of: scene.site.restored + tree) == picture)
        }
    }

    @Test func aFullBankIsFreedByItsReserve() async throws {
        let scene = try await Scene(largeBytes: 300_000)
        let ending = try await mounted(
            scene.site,
            """
            mv bank full; mkdir bank
            mount -t tmpfs -o size=24m tmpfs bank
            cp -a full/. bank/
            set +e
            for n in 1 2 3; do "$CAIRN/cairn" protect plan.ir >>ids 2>>err; done
            first=$(sed -n 1p ids); second=$(sed -n 2p ids)
            dd if=/dev/zero of=bank/.fill bs=4k 2>/dev/null
            "$CAIRN/cairn" doctor >doctor 2>>err; echo "doctor $?"
            "$CAIRN/cairn" protect plan.ir >>out 2>>err; echo "protect $?"
            "$CAIRN/cairn" restore --last --to restored >>out 2>>err; echo "restore $?"
            "$CAIRN/cairn" delete $first --dry-run >>out 2>>err; echo "would $?"
            "$CAIRN/cairn" delete $first >>out 2>>err; echo "delete $?"
            "$CAIRN/cairn" delete $second >>out 2>>err; echo "delete $?"
            "$CAIRN/cairn" gc >>out 2>>err; echo "gc $?"
            ls -a bank | grep -c reserve
            "$CAIRN/cairn" protect plan.ir >>out 2>>err; echo "again $?"
            "$CAIRN/cairn" verify --last >>out 2>>err; echo "verify $?"
            rm bank/.reserve*; dd if=/dev/zero of=bank/.more bs=4k 2>/dev/null
            "$CAIRN/cairn" delete --dry-run $(sed -n 3p ids) >>out 2>>err; echo "would $?"
            cat err doctor >&2
            """)
        #expect(
            ending.output == """
                doctor 1
                protect 1
                restore 0
                would 0
                delete 0
                delete 0
                gc 0
                16
                again 0
                verify 0
                would 1

                """, "\(ending)")
        #expect(ending.errors.contains("'cairn retain', 'cairn gc' and 'cairn delete' free some"), "\(ending)")
        #expect(ending.errors.contains("nothing keeps others from deleting the checkpoint"), "\(ending)")
        for (tree, picture) in zip(scene.trees, scene.before) {
            #expect(try await scene.site.picture(of: scene.site.restored + tree) == picture)
        }
    }

    /// A process that cannot see the one that protects, or takes its host for another one of the same name, says nothing of
    /// it that is not certain.
    @Test func whoCannotSeeARunDoesNotTakeItForEnded() async throws {
        let scene = try await Scene(largeBytes: 60_000_000)
        let ending = try await mounted(
            scene.site,
            """
            set +e
            "$CAIRN/cairn" protect plan.ir >id 2>err & run=$!
            until ls bank/checkpoints/*/e1/resources/*/artifacts/*/parts/* >/dev/null 2>&1; do
              kill -0 $run || break; sleep 0.005
            done
            kill -STOP $run
            echo 00000000-0000-4000-8000-000000000000 >boot
            list='"$CAIRN/cairn" checkpoints list --output json'
            unshare --mount sh -c "mount -t proc -o subset=pid proc /proc && $list" >hidden 2>>err
            unshare --mount --pid --fork sh -c "mount -t proc proc /proc \
              && mount --bind boot /proc/sys/kernel/random/boot_id && $list" >other 2>>err
            kill -CONT $run; wait $run; echo "protect $?"
            cat hidden other; cat err >&2
            """)
        #expect(ending.output.hasPrefix("protect 0\n"), "\(ending)")
        #expect(ending.output.matches(of: /"status": "protecting"/).count == 2, "\(ending)")
    }

    @Test func aReadOnlyBankIsRestoredFromAndTakesNothing() async throws {
        let scene = try await Scene()
        let id = try await scene.site.protect()
        let objects = try scene.site.objects()
        let ending = try await mounted(
            scene.site,
            """
            mount --bind bank bank; mount -o remount,bind,ro bank
            set +e
            "$CAIRN/cairn" protect plan.ir >out 2>err; echo "protect $?"
            "$CAIRN/cairn" delete \(id) >>out 2>>err; echo "delete $?"
            "$CAIRN/cairn" verify --last >>out 2>>err; echo "verify $?"
            "$CAIRN/cairn" restore --last --to restored >>out 2>>err; echo "restore $?"
            cat err >&2
            """)
        #expect(ending.output == "protect 1\ndelete 1\nverify 0\nrestore 0\n", "\(ending)")
        #expect(ending.errors.contains("Read-only file system"), "\(ending)")
        #expect(try scene.site.objects() == objects)
        for (tree, picture) in zip(scene.trees, scene.before) {
            #expect(try await scene.site.picture(of: scene.site.restored + tree) == picture)
        }
    }

    @Test func aBankThatVanishesAndComesBackHasLostNothing() async throws {
        let scene = try await Scene(largeBytes: 60_000_000)
        let site = scene.site
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { _ in
                try await Programs.wait {
                    try site.objects(below: "checkpoints/").contains { $0.contains("/parts/") }
                }
                rename(site.bank, site.bank + ".gone")
            })
        // It may have been quicker than the directory.
        if ending.code != 0 { #expect(ending.code == 1, "\(ending)") }
        let without = try await site.cairn("checkpoints", "list")
        #expect(without.code == 1 && without.errors.contains("there is no bank at"), "\(without)")
        // What the run still wanted to write must not have made half a bank anew.
        #expect(!FileManager.default.fileExists(atPath: site.bank + "/format"))
        _ = try? FileManager.default.removeItem(atPath: site.bank)
        rename(site.bank + ".gone", site.bank)
        try await scene.finish("came back")
    }
}
