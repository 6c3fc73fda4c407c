import Bank
import BankConformance
import CanonicalForm
import DegradedBank
import DirectoryBank
import Foundation
import Testing

/// A directory that is gone when the test is.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/cairn-test-\(CrockfordBase32.random(length: 12))"
        try #require(mkdir(path, 0o700) == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func mode(_ name: String) -> mode_t {
        var found = stat()
        return lstat(path + "/" + name, &found) == 0 ? found.st_mode : 0
    }

    func write(_ name: String, _ text: String = "x") throws {
        let file = try #require(fopen(path + "/" + name, "w"))
        fputs(text, file)
        fclose(file)
    }
}

@Suite struct DirectoryBankTests {
    private let scratch: ScratchDirectory
    private let bank: DirectoryBank
    private var root: String { bank.place }

    init() async throws {
        scratch = try ScratchDirectory()
        bank = try DirectoryBank(path: scratch.path + "/made/bank")
        try await bank.createRoot()
    }

    @Test(arguments: BankConformance.all)
    func conforms(_ check: BankConformance) async throws {
        try await check.run(bank)
        #expect(try await bank.removeStaleTemporaries(olderThan: .zero) == 0, "files are left that were being written")
    }

    @Test(arguments: BankConformance.all)
    func aSectionConforms(_ check: BankConformance) async throws {
        try await bank.put(BankKey("outside"), [1], if: .none)
        try await bank.put(BankKey("in/sidelong"), [2], if: .none)
        try await check.run(BankSection(bank, below: BankKey("in/side"), writable: true))
        #expect(try await bank.get(BankKey("outside")) == [1])
        #expect(try await bank.get(BankKey("in/sidelong")) == [2])
    }

    @Test(
        arguments: ConsistencyLevel.allCases.flatMap { level in
            BankConformance.promised(at: level).map { (level, $0) }
        })
    func conformsDegraded(_ level: ConsistencyLevel, _ check: BankConformance) async throws {
        try await check.run(DegradedBank(bank, to: level))
    }

    @Test(arguments: ConsistencyLevel.allCases) func theProbeFindsTheLevel(_ level: ConsistencyLevel) async throws {
        let weaker = DegradedBank(bank, to: level)
        let format = try await BankFormat.initialize(bank: weaker, created: "now")
        #expect(format.consistency == level)
        #expect(try await BankFormat.open(bank: weaker) == format)
    }

    @Test func theProbeFindsCompareAndSwap() async throws {
        let format = try await BankFormat.initialize(bank: bank, created: "now")
        #expect(format.consistency == .compareAndSwap)
        #expect(try await BankFormat.open(bank: DirectoryBank(path: root)) == format)
    }

    /// File systems of other kinds cannot be mounted everywhere, so this one is made to look for other names.
    @Test(arguments: [true, false]) func aFileSystemThatFoldsNamesIsRefused(_ foldsCase: Bool) async throws {
        let looksFor: @Sendable (String) -> String = { name in
            foldsCase ? name.lowercased() : name.last == "." ? String(name.dropLast()) : name
        }
        let reason = foldsCase ? "small letters from capital ones" : "a dot at the end"
        let folded = try DirectoryBank(path: root, looksFor: looksFor)
        var error = await #expect(throws: BankError.self) { try await folded.createRoot() }
        #expect(error?.description.contains(root) == true && error?.description.contains(reason) == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/.tmp").isEmpty)
        // A bank that has come here, as by a copy, is not opened, and nothing is written to look.
        _ = try await BankFormat.initialize(bank: bank, created: "now")
        let before = try await bank.survey().lastChange
        error = await #expect(throws: BankError.self) { _ = try await BankFormat.open(bank: folded) }
        #expect(error?.description.contains(reason) == true)
        #expect(try await bank.survey().lastChange == before)
        // Names that only look alike are no reason.
        try await bank.put(BankKey("FORMAT"), [1], if: .none)
        try await bank.put(BankKey("format."), [1], if: .none)
        _ = try await BankFormat.open(bank: DirectoryBank(path: root))
    }

