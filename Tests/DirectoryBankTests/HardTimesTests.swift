import Bank
import Foundation
import Testing

@testable import DirectoryBank

/// A bank that is full, one that has objects that nobody can read, and one whose lock somebody has left held.
@Suite struct HardTimesTests {
    private let scratch: ScratchDirectory
    private var root: String { scratch.path + "/bank" }

    init() throws { scratch = try ScratchDirectory() }

    private func bank(givesUpReserve: Bool = false, patience: Duration = .milliseconds(1)) async throws -> DirectoryBank
    {
        let bank = try DirectoryBank(path: root, givesUpReserve: givesUpReserve, patience: patience)
        try await bank.createRoot()
        return bank
    }

    // MARK: A full bank

    @Test(.enabled(if: SmallFileSystem.canMount, "no right to mount a file system here"))
    func onlyWhoFreesRoomTakesTheReserveOfAFullBank() async throws {
        try #require(mkdir(root, 0o700) == 0)
        let small = try SmallFileSystem(root + "/small")
        let bank = try DirectoryBank(path: small.path)
        try await bank.createRoot()
        #expect(try await bank.survey().hasReserve == false)
        #expect(try await bank.makeReserve())
        #expect(try await bank.makeReserve())
        #expect(try await bank.survey().hasReserve == true)
        #expect(try await bank.allNames(below: nil).isEmpty)
        while (try? await bank.put(BankKey("f/\(UUID().uuidString)"), Array(repeating: 1, count: 4096), if: .none))
            != nil
        {
        }
        let key = try BankKey("leases/me")
        await #expect(throws: BankError.self) { try await bank.put(key, [1], if: .none) }
        #expect(try await bank.survey().hasReserve == true)

        let freeing = try DirectoryBank(path: small.path, givesUpReserve: true)
        try await freeing.put(key, [1], if: .none)
        #expect(try await bank.get(key) == [1])
        #expect(try await bank.survey().hasReserve == false)
        // There is some room now, and it is used up again; a reserve that does not fit leaves nothing of itself.
        while (try? await bank.put(BankKey("f/\(UUID().uuidString)"), Array(repeating: 1, count: 4096), if: .none))
            != nil
        {
        }
        #expect(try await freeing.makeReserve() == false)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: small.path).sorted() == [
                ".lock", ".tmp", "f", "leases",
            ])
        let error = await #expect(throws: BankError.self) { try await freeing.put(key, [2], if: .none) }
        #expect(error?.description.contains("no reserve left") == true)
    }

    // MARK: Objects that cannot be read

    @Test func whatIsUnreadableIsNamedAndLeavesTheOthers() async throws {
        let bank = try await bank()
        let (fine, link, pipe) = (try BankKey("a/fine"), try BankKey("a/link"), try BankKey("a/pipe"))
        try await bank.put(fine, [1], if: .none)
        try #require(symlink("fine", root + "/a/link") == 0)
        try #require(mkfifo(root + "/a/pipe", 0o600) == 0)
        for key in [link, pipe] {
            let error = await #expect(throws: BankError.self) { try await bank.get(key) }
            #expect(error?.unreadable?.key == key.text)
        }
        let found = try await bank.getEach([link, fine, pipe, BankKey("a/none")], longest: 10)
        #expect(found[1] == .success([1]) && found[3] == .success(nil))
        for place in [0, 2] { #expect(throws: BankError.self) { _ = try found[place].get() } }
        // Below what is a link there are no names, and whatever they are, those of others are told.
        try await bank.put(BankKey("b/c"), [1], if: .none)
        try #require(symlink("b", root + "/d") == 0)
        let names = try await bank.namesBelowEach([BankKey("b"), BankKey("d"), BankKey("e")])
        #expect(names[0] == .success(["c"]) && names[2] == .success([]))
        #expect(throws: BankError.self) { _ = try names[1].get() }
    }

    @Test func whatHasGrownIsRefusedUnread() async throws {
        let bank = try await bank()
        let key = try BankKey("a/b")
        try await bank.put(key, [1, 2, 3], if: .none)
        #expect(try await bank.get(key, longest: 3) == [1, 2, 3])
        try #require(truncate(root + "/a/b", 1 << 40) == 0)
        let refusal = BankError.tooLong(key, 1 << 40, longest: ObjectLimit.bulk)
        await #expect(throws: refusal) { try await bank.get(key, longest: ObjectLimit.bulk) }
        #expect(try await bank.getEach([key], longest: ObjectLimit.bulk) == [.failure(refusal)])
        let section = BankSection(bank, below: try BankKey("a"), writable: false)
        await #expect(throws: refusal) { try await section.get(BankKey("b"), longest: ObjectLimit.bulk) }
    }

    // MARK: The lock

    @Test func aLockThatIsHeldKeepsNobodyFromCreatingOrRenewingALease() async throws {
        let bank = try await bank()
        let (lease, old) = (try BankKey("leases/me"), try BankKey("old"))
        try await bank.put(old, [1], if: .none)
        let held = open(root + "/.lock", O_RDWR)
        try #require(held >= 0 && flock(held, LOCK_EX) == 0)
        try await bank.put(BankKey("new"), [1], if: .ifAbsent)
        await #expect(throws: BankError.conditionFailed(old)) { try await bank.put(old, [2], if: .ifAbsent) }
        for renewal in 1...3 { try await bank.put(lease, [UInt8(renewal)], if: .none) }
        try await bank.delete(lease, if: .none)
        for write in [WriteCondition.none, .ifVersion(ObjectStore.version(of: [1]))] {
            let error = await #expect(throws: BankError.self) { try await bank.put(old, [2], if: write) }
            #expect(error?.description.contains("'old'") == true && error?.description.contains("'.lock'") == true)
            // This very process holds it.
            #expect(error?.description.contains("process \(getpid()) (") == true, "\(String(describing: error))")
        }
        close(held)
        try await bank.put(old, [2], if: .none)
        await #expect(throws: BankError.self) {
            try await bank.put(lease, [1], if: .ifVersion(ObjectStore.version(of: [1])))
        }
    }
}
