import Foundation
import Glibc
import ProcessSupervision
import SeededRandom
import Synchronization
import Testing

/// Collects chunks.
final class Collected: Sendable {
    private let state = Mutex([UInt8]())
    var bytes: [UInt8] { state.withLock { $0 } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    func add(_ chunk: [UInt8]) { state.withLock { $0 += chunk } }
}

/// Gives out chunks, one after the other.
final class Given: Sendable {
    private let state: Mutex<[[UInt8]]>
    init(_ chunks: [[UInt8]]) { state = Mutex(chunks.reversed()) }
    func next() -> [UInt8]? { state.withLock { $0.popLast() } }
}

func pipeline(_ commands: [String]...) -> ProgramPipeline { ProgramPipeline(commands.map { ProgramCommand($0) }) }
func shell(_ script: String) -> ProgramPipeline { pipeline(["/bin/sh", "-c", script]) }

/// Runs something that must fail, and gives back how.
func fault(_ body: () async throws -> Void) async -> ProcessFault? {
    do {
        try await body()
        return nil
    } catch { return error as? ProcessFault }
}

/// Waits for what another process does.
func eventually(_ condition: () -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(20)
    while !condition() {
        if ContinuousClock.now > end { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
    return true
}

/// Whether a process is there and is more than an ending that nobody has asked for.
func isAlive(_ number: pid_t) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else { return false }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

@Suite(.timeLimit(.minutes(10))) struct PipelineTests {
    @Test func outputComesWhole() async throws {
        let collected = Collected()
        let outcome = try await pipeline(["seq", "1", "100000"]).run(into: { collected.add($0) })
        let expected = (1...100_000).map { "\($0)\n" }.joined()
        #expect(collected.text == expected)
        #expect(outcome.printed == Int64(expected.utf8.count) && !outcome.leftInput)
    }

    @Test func whatIsGivenComesBack() async throws {
        for seed in UInt64(1)...5 {
            var random = SeededGenerator(seed: seed)
            let chunks = (0..<40).map { _ in
                let byte = UInt8.random(in: 0...255, using: &random)
                return (0..<Int.random(in: 0...20_000, using: &random)).map {
                    byte &+ UInt8(truncatingIfNeeded: $0 * 7)
                }
            }
            let given = Given(chunks)
            let collected = Collected()
            _ = try await pipeline(["cat"], ["cat"], ["cat"]).run(
                from: { given.next() }, into: { collected.add($0) })
            #expect(collected.bytes == chunks.flatMap { $0 }, "seed \(seed)")
        }
    }

    @Test func aSlowReaderHoldsTheProgramUp() async throws {
        let largest = Mutex(0)
        let total = Mutex(0)
        _ = try await pipeline(["head", "-c", "20000000", "/dev/zero"]).run(into: { chunk in
            largest.withLock { $0 = max($0, chunk.count) }
            total.withLock { $0 += chunk.count }
            await Task.yield()
        })
        #expect(total.withLock { $0 } == 20_000_000)
        #expect(largest.withLock { $0 } <= 1 << 18)
    }

    @Test func withoutStreamsItReadsNothingAndSaysWhatItPrinted() async throws {
        _ = try await pipeline(["cat"]).run()
        let failure = await fault { _ = try await shell("echo to output; echo to errors >&2; exit 3").run() }
        #expect(
            failure?.description
                == "the program '/bin/sh' failed with exit code 3: to output | to errors")
    }

    @Test func everyFailureOfAPipelineFailsIt() async throws {
        for (commands, words) in [
            ([["false"], ["cat"]], "the program 'false', number 1 of 2 in the pipeline, failed with exit code 1"),
            ([["true"], ["false"]], "the program 'false', number 2 of 2 in the pipeline, failed with exit code 1"),
            (
                [["true"], ["sh", "-c", "echo no room >&2; exit 9"], ["cat"]],
                "the program 'sh', number 2 of 3 in the pipeline, failed with exit code 9: no room"
            ),
            // Nobody reads any more because the second has failed, which is therefore the one to name.
            (
                [["yes"], ["sh", "-c", "exit 4"]],
                "the program 'sh', number 2 of 2 in the pipeline, failed with exit code 4"
            ),
            // The first would run for long; it must not be waited for.
            (
                [["sleep", "1000"], ["false"]],
                "the program 'false', number 2 of 2 in the pipeline, failed with exit code 1"
            ),
            (
                [["sh", "-c", "kill -SEGV $$"], ["cat"]],
                "the program 'sh', number 1 of 2 in the pipeline, was ended by signal 11 (SIGSEGV)"
            ),
            (
                [["yes"], ["head", "-n", "1"]],
                "the program 'yes', number 1 of 2 in the pipeline, was ended by signal 13 (SIGPIPE, nobody reads what it prints)"
            ),
        ] {
            let collected = Collected()
            let failure = await fault {
                _ = try await ProgramPipeline(commands.map { ProgramCommand($0) }).run(into: { collected.add($0) })
            }
            #expect(failure?.description == words)
        }
    }

    @Test func whatCannotRunIsNamed() async throws {
        let place = NSTemporaryDirectory() + "cairn-programs-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        for (name, text, mode) in [
            ("plain", "echo", 0o644), ("lost", "#!/nowhere/sh\n", 0o755), ("strange", "\u{1}\u{2}", 0o755),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
            chmod("\(place)/\(name)", mode_t(mode))
        }
        for (command, words) in [
            (ProgramCommand(["/nowhere/at/all"]), "there is no program '/nowhere/at/all'"),
            (
                ProgramCommand(["no-such-program"], environment: [EnvironmentVariable("PATH", .text("/bin:/usr/bin"))]),
                "the program 'no-such-program' is not in PATH (/bin:/usr/bin)"
            ),
            (ProgramCommand(["\(place)/plain"]), "the program '\(place)/plain' cannot be run: Permission denied"),
            (ProgramCommand([place]), "the program '\(place)' cannot be run: Permission denied"),
            (
                ProgramCommand(["\(place)/lost"]),
                "the program '\(place)/lost' cannot be run: the interpreter that it names is not there"
            ),
            (ProgramCommand(["./strange"], in: place), "the program './strange' cannot be run: Exec format error"),
            (
                ProgramCommand(["true"], in: "/nowhere"),
                "the working directory '/nowhere' cannot be entered: No such file or directory"
            ),
            (ProgramCommand(["true", "a\0b"]), "the program 'true' cannot be run: an argument has a NUL byte in it"),
            (ProgramCommand([]), "there is no program ''"),
        ] {
            #expect(await fault { _ = try await ProgramPipeline(command).run() }?.description == words)
            // In a pipeline, those before it are ended.
            let both = ProgramPipeline([ProgramCommand(["sleep", "1000"]), command])
            #expect(await fault { _ = try await both.run() }?.description == words)
        }
    }

    @Test func thousandsOfShortPrograms() async throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in 0..<100 {
                        if (worker + number) % 10 == 0 {
                            #expect(await fault { _ = try await pipeline(["false"]).run() } != nil)
                        } else {
                            _ = try await pipeline(["true"]).run()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        // Others run tests in this process, too.
        #expect(after < before + 50)
    }

    @Test func signalsAreAsAProgramExpectsThem() async throws {
        // Cairn ignores some, and a program that inherited that could not be stopped.
        let ignored = signal(SIGHUP, SIG_IGN)
        defer { signal(SIGHUP, ignored) }
        let collected = Collected()
        _ = try await shell("grep -E '^Sig(Ign|Blk)' /proc/self/status").run(into: { collected.add($0) })
        let masks = collected.text.split(separator: "\n").compactMap { line in
            line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        }
        try #require(masks.count == 2)
        for number in [SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD] {
            #expect(masks.allSatisfy { $0 >> (number - 1) & 1 == 0 }, "signal \(number)")
        }
    }

    @Test func noOtherDescriptorsAreInherited() async throws {
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        let collected = Collected()
        _ = try await pipeline(["ls", "/proc/self/fd"]).run(into: { collected.add($0) })
        #expect(collected.text == "0\n1\n2\n3\n")
    }

    @Test func aProgramNeedNotReadAllThatItIsGiven() async throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let given = Given(Array(repeating: zeros, count: 20))
        let outcome = try await pipeline(["true"]).run(from: { given.next() })
        #expect(outcome.leftInput)
        let all = Given([Array("a\n".utf8)])
        #expect(try await !pipeline(["cat"]).run(from: { all.next() }).leftInput)
    }

    @Test func aSourceThatFailsShowsNoEnd() async throws {
        struct Damaged: Error {}
        let place = NSTemporaryDirectory() + "cairn-source-" + UUID().uuidString.prefix(8)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let given = Given([Array("first\n".utf8)])
        await #expect(throws: Damaged.self) {
            _ = try await shell("cat > /dev/null && touch \(place)").run(from: {
                guard let chunk = given.next() else { throw Damaged() }
                return chunk
            })
        }
        #expect(!FileManager.default.fileExists(atPath: place))
    }

