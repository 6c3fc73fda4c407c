import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import DirectoryBank
import Foundation
import PluginKit
import Testing

/// A plugin gets the artifacts of its own resource and nothing else of the bank. These tests try to get out of that.
@Suite struct HostilePluginTests {
    /// May always write.
    private struct Open: WriteGuard {
        func ensureMayWrite() throws {}
    }

    private static let id = CheckpointID.random()
    private static let keys = CheckpointKeys(id)
    private static let identity = "Host::FileSystem::Directory#r1"
    /// Resources whose names are the plugin's, or nearly so.
    private static let neighbours = [
        "Host::FileSystem::Directory#r10", "Host::FileSystem::Directory#r", "Host::FileSystem::Directory#R1",
        "Host::FileSystem::Directory#r1/x", "Host::FileSystem::Directory#r1%2Fx",
        "Host::FileSystem::Directory#r\u{0661}",
        "Host::FileSystem::Directory#.r1", "Host::FileSystem::Directory#",
    ]
    private static let names = [
        "", ".", "..", "../r10", "../../r10/artifacts/data", "/etc/passwd", "/", "a/../b", "a/b", "a//b", "data/",
        "%2e%2e", "%2e%2e%2fr10", "%252e%252e%252fr10", "..%2f", "%2Fetc%2Fpasswd", "%00", "a\u{0}b", "\u{0}",
        "data\u{0}",
        "a\nb", "a b", " ", "~root", "a\\b", "DATA", "Data", ".hidden", ".tmp", ".lock", "d\u{0430}ta", "\u{FF44}ata",
        "date\u{301}", "dat\u{E9}", "data\u{200B}", "\u{202E}atad", "data\u{2044}x", "data\u{FF0F}x", "da\u{2024}ta",
        String(repeating: "x", count: 65), String(repeating: "x", count: 300), String(repeating: "../", count: 5000),
        String(repeating: "x", count: 1 << 20),
    ]

    private static func artifacts(
        _ bank: any Bank, of identity: String = identity, known: [DefinitionRecord.Artifact] = [],
        _ access: ResourceArtifacts.Access = .writing(epoch: 1)
    ) -> ResourceArtifacts {
        ResourceArtifacts(
            bank: bank, keys: keys, identity: identity, known: known, access: access, guard: Open())
    }

    @discardableResult
    private static func save(_ text: String, as name: String = "data", to artifacts: ResourceArtifacts) async throws
        -> ArtifactSummary
    {
        let writer = try await artifacts.writer(name)
        try await writer.write(Array(text.utf8))
        return try await writer.finish()
    }

