import Checkpoints
import Foundation
import ProtectionService
import Testing

/// The scratch directories of rehearsals, and what becomes of those that were left behind.
@Suite struct ScratchDirectoryTests {
    /// A directory of the test's own, which goes with it.
    private final class Place: Sendable {
        let path = NSTemporaryDirectory() + "cairn-scratch-" + UUID().uuidString

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        var names: [String] {
            get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
        }

        /// What a rehearsal of `owner` leaves that is killed.
        func leave(_ name: String, _ owner: Owner, bank: String = "bank") throws -> String {
            let directory = path + "/cairn-rehearsal-" + name
            try make(directory)
            let record = ScratchDirectoryTests.record(owner, bank: bank)
            try Data(record.bytes).write(to: URL(fileURLWithPath: directory + "/owner.json"))
            try FileManager.default.createDirectory(
                atPath: directory + "/content/srv", withIntermediateDirectories: true)
            try Data("restored".utf8).write(to: URL(fileURLWithPath: directory + "/content/srv/file"))
            return directory
        }

        func make(_ directory: String) throws {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    private static func record(_ owner: Owner, bank: String = "bank") -> ScratchRecord {
        ScratchRecord(bank: bank, plan: "shop", owner: owner, created: Timestamp(milliseconds: 1_800_000_000_000))
    }

    /// A process of this host that has certainly ended, and one of another host.
    private static var ended: Owner {
        let own = OwnerProcess.current()
        return Owner(
            id: own.id, host: own.host, process: own.process, boot: own.boot, processStart: own.processStart + 1,
            namespace: own.namespace)
    }
    private static let elsewhere = Owner(
        id: "0000000000000000", host: "elsewhere", process: 1, boot: "b", processStart: 1, namespace: "n")

    private func sweep(_ place: Place, dryRun: Bool = false, isGone: Bool = false) async throws -> [SweptScratch] {
        try await ScratchSweep(bank: "bank", dryRun: dryRun) { _ in isGone }.run(in: [place.path, place.path])
    }

    @Test func itIsOnesOwnAndGoesWithAllThatIsInIt() async throws {
        let place = try Place()
        let manager = FileManager.default
        try manager.createDirectory(atPath: place.path + "/kept", withIntermediateDirectories: true)
        try Data("kept".utf8).write(to: URL(fileURLWithPath: place.path + "/kept/file"))
        let scratch = try ScratchDirectory.make(below: place.path, Self.record(OwnerProcess.current()))
        let content = scratch.content
        let outer = (content as NSString).deletingLastPathComponent
        for directory in [outer, content] {
            #expect(try manager.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o700)
        }
        #expect(try manager.contentsOfDirectory(atPath: content).isEmpty)
        let other = try ScratchDirectory.make(below: place.path, Self.record(OwnerProcess.current()))
        #expect(other.content != content)
        try await other.remove()
        // Deep, read-only, with links that lead out of it.
        let deep = content + "/" + Array(repeating: "d", count: 300).joined(separator: "/")
        try manager.createDirectory(atPath: deep, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: deep + "/file"))
        try manager.createSymbolicLink(atPath: content + "/out", withDestinationPath: place.path + "/kept")
        try manager.setAttributes([.posixPermissions: 0o500], ofItemAtPath: deep)
        try manager.setAttributes([.posixPermissions: 0], ofItemAtPath: content + "/d")
        try await scratch.remove()
        #expect(!manager.fileExists(atPath: outer))
        #expect(try String(contentsOfFile: place.path + "/kept/file", encoding: .utf8) == "kept")
        await #expect(throws: ScratchDirectory.Fault.self) { try await scratch.remove() }
        #expect(throws: ScratchDirectory.Fault.self) {
            try ScratchDirectory.make(below: place.path + "/nowhere", Self.record(Self.ended))
        }
    }

    @Test func whatWasLeftBehindIsSweptAndWhatIsHeldIsNot() async throws {
        let place = try Place()
        let left = try place.leave("left00", Self.ended)
        let held = try ScratchDirectory.make(below: place.path, Self.record(Self.ended))
        let dry = try await sweep(place, dryRun: true)
        #expect(dry.map(\.path) == [left] && dry.map(\.outcome) == [.removed])
        #expect(dry[0].words.contains("plan 'shop'"))
        #expect(FileManager.default.fileExists(atPath: left + "/content/srv/file"))
        #expect(try await sweep(place) == dry)
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(FileManager.default.fileExists(atPath: held.content))
        #expect(try await sweep(place).isEmpty)
        try await held.remove()
        #expect(try place.names.isEmpty)
    }

    @Test func ofAnotherHostTheLeaseTells() async throws {
        let place = try Place()
        let left = try place.leave("far000", Self.elsewhere)
        guard case .left(let reason)? = try await sweep(place).first?.outcome else {
            Issue.record("it was not left")
            return
        }
        #expect(reason.contains("elsewhere"))
        #expect(FileManager.default.fileExists(atPath: left))
        #expect(try await sweep(place, isGone: true).map(\.outcome) == [.removed])
        #expect(try place.names.isEmpty)
    }

    @Test func whatIsNotItsOwnStays() async throws {
        let place = try Place()
        let manager = FileManager.default
        _ = try place.leave("other0", Self.ended, bank: "another")
        _ = try place.leave("lives0", OwnerProcess.current())
        let torn = try place.leave("torn00", Self.ended)
        try Data(Self.record(Self.ended).bytes.dropLast(9)).write(to: URL(fileURLWithPath: torn + "/owner.json"))
        let open = try place.leave("open00", Self.ended)
        try manager.setAttributes([.posixPermissions: 0o770], ofItemAtPath: open)
        let mine = place.path + "/cairn-rehearsal-mine00"
        try place.make(mine)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: mine + "/file"))
        try manager.createSymbolicLink(atPath: place.path + "/cairn-rehearsal-link00", withDestinationPath: mine)
        try place.make(place.path + "/cairn-rehearsal-young0")
        let before = try place.names
        #expect(try await sweep(place, isGone: true).isEmpty)
        #expect(try place.names == before)
        #expect(try manager.subpathsOfDirectory(atPath: torn).contains("content/srv/file"))
        // What was killed before it could say whose it is, is empty and old.
        let old = place.path + "/cairn-rehearsal-young0"
        try Data("{".utf8).write(to: URL(fileURLWithPath: old + "/.owner.json"))
        for path in [old, mine] {
            try manager.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -4000)], ofItemAtPath: path)
        }
        #expect(try await sweep(place).map(\.path) == [old])
        #expect(try place.names == before.filter { $0 != "cairn-rehearsal-young0" })
    }

    @Test func whereSomethingWasRestoredToTellsThePlace() {
        #expect(ScratchSweep.place(ofContent: "/mnt/large/cairn-rehearsal-abc123/content") == "/mnt/large")
        #expect(ScratchSweep.place(ofContent: "/cairn-rehearsal-abc123/content") == "/")
        for path in ["/mnt/large", "/mnt/cairn-rehearsal-abc123", "/mnt/rehearsal/content", "content", ""] {
            #expect(ScratchSweep.place(ofContent: path) == nil)
        }
    }
}
