import Foundation
import Glibc
import ProcessSupervision
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    /// A directory in which programs say what happens to them.
    private final class Place: Sendable {
        let path = NSTemporaryDirectory() + "cairn-cancel-" + UUID().uuidString.prefix(8)
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
        func number(_ name: String) -> pid_t? {
            (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)).flatMap {
                pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
    }

    /// Runs a script, cancels it as soon as it has made the file `ready`, and gives back how it ended.
    private func cancel(
        _ script: String, _ place: Place, grace: Int64 = ProgramPipeline.usualGrace
    ) async throws -> Result<Void, any Error> {
        let run = Task {
            _ = try await ProgramPipeline(ProgramCommand(["/bin/sh", "-c", script], in: place.path)).run(grace: grace)
        }
        #expect(try await eventually { place.has("ready") })
        run.cancel()
        return await run.result
    }

    @Test func aProgramIsAskedToEndFirst() async throws {
        let place = try Place()
        let result = try await cancel(
            "trap 'touch asked; exit 0' TERM; touch ready; while :; do sleep 0.01; done", place)
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(place.has("asked"))
    }

    @Test func aProgramThatDoesNotListenIsEnded() async throws {
        let place = try Place()
        let result = try await cancel(
            "trap '' TERM; echo $$ > number; touch ready; while :; do sleep 0.01; done", place, grace: 50_000_000)
        #expect(throws: CancellationError.self) { try result.get() }
        let number = try #require(place.number("number"))
        #expect(!isAlive(number))
    }

    @Test func theWholeGroupGoes() async throws {
        let place = try Place()
        let result = try await cancel("sleep 1000 & echo $! > number; touch ready; wait", place)
        #expect(throws: CancellationError.self) { try result.get() }
        let number = try #require(place.number("number"))
        #expect(try await eventually { !isAlive(number) })
    }

    @Test func whatAProgramLeavesBehindGoesWithIt() async throws {
        let place = try Place()
        _ = try await ProgramPipeline(
            ProgramCommand(["/bin/sh", "-c", "trap '' TERM HUP; sleep 1000 & echo $! > number"], in: place.path)
        ).run()
        let number = try #require(place.number("number"))
        #expect(try await eventually { !isAlive(number) })
    }

    @Test func aDaemonWithASessionOfItsOwnStays() async throws {
        let place = try Place()
        _ = try await ProgramPipeline(
            ProgramCommand(
                ["/bin/sh", "-c", "setsid sh -c 'echo $$ > number; exec sleep 1000' & sleep 0.3"], in: place.path)
        ).run()
        let number = try #require(place.number("number"))
        #expect(isAlive(number))
        kill(number, SIGKILL)
    }

    @Test func aPipelineThatStreamsIsStopped() async throws {
        let seen = Mutex(false)
        let run = Task {
            _ = try await pipeline(["yes"], ["cat"]).run(into: { _ in seen.withLock { $0 = true } })
        }
        #expect(try await eventually { seen.withLock { $0 } })
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
    }

    @Test func aSourceThatGivesNothingDoesNotHoldUp() async throws {
        let asked = Mutex(false)
        let run = Task {
            _ = try await pipeline(["cat"]).run(from: {
                asked.withLock { $0 = true }
                try await Task.sleep(for: .seconds(1000))
                return nil
            })
        }
        #expect(try await eventually { asked.withLock { $0 } })
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
    }

    @Test func whatIsCancelledBeforeItBeginsDoesNotBegin() async throws {
        let place = try Place()
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await ProgramPipeline(ProgramCommand(["touch", "begun"], in: place.path)).run()
        }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(!place.has("begun"))
    }

    @Test func programsStoppedAtAnyMomentLeaveNothing() async throws {
        let place = try Place()
        for delay in 0..<40 {
            let run = Task {
                _ = try await ProgramPipeline([
                    ProgramCommand(
                        ["/bin/sh", "-c", "echo $$ >> numbers; exec head -c 3000000 /dev/zero"], in: place.path),
                    ProgramCommand(["cat"]),
                ]).run(into: { _ in await Task.yield() }, grace: 1_000_000_000)
            }
            try await Task.sleep(for: .microseconds(delay * 150))
            run.cancel()
            _ = await run.result
        }
        let numbers = (try? String(contentsOfFile: "\(place.path)/numbers", encoding: .utf8)) ?? ""
        for number in numbers.split(separator: "\n").compactMap({ pid_t($0) }) { #expect(!isAlive(number)) }
    }

    @Test func whatAProgramHadSaidIsNotLost() async throws {
        let place = try Place()
        let result = try await cancel("echo 'waiting for a lock' >&2; touch ready; while :; do sleep 0.01; done", place)
        #expect(throws: ProcessFault.self) { try result.get() }
        guard case .failure(let error) = result else { return }
        #expect("\(error)" == "the program '/bin/sh' had said last: waiting for a lock")
    }

    @Test func aStartThatHangsHoldsNothingUp() async throws {
        let place = try Place()
        let path = "\(place.path)/program"
        try Data("#!/bin/sh\nwhile :; do sleep 0.01; done\n".utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        // Who starts the file waits until the lease on it is given up. The signal that asks for that is of no use here.
        signal(SIGIO, SIG_IGN)
        let held = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(held) }
        let (setLease, getLease): (Int32, Int32) = (1024, 1025)
        // A program that another test starts at this moment has the file open until it begins.
        #expect(try await eventually { fcntl(held, setLease, F_WRLCK) == 0 })
        let hanging = Task {
            _ = try await ProgramPipeline(ProgramCommand([path], in: place.path)).run(grace: 50_000_000)
        }
        // The lease is not what it was as soon as somebody waits for its end.
        #expect(try await eventually { fcntl(held, getLease) != F_WRLCK })
        for isUrgent in [false, true] {
            _ = try await ProgramPipeline(ProgramCommand(["true"]), isUrgent: isUrgent).run()
        }
        hanging.cancel()
        await #expect(throws: ProcessFault.hangs(path)) { try await hanging.value }
        _ = fcntl(held, setLease, F_UNLCK)
        // It may begin now, and is ended.
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await eventually { !isRun(path) })
    }

    /// Whether a process runs a script.
    private func isRun(_ path: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8))?.contains(path) == true
        }
    }
}