    private static func read(_ name: String, of artifacts: ResourceArtifacts) async throws -> String {
        let reader = try await artifacts.reader(name)
        var bytes: [UInt8] = []
        while let part = try await reader.next() { bytes += part }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A bank in which every neighbour has saved its own name.
    private static func settled(_ bank: any Bank) async throws -> [BankKey: [UInt8]] {
        try await bank.put(BankKey("format"), [1], if: .none)
        for neighbour in neighbours { try await save(neighbour, to: artifacts(bank, of: neighbour)) }
        return try await contents(bank)
    }

    private static func contents(_ bank: any Bank) async throws -> [BankKey: [UInt8]] {
        var contents: [BankKey: [UInt8]] = [:]
        // A listing may still show what was removed.
        for key in try await bank.allKeys(below: nil) {
            do { contents[key] = try await bank.get(key) } catch BankError.notFound {}
        }
        return contents
    }

    @Test func noNameLeadsOut() async throws {
        let scratch = try ScratchPlace()
        let bank = try DirectoryBank(path: scratch.path + "/bank")
        try await bank.createRoot()
        let before = try await Self.settled(bank)
        let outside = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        let artifacts = Self.artifacts(bank)
        for name in Self.names {
            await #expect(throws: ArtifactError.invalidName(name)) { _ = try await artifacts.writer(name) }
            await #expect(throws: ArtifactError.invalidName(name)) { _ = try await artifacts.reader(name) }
            await #expect(throws: ArtifactError.invalidName(name)) { try await artifacts.remove(name) }
        }
        #expect(try await artifacts.artifacts().isEmpty)
        #expect(try await Self.contents(bank) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == outside)
    }

    @Test(arguments: ConsistencyLevel.allCases) func neighboursAreNeitherSeenNorTouched(_ level: ConsistencyLevel)
        async throws
    {
        let bank = DegradedBank(InMemoryBank(), to: level)
        let before = try await Self.settled(bank)
        let artifacts = Self.artifacts(bank)
        #expect(try await artifacts.artifacts().isEmpty)
        await #expect(throws: ArtifactError.self) { _ = try await artifacts.reader("data") }
        try await Self.save("mine", to: artifacts)
        try await Self.save("more", as: "artifact.json", to: artifacts)
        #expect(try await artifacts.artifacts().map(\.name) == ["artifact.json", "data"])
        #expect(try await Self.read("data", of: artifacts) == "mine")
        for name in ["data", "artifact.json", "parts"] { try await artifacts.remove(name) }
        let after = try await Self.contents(bank)
        for (key, bytes) in before { #expect(after[key] == bytes, "\(key)") }
    }

    @Test func identitiesHavePlacesOfTheirOwn() throws {
        let places = try ([Self.identity] + Self.neighbours).map { try Self.keys.artifacts($0, epoch: 1).text + "/" }
        #expect(Set(places).count == places.count)
        for (number, place) in places.enumerated() {
            for (other, longer) in places.enumerated() where other != number {
                #expect(!longer.hasPrefix(place), "\(longer) lies in \(place)")
            }
            #expect(place.split(separator: "/").count == 6, "\(place)")
        }
    }

    @Test func whatIsNotNamedCannotBeRead() async throws {
        let bank = InMemoryBank()
        // Someone has put a whole artifact where it would belong, and the commit record knows nothing of it.
        try await Self.save("planted", to: Self.artifacts(bank))
        for access in [ResourceArtifacts.Access.reading, .deleting, .writing(epoch: 2)] {
            let artifacts = Self.artifacts(bank, access)
            #expect(try await artifacts.artifacts().isEmpty)
            await #expect(throws: ArtifactError.self) { _ = try await artifacts.reader("data") }
        }
        // A neighbour's artifact does not fit the record that one's own has, either.
        let mine = Self.artifacts(bank, of: "T#mine")
        try await Self.save("mine", to: mine)
        let known = mine.finished
        let place = try Self.keys.artifacts("T#mine", epoch: 1).text + "/data/"
        let other = try Self.keys.artifacts(Self.identity, epoch: 1).text + "/data/"
        for name in ["artifact.json", "parts/00000000"] {
            try await bank.put(BankKey(place + name), try await bank.get(BankKey(other + name)), if: .none)
        }
        await #expect(throws: ArtifactError.self) {
            try await Self.read("data", of: Self.artifacts(bank, of: "T#mine", known: known, .reading))
        }
    }

    @Test func readOnlyIsReadOnly() async throws {
        let bank = InMemoryBank()
        let artifacts = Self.artifacts(bank)
        try await Self.save("mine", to: artifacts)
        let before = bank.contents
        let reading = Self.artifacts(bank, known: artifacts.finished, .reading)
        #expect(try await Self.read("data", of: reading) == "mine")
        await #expect(throws: ArtifactError.self) { _ = try await reading.writer("data") }
        await #expect(throws: ArtifactError.self) { _ = try await reading.writer("new") }
        await #expect(throws: ArtifactError.self) { try await reading.remove("data") }
        try await reading.discard()
        let deleting = Self.artifacts(bank, known: artifacts.finished, .deleting)
        await #expect(throws: ArtifactError.self) { _ = try await deleting.writer("data") }
        #expect(bank.contents == before)
    }

    @Test func whatAnEarlierHookHasFinishedStays() async throws {
        let bank = InMemoryBank()
        let first = Self.artifacts(bank)
        try await Self.save("of prepareFinish", to: first)
        first.close()
        let before = bank.contents
        for epoch in [UInt32(1), 2] {
            let second = Self.artifacts(bank, known: first.finished, .writing(epoch: epoch))
            await #expect(throws: ArtifactError.self) { _ = try await second.writer("data") }
            await #expect(throws: ArtifactError.self) { try await second.remove("data") }
            #expect(try await Self.read("data", of: second) == "of prepareFinish")
            #expect(second.finished.isEmpty)
            try await second.discard()
        }
        #expect(bank.contents == before)
    }

    @Test func aHookThatHasEndedWritesNoMore() async throws {
        let bank = InMemoryBank()
        let artifacts = Self.artifacts(bank)
        try await Self.save("whole", to: artifacts)
        let left = try await artifacts.writer("left")
        try await left.write([1, 2, 3])
        artifacts.close()
        let before = bank.contents
        await #expect(throws: ArtifactError.self) { try await left.write([4]) }
        await #expect(throws: ArtifactError.self) { _ = try await left.finish() }
        await #expect(throws: ArtifactError.self) { _ = try await artifacts.writer("late") }
        await #expect(throws: ArtifactError.self) { _ = try await artifacts.writer("data") }
        await #expect(throws: ArtifactError.self) { try await artifacts.remove("data") }
        #expect(bank.contents == before)
        #expect(artifacts.finished.map(\.summary.name) == ["data"])
        // Of a hook that failed nothing is left.
        try await artifacts.discard()
        #expect(bank.contents.isEmpty && artifacts.finished.isEmpty)
    }

    @Test func ofTwoWritersOfOneNameTheFirstWritesNoMore() async throws {
        let bank = InMemoryBank()
        let artifacts = Self.artifacts(bank)
        let first = try await artifacts.writer("data")
        try await first.write(Array("first".utf8))
        let second = try await artifacts.writer("data")
        await #expect(throws: ArtifactError.self) { try await first.write([1]) }
        await #expect(throws: ArtifactError.self) { _ = try await first.finish() }
        try await second.write(Array("second".utf8))
        _ = try await second.finish()
        #expect(try await Self.read("data", of: artifacts) == "second")
    }

    @Test func linksInADirectoryBankLeadNowhere() async throws {
        let scratch = try ScratchPlace()
        let bank = try DirectoryBank(path: scratch.path + "/bank")
        try await bank.createRoot()
        _ = try await Self.settled(bank)
        let mine = try scratch.path + "/bank/" + Self.keys.artifacts(Self.identity, epoch: 1).text
        let other = try scratch.path + "/bank/" + Self.keys.artifacts(Self.neighbours[0], epoch: 1).text
        let files = FileManager.default
        try files.createDirectory(
            atPath: String(mine.dropLast("/artifacts".count)), withIntermediateDirectories: true)
        let before = try await Self.contents(bank)

        // The whole store is a neighbour's, by a link.
        try files.createSymbolicLink(atPath: mine, withDestinationPath: other)
        for name in ["data", "new"] {
            await #expect(throws: BankError.self) { _ = try await Self.save("x", as: name, to: Self.artifacts(bank)) }
            await #expect(throws: BankError.self) { try await Self.artifacts(bank).remove(name) }
        }
        #expect(try await Self.contents(bank) == before)
        try files.removeItem(atPath: mine)

        // One artifact, its parts, or a file of it are.
        let outside = scratch.path + "/outside"
        try Data("outside".utf8).write(to: URL(filePath: outside))
        try files.createDirectory(atPath: mine + "/part", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: mine + "/data", withDestinationPath: other + "/data")
        try files.createDirectory(atPath: mine + "/file/parts", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: mine + "/part/parts", withDestinationPath: other + "/data/parts")
        try files.createSymbolicLink(atPath: mine + "/file/parts/00000000", withDestinationPath: outside)
        for name in ["data", "part", "file"] {
            await #expect(throws: BankError.self, "\(name)") {
                _ = try await Self.save("x", as: name, to: Self.artifacts(bank))
            }
        }
        #expect(try await Self.contents(bank) == before)
        #expect(try String(contentsOfFile: outside, encoding: .utf8) == "outside")
    }

