import Bank
import PluginKit
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import Synchronization
import Surroundings
import Testing

@testable import Engine

@Suite struct RefusalTests {
    @Test func aSoundIRLoads() throws {
        let ir = Workbench.ir(diamond)
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
    }

    @Test func everyChangedByteOfAnIRIsRefused() {
        let bytes = Workbench.ir([[1], []]).encoded.bytes
        for position in bytes.indices {
            for mask: UInt8 in [1, 0x20, 0x80] {
                var changed = bytes
                changed[position] ^= mask
                #expect(throws: IRLoadError.self, "byte \(position)") { try PlanIR(loading: changed) }
            }
            #expect(throws: IRLoadError.self) { try PlanIR(loading: Array(bytes.prefix(position))) }
        }
    }

    @Test func aLaterVersionIsNamed() {
        let text = String(decoding: Workbench.ir([[]]).encoded.bytes, as: UTF8.self)
            .replacing("\"version\":\(PlanIR.version)}", with: "\"version\":7}")
        #expect(throws: IRLoadError.unknownVersion(found: 7)) { try PlanIR(loading: Array(text.utf8)) }
    }

    @Test func anotherManifestOrNoPluginIsRefusedBeforeAnythingIsWritten() async throws {
        let bank = InMemoryBank.early()
        var bench = Workbench(bank)
        bench.digest = SHA256Digest(of: [1])
        do {
            _ = try await bench.protect(Workbench.ir([[]]))
            Issue.record("another manifest was taken")
        } catch ExecutionError.manifestChanged(let plugin, let compiled, let present) {
            #expect(plugin == "scripted" && compiled == Workbench.digest && present == bench.digest)
        }
        var ir = Workbench.ir([[]])
        ir.plugins[0].name = "other"
        let unknown = Workbench(bank)
        do {
            _ = try await unknown.protect(ir)
            Issue.record("an unknown plugin was taken")
        } catch ExecutionError.unknownPlugin(let name) {
            #expect(name == "other")
        }
        #expect(bank.contents.isEmpty)
    }

    @Test func aRestoreTakesAnotherManifestOfTheSameVersionOnly() async throws {
        let bank = InMemoryBank.early()
        let id = try await Workbench(bank).protect(Workbench.ir([[]])).checkpoint
        var changed = Workbench(bank)
        changed.digest = SHA256Digest(of: [1])
        #expect(try await changed.restore(id).commit.status == .success)
        #expect(changed.observer.notices.withLock { $0.first?.contains("'scripted' has changed") } == true)
        var later = Workbench(bank)
        later.version = 2
        do {
            _ = try await later.restore(id)
            Issue.record("data of another version were taken")
        } catch ExecutionError.versionChanged(let plugin, let saved, let present) {
            #expect(plugin == "scripted" && saved == 1 && present == 2)
        }
    }
}

@Suite struct JournalWriterTests {
    private func writer(_ bank: any Bank) -> JournalWriter {
        let keys = CheckpointKeys(CheckpointID.random())
        return JournalWriter(bank: bank, clock: SystemClock(), guard: NoGuard()) {
            keys.journal(ofEpoch: 1, page: $0)
        }
    }

    private func event(_ number: Int) -> JournalEvent {
        JournalEvent(resource: number, hook: .main, time: Timestamp(milliseconds: 7), .started(attempt: 1))
    }

    private func segments(_ bank: InMemoryBank) throws -> [JournalSegment] {
        try bank.contents.sorted { $0.key < $1.key }.map {
            try JournalSegment(opening: $0.value) { () throws(SealedRecordError) -> [String: Int] in [:] }
        }
    }

    @Test func eventsThatComeTogetherAreWrittenTogetherAndAllAreThere() async throws {
        let bank = InMemoryBank.early()
        let writer = writer(bank)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { try await writer.appendDurably(event(number)) } }
            try await group.waitForAll()
        }
        await writer.close()
        let segments = try segments(bank)
        #expect(segments.map(\.number) == Array(0..<UInt32(segments.count)))
        #expect(Set(segments.flatMap(\.events)).count == 200)
        #expect(writer.segments == UInt32(segments.count))
    }

    /// Quick events cost few objects, keep their order, and need nobody who waits for them.
    @Test func whatNobodyWaitsForIsWrittenTooAndInOrder() async throws {
        let bank = InMemoryBank.early()
        let writer = writer(bank)
        for number in 0..<100_000 { writer.append(event(number)) }
        await writer.close()
        let segments = try segments(bank)
        #expect(segments.count < 50, "\(segments.count) objects")
        #expect(segments.flatMap(\.events).map(\.resource) == Array(0..<100_000))
        writer.append(event(1))
        var waited = 0
        // Soon, without anybody asking for it.
        while bank.contents.count == segments.count && waited < 10_000 {
            try await Task.sleep(for: .milliseconds(5))
            waited += 1
        }
        #expect(bank.contents.count == segments.count + 1)
        await writer.close()
    }

    @Test func everythingThatCanBeSaidComesBack() async throws {
        let bank = InMemoryBank.early()
        let writer = writer(bank)
        var warnings = WarningList()
        warnings.add(ActivityWarning(kind: "a", subject: "\u{1B}[31m\"ü", message: "m"))
        let artifact = DefinitionRecord.Artifact(
            summary: ArtifactSummary(name: "data", size: 3, digest: SHA256Digest(of: [1])), epoch: 2,
            record: SHA256Digest(of: [2]))
        let result = HookResult(
            saved: ["a": [1, true, "x"]], artifacts: [artifact], warnings: warnings, contentBytes: -1 & .max,
            milliseconds: 12)
        let changes: [JournalEvent.Change] = [
            .started(attempt: 1), .started(attempt: 3), .finished(result), .finished(HookResult()), .adopted(result),
            .retrying(message: "no\n\"luck\""), .failed(message: "x", warnings: WarningList()),
            .failed(message: "x", warnings: warnings), .cancelled, .undo(["argv": ["a", "b"]]), .undone, .reverted,
            .revertFailed(message: ""), .progress(bytes: 1 << 40),
        ]
        let events = changes.enumerated().map { number, change in
            // The clock may jump backwards.
            JournalEvent(
                resource: number, hook: number % 5 == 4 ? nil : Hook.allCases[number % 4],
                time: Timestamp(milliseconds: 1_800_000_000_000 - Int64(number) * 1000), change)
        }
        try await writer.appendDurably(events)
        await writer.close()
        #expect(try segments(bank).flatMap(\.events) == events)
    }

    /// Nobody waits for ever, and nothing is written behind a gap.
    @Test(.timeLimit(.minutes(10)))
    func aFailureReachesAllWhoWait() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let writer = writer(bank)
        bank.fail(at: 1, .refused)
        try await writer.appendDurably(event(0))
        let failures = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask { (try? await writer.appendDurably(event(number))) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 50)
        await #expect(throws: BankError.self) { try await writer.appendDurably(event(99)) }
        #expect(writer.failure != nil)
        await writer.close()
        #expect(try await bank.allKeys(below: nil).count == 1)
    }

    @Test(.timeLimit(.minutes(10)))
    func cancellingOneAppenderLeavesNoGap() async throws {
        let bank = InMemoryBank.early()
        let writer = writer(bank)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await writer.appendDurably(event(0))
        }
        _ = await task.result
        try await writer.appendDurably(event(1))
        #expect(bank.contents.count == 2)
        await writer.close()
    }
}