    @Test func noDirectoryIsMadeSilently() async throws {
        let missing = try DirectoryBank(path: scratch.path + "/missing")
        let key = try BankKey("a/b")
        await #expect(throws: BankError.noBank(place: missing.place)) { try await missing.get(key) }
        await #expect(throws: BankError.noBank(place: missing.place)) { try await missing.put(key, [1], if: .none) }
        await #expect(throws: BankError.noBank(place: missing.place)) {
            try await missing.list(below: nil, after: nil, limit: 1)
        }
        #expect(scratch.mode("missing") == 0)
        #expect(throws: BankError.self) { try DirectoryBank(path: "relative/path") }
        try await missing.createRoot()
        try await missing.put(key, [1], if: .none)
        #expect(try await missing.get(key) == [1])
    }

    @Test func onlyTheOwnerCanRead() async throws {
        try await bank.put(BankKey("a/b/c"), [1], if: .none)
        try await bank.put(BankKey("a/b/d"), [1], if: .ifAbsent)
        for name in ["made", "made/bank", "made/bank/.tmp", "made/bank/a", "made/bank/a/b"] {
            #expect(scratch.mode(name) == S_IFDIR | 0o700, "\(name)")
        }
        for name in ["made/bank/a/b/c", "made/bank/a/b/d", "made/bank/.lock"] {
            #expect(scratch.mode(name) == S_IFREG | 0o600, "\(name)")
        }
    }

    @Test func emptiedDirectoriesGoButNeverTheRoot() async throws {
        try await bank.put(BankKey("a/b/c"), [1], if: .none)
        try await bank.put(BankKey("a/d"), [1], if: .none)
        try await bank.delete(BankKey("a/b/c"), if: .none)
        #expect(scratch.mode("made/bank/a/b") == 0)
        #expect(scratch.mode("made/bank/a") != 0)
        try await bank.delete(BankKey("a/d"), if: .none)
        #expect(scratch.mode("made/bank/a") == 0)
        #expect(scratch.mode("made/bank") != 0)
    }

    @Test func emptyDirectoriesOfACrashAreNotInTheWay() async throws {
        for name in ["a", "a/b", "a/b/c", "a/d"] { try #require(mkdir(root + "/" + name, 0o700) == 0) }
        #expect(try await bank.allKeys(below: nil).isEmpty)
        try await bank.put(BankKey("a"), [1], if: .ifAbsent)
        #expect(try await bank.get(BankKey("a")) == [1])
    }

    @Test func anUnsettledDirectoryIsSettledByTheNextWriter() async throws {
        try #require(mkdir(root + "/a", 0o1700) == 0)
        try await bank.put(BankKey("a/b"), [1], if: .none)
        #expect(scratch.mode("made/bank/a") == S_IFDIR | 0o700)
    }

    @Test func symbolicLinksAreRefused() async throws {
        try scratch.write("secret", "outside")
        try #require(mkdir(scratch.path + "/elsewhere", 0o700) == 0)
        try scratch.write("elsewhere/file")
        try #require(symlink(scratch.path + "/secret", root + "/link") == 0)
        try #require(symlink(scratch.path + "/elsewhere", root + "/dir") == 0)
        for text in ["link", "dir/file", "dir/new"] {
            let key = try BankKey(text)
            await #expect(throws: BankError.self, "\(text)") { try await bank.get(key) }
            await #expect(throws: BankError.self, "\(text)") { try await bank.stream(key) }
            await #expect(throws: BankError.self, "\(text)") { try await bank.size(key) }
            await #expect(throws: BankError.self, "\(text)") { try await bank.put(key, [1], if: .none) }
            await #expect(throws: BankError.self, "\(text)") { try await bank.put(key, [1], if: .ifAbsent) }
            await #expect(throws: BankError.self, "\(text)") { try await bank.delete(key, if: .none) }
        }
        #expect(try await bank.allKeys(below: nil).isEmpty)
        await #expect(throws: BankError.self) { try await bank.list(below: BankKey("dir"), after: nil, limit: 1) }
        #expect(scratch.mode("elsewhere/file") != 0 && scratch.mode("elsewhere/new") == 0)
    }

    @Test(.timeLimit(.minutes(10))) func foreignFilesAreNeitherListedNorWaitedFor() async throws {
        try scratch.write("made/bank/not a key")
        try scratch.write("made/bank/.hidden")
        try #require(mkdir(root + "/lost+found ", 0o700) == 0)
        try #require(mkfifo(root + "/pipe", 0o600) == 0)
        try await bank.put(BankKey("key"), [1], if: .none)
        #expect(try await bank.allKeys(below: nil) == [BankKey("key")])
        #expect(try await bank.allNames(below: nil) == ["key"])
        await #expect(throws: BankError.self) { try await bank.modified(BankKey("pipe")) }
        await #expect(throws: BankError.self) { try await bank.get(BankKey("pipe")) }
        await #expect(throws: BankError.self) { try await bank.put(BankKey("pipe"), [1], if: .none) }
    }

    @Test func leftoversOfACrashAreSweptAndLiveFilesAreNot() async throws {
        try scratch.write("made/bank/.tmp/1-leftover")
        try scratch.write("made/bank/.tmp/2-leftover")
        #expect(try await bank.allKeys(below: nil).isEmpty)
        #expect(try await bank.removeStaleTemporaries(olderThan: .seconds(3600)) == 0)
        let other = try DirectoryBank(path: root)
        let chunks = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let writing = Task { try await bank.put(BankKey("slow"), stream: chunks.stream, if: .none) }
        while scratch.mode("made/bank/.tmp/1-leftover") != 0 {
            _ = try await other.removeStaleTemporaries(olderThan: .zero)
        }
        chunks.continuation.yield(Array(repeating: 7, count: 3 << 20))
        _ = try await other.removeStaleTemporaries(olderThan: .zero)
        chunks.continuation.finish()
        #expect(try await writing.value == 3 << 20)
        #expect(try await other.size(BankKey("slow")) == 3 << 20)
        #expect(try await other.removeStaleTemporaries(olderThan: .zero) == 0)
    }

    @Test func aCancelledStreamLeavesNothing() async throws {
        let chunks = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let writing = Task { try await bank.put(BankKey("cut"), stream: chunks.stream, if: .none) }
        chunks.continuation.yield(Array(repeating: 7, count: 3 << 20))
        writing.cancel()
        chunks.continuation.finish()
        await #expect(throws: (any Error).self) { try await writing.value }
        #expect(try await bank.size(BankKey("cut")) == nil)
        #expect(try await bank.removeStaleTemporaries(olderThan: .zero) == 0)
    }

    @Test func aReaderKeepsWhatItBegan() async throws {
        let key = try BankKey("k")
        try await bank.put(key, Array(repeating: 1, count: 3 << 20), if: .none)
        let old = try await bank.stream(key)
        try await bank.put(key, [2], if: .none)
        try await bank.delete(key, if: .none)
        var count = 0
        for try await chunk in old {
            #expect(chunk.allSatisfy { $0 == 1 })
            count += chunk.count
        }
        #expect(count == 3 << 20)
    }

    @Test func theVersionIsTheDigest() async throws {
        let version = try await bank.put(BankKey("k"), [1, 2, 3], if: .none)
        #expect(version.tag == SHA256Digest(of: [1, 2, 3]).hexadecimal)
    }

    @Test func twoOpenBanksKeepConditionsBetweenThem() async throws {
        let banks = [bank, try DirectoryBank(path: root)]
        let key = try BankKey("counter")
        try await bank.put(key, [0], if: .ifAbsent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                let bank = banks[worker % 2]
                group.addTask {
                    var done = 0
                    while done < 20 {
                        let (bytes, version) = try await bank.getVersioned(key)
                        do {
                            try await bank.put(key, [bytes[0] + 1], if: .ifVersion(version))
                            done += 1
                        } catch BankError.conditionFailed { continue }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await bank.get(key) == [120])
    }

    @Test(.enabled(if: SmallFileSystem.canMount, "no right to mount a file system here"))
    func aReadOnlyFileSystemIsNamed() async throws {
        let small = try SmallFileSystem(scratch.path + "/small")
        let bank = try DirectoryBank(path: small.path)
        try await bank.createRoot()
        try await bank.put(BankKey("a/b"), [1], if: .none)
        try small.makeReadOnly()
        for key in [try BankKey("a/b"), try BankKey("new")] {
            let error = await #expect(throws: BankError.self) { try await bank.put(key, [2], if: .none) }
            #expect(error?.description == "the bank could not write '\(key)': Read-only file system (open)")
        }
        await #expect(throws: BankError.self) { try await bank.delete(BankKey("a/b"), if: .none) }
        #expect(try await bank.get(BankKey("a/b")) == [1])
        #expect(try await bank.allKeys(below: nil) == [BankKey("a/b")])
    }

    /// Whether a directory can be made such that this user cannot write to it: root needs the immutable flag for that.
    static let canForbidWriting = geteuid() != 0 || immutable(NSTemporaryDirectory(), "--help", expecting: nil)

    /// Runs chattr; `expecting` is the exit status that counts as success, any when `nil`.
    @discardableResult
    static func immutable(_ path: String, _ flag: String, expecting: Int32? = 0) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["chattr", flag, path]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return expecting.map { $0 == process.terminationStatus } ?? (process.terminationStatus != 127)
    }

    @Test(.enabled(if: canForbidWriting, "this user writes everywhere, and there is no chattr"))
    func aReadOnlyDirectoryIsNamed() async throws {
        if geteuid() == 0 {
            try #require(Self.immutable(root, "+i"))
        } else {
            try #require(chmod(root, 0o500) == 0)
        }
        defer {
            if geteuid() == 0 { Self.immutable(root, "-i") } else { chmod(root, 0o700) }
        }
        let error = await #expect(throws: BankError.self) { try await bank.put(BankKey("a/b"), [1], if: .none) }
        #expect(error?.description.contains("a/b") == true)
        let reasons = ["Permission denied", "Operation not permitted"]
        #expect(reasons.contains { error?.description.contains($0) == true })
    }

    @Test(.enabled(if: SmallFileSystem.canMount, "no right to mount a file system here"))
    func aFullFileSystemIsNamedAndLeavesNothing() async throws {
        let small = try SmallFileSystem(scratch.path + "/small")
        let full = try DirectoryBank(path: small.path + "/bank")
        try await full.createRoot()
        try await full.put(BankKey("fits"), [1], if: .none)
        for condition in [WriteCondition.none, .ifAbsent] {
            let error = await #expect(throws: BankError.self) {
                try await full.put(BankKey("big"), Array(repeating: 1, count: 8 << 20), if: condition)
            }
            #expect(
                error?.description
                    == "the bank could not write 'big': No space left on device (write); \(BankError.roomAdvice)")
            #expect(error?.refusesWrites == true)
        }
        try await full.put(BankKey("more"), [2], if: .none)
        #expect(try await full.allKeys(below: nil) == [BankKey("fits"), BankKey("more")])
        #expect(try await full.removeStaleTemporaries(olderThan: .zero) == 0)
    }
}