    /// A second name of the same file cannot be told from a first; but no object's file is ever written to.
    @Test func hardLinksAreReplacedAndNeverWrittenThrough() async throws {
        let scratch = try ScratchPlace()
        let bank = try DirectoryBank(path: scratch.path + "/bank")
        try await bank.createRoot()
        let before = try await Self.settled(bank)
        let mine = try scratch.path + "/bank/" + Self.keys.artifacts(Self.identity, epoch: 1).text
        let other = try scratch.path + "/bank/" + Self.keys.artifacts(Self.neighbours[0], epoch: 1).text
        let outside = scratch.path + "/outside"
        try Data("outside".utf8).write(to: URL(filePath: outside))
        let files = FileManager.default
        try files.createDirectory(atPath: mine + "/data/parts", withIntermediateDirectories: true)
        try files.linkItem(atPath: other + "/data/artifact.json", toPath: mine + "/data/artifact.json")
        try files.linkItem(atPath: outside, toPath: mine + "/data/parts/00000000")
        let artifacts = Self.artifacts(bank)
        await #expect(throws: ArtifactError.self) { _ = try await artifacts.reader("data") }
        try await Self.save("mine", to: artifacts)
        #expect(try await Self.read("data", of: artifacts) == "mine")
        try await artifacts.remove("data")
        #expect(try await Self.contents(bank) == before)
        #expect(try String(contentsOfFile: outside, encoding: .utf8) == "outside")
    }

