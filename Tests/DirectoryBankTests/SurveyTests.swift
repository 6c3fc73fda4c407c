import Bank
import Foundation
import Glibc
import Testing

@testable import DirectoryBank

@Suite struct SurveyTests {
    /// Runs `body` with a new bank and removes it.
    private func withBank(_ body: (DirectoryBank, String) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "cairn-survey-" + UUID().uuidString
        let bank = try DirectoryBank(path: path)
        try await bank.createRoot()
        defer {
            chmod(path, 0o700)
            try? FileManager.default.removeItem(atPath: path)
        }
        try await body(bank, path)
    }

    @Test func capacityIsThatOfTheFileSystem() async throws {
        try await withBank { bank, _ in
            let capacity = try #require(try await bank.capacity())
            #expect(capacity.freeBytes > 0 && capacity.freeBytes <= capacity.totalBytes)
            let section = BankSection(bank, below: try BankKey("a"), writable: true)
            #expect(try await section.capacity()?.totalBytes == capacity.totalBytes)
        }
    }

    @Test func aSurveyChangesNothingAndSeesTheLastChange() async throws {
        try await withBank { bank, path in
            try await bank.put(try BankKey("checkpoints/a/index.json"), [1, 2, 3], if: .none)
            var before = stat()
            try #require(stat(path + "/checkpoints", &before) == 0)
            let survey = try await bank.survey()
            #expect(survey.writeObstacle == nil && survey.leftovers == 0)
            #expect(abs(try #require(survey.lastChange) - Int64(Date().timeIntervalSince1970 * 1000)) < 600_000)
            var after = stat()
            try #require(stat(path + "/checkpoints", &after) == 0)
            #expect(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_mtim.tv_sec == after.st_mtim.tv_sec)
        }
    }

    @Test func leftoversAreOldFilesThatNobodyWrites() async throws {
        try await withBank { bank, path in
            func leave(_ name: String, age: Int) throws {
                let file = path + "/.tmp/" + name
                try Data("half".utf8).write(to: URL(fileURLWithPath: file))
                var times = [
                    timeval(tv_sec: time(nil) - age, tv_usec: 0), timeval(tv_sec: time(nil) - age, tv_usec: 0),
                ]
                try #require(utimes(file, &times) == 0)
            }
            try leave("young", age: 60)
            try leave("old", age: 8000)
            try leave("held", age: 8000)
            let held = open(path + "/.tmp/held", O_RDONLY)
            defer { close(held) }
            try #require(flock(held, LOCK_EX) == 0)
            #expect(try await bank.survey().leftovers == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/.tmp").count == 3)
        }
    }

    @Test func missingRightsAreAnObstacle() async throws {
        try await withBank { bank, path in
            chmod(path, 0o500)
            let obstacle = try await bank.survey().writeObstacle
            // Root may write everywhere, and is told so.
            #expect(geteuid() == 0 ? obstacle == nil : obstacle?.contains("cannot be written to") == true)
        }
    }

    @Test func aSectionForReadingSaysSo() async throws {
        try await withBank { bank, _ in
            let section = BankSection(bank, below: try BankKey("a"), writable: false)
            #expect(try await section.survey().writeObstacle == "this part of the bank is open for reading only")
        }
    }

    @Test func noBankIsNoBank() async throws {
        let bank = try DirectoryBank(path: "/nowhere/at/all")
        await #expect(throws: BankError.noBank(place: "/nowhere/at/all")) { try await bank.capacity() }
        await #expect(throws: BankError.noBank(place: "/nowhere/at/all")) { try await bank.survey() }
    }
}
