import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import Synchronization
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
            .replacing("\"version\":2}", with: "\"version\":7}")
        #expect(throws: IRLoadError.unknownVersion(found: 7)) { try PlanIR(loading: Array(text.utf8)) }
    }

    @Test func anotherManifestOrNoPluginIsRefusedBeforeAnythingIsWritten() async throws {
        let bank = InMemoryBank()
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
        let bank = InMemoryBank()
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
        JournalWriter(bank: bank, layout: CheckpointKeys(CheckpointID.random()), epoch: 1)
    }

    private func event(_ number: Int) -> JournalEvent {
        JournalEvent(activity: "main:T#\(number)", state: .started, time: Timestamp(milliseconds: 0))
    }

    @Test func eventsThatComeTogetherAreWrittenTogetherAndAllAreThere() async throws {
        let bank = InMemoryBank()
        let writer = writer(bank)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { try await writer.append(event(number)) } }
            try await group.waitForAll()
        }
        let segments = try bank.contents.sorted { $0.key < $1.key }.map { try JournalSegment(opening: $0.value) }
        #expect(segments.map(\.number) == Array(0..<UInt32(segments.count)))
        #expect(Set(segments.flatMap(\.events)).count == 200)
        #expect(await writer.segments == UInt32(segments.count))
    }

    /// Nobody waits for ever, and nothing is written behind a gap.
    @Test(.timeLimit(.minutes(10)))
    func aFailureReachesAllWhoWait() async throws {
        let bank = FaultyBank(InMemoryBank())
        let writer = writer(bank)
        bank.fail(at: 1, .refused)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask { (try? await writer.append(event(number))) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures > 0)
        await #expect(throws: BankError.self) { try await writer.append(event(99)) }
        #expect(try await bank.allKeys(below: nil).count == 1)
    }

    @Test(.timeLimit(.minutes(10)))
    func cancellingOneAppenderLeavesNoGap() async throws {
        let bank = InMemoryBank()
        let writer = writer(bank)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await writer.append(event(0))
        }
        _ = await task.result
        try await writer.append(event(1))
        #expect(bank.contents.count == 2)
    }
}