    @Test(arguments: ConsistencyLevel.allCases) func noKeyLeadsOutOfASection(_ level: ConsistencyLevel) async throws {
        let inner = InMemoryBank()
        for text in ["s/r10/k", "s/r1.json", "s/r/k", "s/R1/k", "r1/k", "k"] {
            try await inner.put(BankKey(text), [7], if: .none)
        }
        let before = inner.contents
        let section = BankSection(DegradedBank(inner, to: level), below: try BankKey("s/r1"), writable: true)
        #expect(try await section.allKeys(below: nil).isEmpty)
        #expect(try await section.allNames(below: nil).isEmpty)
        for text in ["../r10/k", "..", "/k", "k/../../r10/k", "%2e%2e/../k", ".", "", "a\u{0}", "r\u{661}"] {
            #expect(throws: BankError.self, "\(text)") { try BankKey(text) }
        }
        // What only looks like a way out is a name like any other. None of them is a neighbour's: where listings are behind,
        // it would be told for a while.
        for text in ["%2e%2e%2Fr10%2Fk", "%2E%2E", "%252e%252e", "r11", "0/k", "~", "k"] {
            let key = try BankKey(text)
            #expect(try await section.size(key) == nil, "\(text)")
            #expect(try await section.modified(key) == nil, "\(text)")
            try await section.put(key, [1], if: .ifAbsent)
            try await section.delete(key, if: .none)
        }
        for cursor in ["../r10", "", "/", "\u{10FFFF}"] {
            let page = try await section.names(below: nil, after: cursor, limit: 10)
            #expect(!page.names.contains("r10"))
        }
        #expect(inner.contents == before)
    }
}

/// A directory that is gone when the test is.
private final class ScratchPlace {
    let path: String

    init() throws {
        path = "/tmp/cairn-test-\(CrockfordBase32.random(length: 12))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
