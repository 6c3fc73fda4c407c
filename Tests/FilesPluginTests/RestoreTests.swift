import BlockingIO
import CLibArchive
import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import FilesPlugin

@Suite struct RestoreTests {
    @Test func refusesWhatIsNotEmpty() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a; mkdir d; echo b > d/b")
        let definition = try await fixture.protect()
        let before = try portrait(fixture.tree)
        let reason = await failure {
            try await FilesPlugin().restore(
                .main, fixture.context(definition: definition), to: RestoreTarget(directory: nil, overwrite: false))
        }
        #expect(reason.contains("exists and is not empty"))
        #expect(reason.contains("--to DIR") && reason.contains("--overwrite"))
        #expect(try portrait(fixture.tree) == before)
    }

    @Test func overwritesAndKeepsWhatIsExtra() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a; mkdir d; echo b > d/b; ln -s a l; mkdir was-dir; echo f > was-file; ln a hard")
        let before = try portrait(fixture.tree)
        let definition = try await fixture.protect()
        // The file that is replaced is another name of one outside, which must stay as it is.
        try shell("echo outside > '\(fixture.directory)/outside'; chmod 600 '\(fixture.directory)/outside'")
        try fixture.inTree(
            "rm a; ln ../outside a; echo xx > d/b; rm l; ln -s /etc l; rmdir was-dir; ln -s /tmp was-dir; rm was-file; mkdir was-file"
        )
        try fixture.inTree("mkdir extra; echo e > extra/e; setfacl -m d:u:3:rwx d")
        try await FilesPlugin().restore(
            .main, fixture.context(definition: definition), to: RestoreTarget(directory: nil, overwrite: true))
        #expect(fixture.reporter.warnings.map(\.kind) == ["extra-files-kept"])
        #expect(fixture.reporter.warnings.first?.message.hasPrefix("2 ") == true)
        #expect(
            try shell("cat '\(fixture.directory)/outside'; stat -c %a '\(fixture.directory)/outside'")
                == "outside\n600\n")
        try fixture.inTree("rm -r extra; touch -d \"$(date -d @0)\" /dev/null || true")
        let out = try await fixture.restore(definition)
        #expect(try portrait(out) == before)
    }

    @Test func toTheOriginalPlaceWhenItIsGone() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let before = try portrait(fixture.tree)
        let definition = try await fixture.protect()
        try shell("rm -r '\(fixture.tree)'")
        try await FilesPlugin().restore(
            .main, fixture.context(definition: definition), to: RestoreTarget(directory: nil, overwrite: false))
        #expect(try portrait(fixture.tree) == before)
    }

    @Test func unfinishedRestoreMayBeRepeated() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir d; for i in 1 2 3 4 5; do echo $i > d/f$i; done; chmod 500 d")
        let before = try portrait(fixture.tree)
        let definition = try await fixture.protect()
        let out = fixture.directory + "/out"
        var seams = FilesSeams()
        seams.extracted = {
            if $0 == Array("d/f3".utf8) { _ = try? shell("echo changed > '\(out)\(fixture.tree)/d/f3'") }
        }
        let reason = await failure { _ = try await fixture.restore(definition, seams: seams) }
        #expect(reason.contains("1 of 7 entries"))
        #expect(reason.contains("d/f3 ("))
        #expect(try portrait(try await fixture.restore(definition)) == before)
    }

    @Test func noWayOutThroughALinkBelowTheTarget() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let definition = try await fixture.protect()
        let first = fixture.tree.split(separator: "/")[0]
        try shell("mkdir '\(fixture.directory)/out' '\(fixture.directory)/elsewhere'")
        try shell("ln -s '\(fixture.directory)/elsewhere' '\(fixture.directory)/out/\(first)'")
        let reason = await failure { _ = try await fixture.restore(definition) }
        #expect(reason.contains("is a link or not a directory"))
        #expect(try shell("ls -A '\(fixture.directory)/elsewhere'").isEmpty)
    }

    @Test func withoutRootOwnersAreAWarning() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a; chown 1234:5678 a; chmod 4755 a; setfattr -n trusted.x -v y a; echo b > b")
        let definition = try await fixture.protect()
        var seams = FilesSeams()
        seams.privileged = false
        _ = try await fixture.restore(definition, seams: seams)
        #expect(fixture.reporter.warnings.map(\.kind) == ["owners-not-restored"])
        #expect(fixture.reporter.warnings.first?.message.hasPrefix("1 ") == true)
    }

    @Test(arguments: ["archive", "catalog"]) func damagedArtifactIsAnError(_ name: String) async throws {
        let fixture = try Fixture()
        try fixture.inTree("head -c 500000 /dev/urandom > a; echo b > b")
        let definition = try await fixture.protect()
        let part = try #require(fixture.store.parts(name).last)
        // A fixed byte would be the one that is there already, once in 256 runs.
        var bytes = try #require(FileManager.default.contents(atPath: part))
        bytes[60] ^= 0x20
        try bytes.write(to: URL(filePath: part))
        for level in ["digests", "archive"] {
            #expect(await failure { try await fixture.verify(definition, level: level) } != "(no error)")
        }
        #expect(await failure { _ = try await fixture.restore(definition) } != "(no error)")
    }

    @Test func otherArtifactIsRefusedBeforeAnythingIsWritten() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let definition = try await fixture.protect()
        _ = try await fixture.store.put("archive", [1, 2, 3])
        #expect(
            await failure { _ = try await fixture.restore(definition) }.contains("is not the one that was protected"))
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/out"))
    }

    @Test func cancelledRestoreEnds() async throws {
        let fixture = try Fixture()
        try fixture.inTree("for i in $(seq 1 200); do echo $i > f$i; done")
        let definition = try await fixture.protect()
        var seams = FilesSeams()
        let extracted = Atomic(0)
        let (begun, cancelled) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        seams.extracted = { _ in
            guard extracted.add(1, ordering: .relaxed).newValue == 3 else { return }
            begun.signal()
            cancelled.wait()
        }
        let chosen = seams
        let task = Task { try await fixture.restore(definition, seams: chosen) }
        try await BlockingThreads.runAlone(name: "wait") { begun.wait() }
        task.cancel()
        cancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(extracted.load(ordering: .relaxed) < 200)
    }

    // MARK: Hostile archives

    /// An entry as an attacker would write it.
    struct Hostile: Sendable {
        var path: String
        var type: mode_t = FileType.file
        var symlink: String?
        var hardlink: String?
    }

    /// Replaces the archive by one of the given entries and returns the definition that goes with it.
    private func plant(_ entries: [Hostile], in fixture: Fixture) async throws -> JSONObject {
        var definition = try await fixture.protect()
        var chunks: [UInt8] = []
        try withPlainLocale {
            let output = try ArchiveOutput(.pax, Compression(), chunkLength: 1 << 16) { chunks += $0 }
            for hostile in entries {
                let entry = try #require(archive_entry_new())
                defer { archive_entry_free(entry) }
                archive_entry_copy_pathname(entry, hostile.path)
                archive_entry_set_filetype(entry, UInt32(hostile.type))
                archive_entry_set_perm(entry, 0o755)
                if let target = hostile.symlink { archive_entry_copy_symlink(entry, target) }
                if let target = hostile.hardlink { archive_entry_copy_hardlink(entry, target) }
                let content = Array("pwned".utf8)
                let isFile = hostile.type == FileType.file && hostile.hardlink == nil
                archive_entry_set_size(entry, isFile ? Int64(content.count) : 0)
                try output.begin(entry, path: Array(hostile.path.utf8))
                if isFile { try content.withUnsafeBytes { try output.write($0) } }
                try output.finishEntry()
            }
            try output.close()
        }
        let summary = try await fixture.store.put("archive", chunks)
        definition["archive"] = [
            "digest": .string(summary.digest.description), "name": "archive", "size": .integer(summary.size),
        ]
        return definition
    }

    static let root = Hostile(path: ".", type: FileType.directory)

    @Test(arguments: [
        [root, Hostile(path: "/OUTSIDE/file")],
        [root, Hostile(path: "../file")],
        [root, Hostile(path: "a/../../file")],
        [root, Hostile(path: "l", type: FileType.symlink, symlink: "OUTSIDE"), Hostile(path: "l/file")],
        [
            root, Hostile(path: "l", type: FileType.symlink, symlink: "OUTSIDE"),
            Hostile(path: "l", type: FileType.directory), Hostile(path: "l/file"),
        ],
        [root, Hostile(path: "l", type: FileType.symlink, symlink: "OUTSIDE/victim"), Hostile(path: "l")],
        [root, Hostile(path: "h", hardlink: "OUTSIDE/victim")],
        [root, Hostile(path: "h", hardlink: "../../victim")],
        [
            root, Hostile(path: "l", type: FileType.symlink, symlink: "OUTSIDE"),
            Hostile(path: "h", hardlink: "l/victim"),
        ],
        [root, Hostile(path: "./././../x/file")],
        [Hostile(path: ".", type: FileType.symlink, symlink: "OUTSIDE"), Hostile(path: "file")],
    ])
    func hostileArchive(_ entries: [Hostile]) async throws {
        let fixture = try Fixture()
        let outside = fixture.directory + "/outside"
        try shell("mkdir '\(outside)'; echo innocent > '\(outside)/victim'; chmod 600 '\(outside)/victim'")
        let before = try portrait(outside)
        let planted = entries.map { entry in
            var entry = entry
            entry.path = entry.path.replacing("/OUTSIDE", with: outside)
            entry.symlink = entry.symlink?.replacing("OUTSIDE", with: outside)
            entry.hardlink = entry.hardlink?.replacing("OUTSIDE", with: outside)
            return entry
        }
        let definition = try await plant(planted, in: fixture)
        #expect(await failure { _ = try await fixture.restore(definition) } != "(no error)")
        #expect(await failure { _ = try await fixture.restore(definition, overwrite: true) } != "(no error)")
        #expect(await failure { try await fixture.verify(definition) } != "(no error)")
        #expect(try portrait(outside) == before)
        // Within the target a directory may stand where a link stood, and hold the file; nowhere else.
        let found = try shell(
            "find '\(fixture.directory)' -path '\(fixture.directory)/out' -prune -o \\( -name file -o -links 2 \\) -type f -print"
        )
        #expect(found.isEmpty)
    }

    @Test func archiveThatLacksAnEntry() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let definition = try await plant([RestoreTests.root], in: fixture)
        #expect(await failure { _ = try await fixture.restore(definition) }.contains("lacks 'a'"))
        #expect(await failure { try await fixture.verify(definition) } != "(no error)")
    }
}