    @Test func aSinkThatFailsStopsTheProgram() async throws {
        struct Full: Error {}
        await #expect(throws: Full.self) {
            _ = try await pipeline(["yes"], ["cat"]).run(into: { _ in throw Full() })
        }
    }

    @Test func whatComesAfterTheEndOfAProgramCounts() async throws {
        let collected = Collected()
        _ = try await shell("(sleep 0.2; echo two; sleep 0.2; echo three) & echo one").run(into: { collected.add($0) })
        #expect(collected.text == "one\ntwo\nthree\n")
    }

    @Test func anOutputThatNobodyClosesIsNoOutput() async throws {
        let collected = Collected()
        let failure = await fault {
            _ = try await shell("sleep 1000 & echo $!").run(into: { collected.add($0) }, grace: 50_000_000)
        }
        #expect(failure == .heldOpen("/bin/sh"))
        let number = try #require(pid_t(collected.text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(try await eventually { !isAlive(number) })
        // A program that is silent for longer is waited for.
        let slow = Collected()
        _ = try await shell("sleep 0.3; echo late").run(into: { slow.add($0) }, grace: 50_000_000)
        #expect(slow.text == "late\n")
    }

    @Test func anInputThatNobodyReadsIsLeft() async throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let given = Given(Array(repeating: zeros, count: 4))
        let outcome = try await shell("exec 3<&0; (exec sleep 1000 <&3) & true").run(
            from: { given.next() }, grace: 50_000_000)
        #expect(outcome.leftInput)
    }

    @Test func aProgramHasNoTerminalToWaitAt() async throws {
        let collected = Collected()
        _ = try await shell("echo $$; cut -d' ' -f5-7 /proc/$$/stat").run(into: { collected.add($0) })
        let lines = collected.text.split(separator: "\n")
        let number = try #require(lines.first)
        // Its group, its session and its terminal.
        #expect(lines.dropFirst() == ["\(number) \(number) 0"])
    }

    @Test func aGuardThatHasDiedIsReplaced() async throws {
        func guards() throws -> [pid_t] {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
            let children = threads.flatMap { thread in
                ((try? String(contentsOfFile: "/proc/self/task/\(thread)/children", encoding: .utf8)) ?? "")
                    .split(separator: " ").compactMap { pid_t($0) }
            }
            return children.filter { number in
                isAlive(number)
                    && (try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8))?
                        .hasPrefix("child-guard") == true
            }
        }
        _ = try await pipeline(["true"]).run()
        let first = try guards()
        #expect(first.count == 1)
        for number in first { kill(number, SIGKILL) }
        #expect(try await eventually { first.allSatisfy { !isAlive($0) } })
        _ = try await pipeline(["true"], ["cat"]).run()
        let second = try guards()
        #expect(second.count == 1 && second != first)
    }
}
