import CanonicalForm
import Foundation
import Glibc
import SeededRandom
import Synchronization
import Testing

/// Two executors, two collectors, retention, a copier and a deleter on one bank at the same time, each of them killed
/// and started again at random; and auditors who all the time restore or verify what is `available`. The banks are as weak
/// as a level allows, and lose answers. `make stress MINUTES=10` looks longer, at each level.
@Suite(.timeLimit(.minutes(120))) struct StressTests {
    /// What happened, for whoever has to find out why.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        private let counts = Mutex<[String: Int]>([:])
        private let begun = ContinuousClock.now

        func note(_ line: String) {
            let at = (ContinuousClock.now - begun) / .milliseconds(1)
            lines.withLock { $0.append("\(Int(at)) ms: \(line)") }
        }

        func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
        func count(of what: String) -> Int { counts.withLock { $0[what] ?? 0 } }

        /// The last lines that name `id`, or simply the last ones.
        func tail(_ id: String? = nil, _ count: Int = 60) -> String {
            lines.withLock { lines in
                lines.filter { line in id.map { line.contains($0) } ?? true }.suffix(count).joined(separator: "\n")
            }
        }

        var tallies: String {
            counts.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
        }
    }

    private static let levels = ["compareAndSwap", "createOnce", "listOnly"]
    /// Of how many in a thousand of the actors' writes the answer is lost.
    private static let lostAnswers = 5

    /// How many seconds old a mark of deletion must be where listings may be behind: nobody waits ten minutes here. A degraded
    /// bank's listings are behind by half a second.
    private static let margin = 10

    /// Everything that the actors share.
    private struct Stage: Sendable {
        let site: Site
        let picture: String
        let seed: UInt64
        let level: String
        let log = Log()
        let end: ContinuousClock.Instant

        var isOver: Bool { ContinuousClock.now >= end }
        var words: String { "level \(level), seed \(seed)" }

        /// Runs a command, killed before its end with a probability.
        func run(
            _ actor: String, _ arguments: [String], killing chance: Double, _ generator: inout SeededGenerator
        ) async throws -> Ending {
            let isKilled = Double.random(in: 0..<1, using: &generator) < chance
            let pause = Duration.milliseconds(Int.random(in: 0...250, using: &generator))
            let ending = try await Programs.run(
                "cairn", arguments, in: site.place,
                environment: [
                    "CAIRN_DEGRADED_BANK": "\(level):\(StressTests.lostAnswers)",
                    "CAIRN_LISTING_MARGIN": "\(StressTests.margin)",
                ],
                meanwhile: { process in
                    guard isKilled else { return }
                    try await Task.sleep(for: pause)
                    kill(process, SIGKILL)
                })
            log.count(ending.code == -SIGKILL ? "killed" : ending.code == 0 ? "done" : "refused")
            log.note("\(actor) \(arguments.joined(separator: " ")): \(ending.code)\n\(ending.output)\(ending.errors)")
            return ending
        }

        /// The ids of what a bank says is available.
        func available(_ provider: String) async throws -> [String] {
            let ending = try await site.cairn(
                "checkpoints", "list", "--provider", provider, "--status", "available", "--output", "json")
            guard ending.code == 0 else {
                Issue.record("\(words): a listing failed: \(ending)")
                return []
            }
            return (try ending.json().arrayValue ?? []).compactMap { $0.objectValue?["checkpoint"]?.stringValue }
        }
    }

    @Test func nothingThatIsAvailableIsEverBroken() async throws {
        let variables = ProcessInfo.processInfo.environment
        let seconds = variables["CAIRN_STRESS_SECONDS"].flatMap { Int($0) } ?? 20
        let seed = testSeed()
        let level = variables["CAIRN_STRESS_LEVEL"] ?? Self.levels[Int(seed % UInt64(Self.levels.count))]
        let stage = try await stage(seed, level, seconds: seconds)
        var generator = SeededGenerator(seed: seed)
        let seeds = (0..<10).map { _ in generator.next() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            func act(_ number: Int, _ body: @escaping @Sendable (inout SeededGenerator) async throws -> Void) {
                group.addTask {
                    var generator = SeededGenerator(seed: seeds[number])
                    while !stage.isOver { try await body(&generator) }
                }
            }
            for number in 0..<2 { act(number) { try await Self.execute(stage, &$0) } }
            for number in 2..<4 {
                act(number) { generator in
                    let provider = Bool.random(using: &generator) ? "local" : "offsite"
                    _ = try await stage.run("gc", ["gc", "--provider", provider], killing: 0.3, &generator)
                }
            }
            act(4) { generator in
                _ = try await stage.run("retain", ["retain", "plan.ir"], killing: 0.3, &generator)
                try await Task.sleep(for: .milliseconds(300))
            }
            act(5) { try await Self.copy(stage, &$0) }
            act(6) { try await Self.delete(stage, &$0) }
            for number in 7..<9 { act(number) { try await Self.audit(stage, "auditor-\(number)", &$0) } }
            try await group.waitForAll()
        }
        #expect(stage.log.count(of: "audits") > 0, "\(stage.words): \(stage.log.tallies)")
        try await rest(stage)
        print("stress: \(stage.words), \(seconds) s: \(stage.log.tallies)")
    }

    private func stage(_ seed: UInt64, _ level: String, seconds: Int) async throws -> Stage {
        // At the end nobody lists any more.
        let site = try await Site(environment: ["CAIRN_DEGRADED_BANK": level, "CAIRN_LISTING_MARGIN": "0"])
        try await site.fillSource()
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            description: A plan for a crowd
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
            retention: {keepLast: 4}
            """)
        try await site.compile()
        try await site.addOffsite()
        _ = try await site.protectLocally()
        let picture = try await site.picture(of: site.source)
        return Stage(site: site, picture: picture, seed: seed, level: level, end: .now + .seconds(seconds))
    }

    // MARK: The actors

    private static func execute(_ stage: Stage, _ generator: inout SeededGenerator) async throws {
        let ending = try await stage.run("executor", ["protect", "plan.ir"], killing: 0.4, &generator)
        if ending.code == -SIGKILL, Bool.random(using: &generator) {
            _ = try await stage.run(
                "executor", ["resume", "--last", "--provider", "local"], killing: 0.3, &generator)
        }
    }

    private static func copy(_ stage: Stage, _ generator: inout SeededGenerator) async throws {
        let arguments =
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: ["bank", "sync", "shop", "--to", "offsite", "--limit", "2"]
            case 1: ["copy", "--last", "--to", "offsite"]
            // There and back again: what retention has removed meanwhile comes to life once more.
            default: ["bank", "sync", "shop", "--provider", "offsite", "--to", "local", "--limit", "1"]
            }
        _ = try await stage.run("copier", arguments, killing: 0.4, &generator)
    }

    private static func delete(_ stage: Stage, _ generator: inout SeededGenerator) async throws {
        let ids = try await stage.available("offsite")
        if ids.count > 3, let id = ids.randomElement(using: &generator) {
            _ = try await stage.run("deleter", ["delete", id, "--provider", "offsite"], killing: 0.4, &generator)
        }
        try await Task.sleep(for: .milliseconds(400))
    }

    /// Restores or verifies something that is available: that must succeed, unless it is being deleted by then.
    private static func audit(_ stage: Stage, _ name: String, _ generator: inout SeededGenerator) async throws {
        let provider = Bool.random(using: &generator) ? "local" : "offsite"
        guard let id = try await stage.available(provider).randomElement(using: &generator) else { return }
        let place = "\(name)-restored"
        let isRestore = Bool.random(using: &generator)
        _ = try await stage.site.shell("rm -rf \(place)")
        let ending = try await stage.run(
            name,
            isRestore
                ? ["restore", id, "--provider", provider, "--to", place] : ["verify", id, "--provider", provider],
            killing: 0.1, &generator)
        if ending.code == -SIGKILL { return }
        guard ending.code == 0 else {
            if !saysGone(ending) { try await judge(stage, provider, id, ending) }
            return
        }
        stage.log.count("audits")
        guard isRestore else { return }
        let picture = try await stage.site.picture(of: stage.site.place + "/" + place + stage.site.source)
        #expect(picture == stage.picture, "\(stage.words): \(id) was not restored as it was")
    }

    /// Whether a command that wanted an available checkpoint says that there is none any more: it was deleted, and may be
    /// copied anew by now.
    private static func saysGone(_ ending: Ending) -> Bool {
        ["there is no checkpoint", "is 'deleting'", "is 'error-deleting'", "is 'wait-copying'", "is 'copying'"]
            .contains { ending.errors.contains($0) }
    }

    /// Something that was available could not be restored. It may have been deleted meanwhile, and even copied anew; if it
    /// is there, it must be whole.
    private static func judge(_ stage: Stage, _ provider: String, _ id: String, _ first: Ending) async throws {
        stage.log.count("second looks")
        guard try await stage.available(provider).contains(id) else { return }
        let second = try await stage.site.cairn("verify", id, "--provider", provider)
        guard second.code != 0, !saysGone(second), try await stage.available(provider).contains(id) else { return }
        Issue.record(
            "\(stage.words): \(provider) \(id) is available and broken:\n\(first)\n\(second)\n\(stage.log.tail(id))")
    }

    // MARK: Rest

    /// Brings everything to an end: then nothing is unfinished or in use, both banks are whole, and what they have can be
    /// restored.
    private func rest(_ stage: Stage) async throws {
        let site = stage.site
        for provider in ["local", "offsite"] {
            for _ in 0..<3 {
                let ending = try await site.cairn("gc", "--provider", provider, "--output", "json")
                #expect(ending.code == 0, "\(stage.words): \(ending)\n\(stage.log.tail())")
            }
            let bank = provider == "local" ? site.bank : site.otherBank
            // A use of something that was deleted meanwhile has nothing to protect.
            let found = try await site.shell(
                """
                cd '\(bank)/checkpoints' && for id in *; do
                  if [ -e "$id/index.json" ]; then find "$id/uses" "$id/tombstone.json" -type f 2>/dev/null; fi
                done; true
                """)
            #expect(found.output.isEmpty, "\(stage.words): \(provider): \(found)")
            for (id, status) in try await site.listed(provider) {
                #expect(
                    status == "available" || status == "error",
                    "\(stage.words): \(provider) \(id) is \(status)\n\(stage.log.tail(id))")
                guard status == "available" else { continue }
                _ = try await site.shell("rm -rf restored")
                let restored = try await site.cairn("restore", id, "--provider", provider, "--to", "restored")
                #expect(restored.code == 0, "\(stage.words): \(provider) \(id): \(restored)\n\(stage.log.tail(id))")
                #expect(try await site.picture(of: site.restored + site.source) == stage.picture, "\(id)")
            }
            let checked = try await site.cairn("bank", "check", "--provider", provider, "--read-data")
            #expect(checked.code == 0, "\(stage.words): \(checked)\n\(stage.log.tail())")
            let idle = try await site.cairn("gc", "--provider", provider, "--dry-run", "--output", "json")
            let items = try idle.json().arrayValue ?? []
            #expect(
                items.allSatisfy { $0.objectValue?["action"]?.stringValue == "left" || $0.objectValue == nil },
                "\(stage.words): \(provider): \(idle)")
        }
    }
}
