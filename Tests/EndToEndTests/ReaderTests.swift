import CanonicalForm
import Foundation
import Testing

/// Whoever reads what a program prints may stand still, go, or never have been there: a run does not mind.
@Suite("Readers that stand still or go", .timeLimit(.minutes(10))) struct ReaderTests {
    /// Opens descriptor 9 on a pipe that is full and has a reader that never reads.
    private static let fullPipe = """
        mkfifo err; sleep 300 < err & reader=$!
        exec 9> err; head -c 65536 /dev/zero >&9
        """

    private func site(megabytes: Int) async throws -> Site {
        let site = try await Site(parameters: "{level: 19}")
        let filled = try await site.shell("head -c \(megabytes)000000 /dev/urandom | base64 > source/large")
        try #require(filled.code == 0)
        try await site.compile()
        return site
    }

    @Test("A run ends by itself, whoever does not read its log", arguments: ["--log debug", "--log error", ""])
    func stuckReader(_ options: String) async throws {
        let site = try await site(megabytes: 1)
        let ending = try await site.shell(
            """
            \(Self.fullPipe)
            timeout 120 "$CAIRN/cairn" protect plan.ir \(options) 2>&9; echo "code $?"
            kill $reader
            """)
        #expect(ending.output.hasSuffix("\ncode 0\n"), "\(ending)")
        let rows = try await site.cairn("checkpoints", "list", "--status", "available", "--output", "json")
        #expect(try rows.json().arrayValue?.count == 1)
    }

    @Test("Signals are obeyed, whoever does not read what is said of them", arguments: ["", "--log debug"])
    func signals(_ options: String) async throws {
        let site = try await site(megabytes: 8)
        let ending = try await site.shell(
            """
            \(Self.fullPipe)
            timeout 300 "$CAIRN/cairn" protect plan.ir --grace 1s \(options) 2>&9 & running=$!
            until ls bank/checkpoints/*/e1/journal/* > /dev/null 2>&1; do sleep 0.05; done
            cairn=$(cat /proc/$running/task/$running/children)
            kill -TERM $cairn; sleep 0.5; kill -TERM $cairn
            wait $running; echo "code $?"
            kill $reader
            """)
        #expect(ending.output.hasSuffix("code 3\n"), "\(ending)")
        let rows = try await site.cairn("checkpoints", "list", "--status", "error", "--output", "json")
        #expect(try rows.json().arrayValue?.count == 1)
    }

    @Test("Only what is about its output fails with it") func lostOutput() async throws {
        let site = try await site(megabytes: 1)
        for (command, code) in [
            ("protect plan.ir", 0), ("verify --last", 0), ("retain --plan shop", 0), ("gc", 0),
            ("restore --last --to there", 0), ("checkpoints list", 1), ("checkpoints show --last", 1),
            ("protect plan.ir --output json", 1), ("protect plan.ir --dry-run", 1),
        ] {
            for place in [">&-", "> /dev/full"] {
                let ending = try await site.shell(
                    "rm -rf there; \"$CAIRN/cairn\" \(command) \(place); echo code $? >&2")
                #expect(ending.errors.hasSuffix("code \(code)\n"), "\(command) \(place): \(ending)")
            }
        }
        let mute = try await site.shell("\"$CAIRN/cairn\" protect plan.ir >&- 2>&-; echo code $?")
        #expect(mute.output == "code 0\n", "\(mute)")
        let rows = try await site.cairn("checkpoints", "list", "--status", "available", "--output", "json")
        #expect(try rows.json().arrayValue?.count == 5)
    }

    @Test("Watching ends with its reader") func watching() async throws {
        let site = try await site(megabytes: 20)
        let ending = try await site.shell(
            """
            "$CAIRN/cairn" protect plan.ir > id 2> /dev/null & running=$!
            until ls bank/checkpoints/*/e1/journal/* > /dev/null 2>&1; do sleep 0.05; done
            ("$CAIRN/cairn" watch --last --output json; echo "code $?" >&2) | head -n 1
            kill -0 $running && echo "it still runs"
            kill -TERM $running; kill -TERM $running; wait $running; exit 0
            """)
        #expect(ending.errors == "code 0\n" && ending.output.hasSuffix("it still runs\n"), "\(ending)")
        let nothing = try await site.cairn("watch", "nosuch")
        #expect(
            nothing.code == 1 && nothing.errors.contains("'cairn operations list' show those there are"), "\(nothing)")
    }
}
