import CLibArchive
import FilesTestSupport
import Foundation
import PluginKit
import Synchronization
import Testing

@testable import FilesPlugin

/// What a restore has written is on disk before anybody says that it is whole.
@Suite struct DurabilityTests {
    /// The mark of a directory that is not whole yet; empty when there is none.
    private func mark(_ path: String) throws -> String {
        try shell("getfattr --only-values -n user.cairn.restoring '\(path)' 2>/dev/null || true")
    }

    /// Names, modes, times and content of a tree, whatever its mark.
    private func content(_ path: String) throws -> String {
        try shell("cd '\(path)'; find . -printf '%P|%y|%m|%T@\\n' | sort; find . -type f | sort | xargs -r sha256sum")
    }

    @Test func everythingIsSyncedBeforeTheMarkGoes() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir d; head -c 100000 /dev/urandom > d/a; echo b > b; chmod 500 d")
        let before = try content(fixture.tree)
        let definition = try await fixture.protect()
        let seen = Mutex<[(content: String, mark: String)]>([])
        let out = fixture.directory + "/out" + fixture.tree
        var seams = FilesSeams()
        seams.sync = { directory in
            // It is the directory's own descriptor, so that what failed since it was opened is told.
            #expect(fcntl(directory, F_GETFD) >= 0)
            let now = (try? content(out)) ?? ""
            let mark = (try? mark(out)) ?? ""
            seen.withLock { $0.append((now, mark)) }
            return 0
        }
        _ = try await fixture.restore(definition, seams: seams)
        let last = try #require(seen.withLock { $0.last })
        #expect(last.content == before && last.mark == "c1 Host::FileSystem::Directory#t")
        #expect(try mark(out).isEmpty)
    }

    @Test(arguments: [EIO, ENOSPC, EDQUOT]) func whatIsNotDurableIsNotRestored(_ code: Int32) async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let before = try portrait(fixture.tree)
        let definition = try await fixture.protect()
        var seams = FilesSeams()
        seams.sync = { _ in code }
        let reason = await failure { _ = try await fixture.restore(definition, seams: seams) }
        #expect(reason.contains("cannot make durable") && reason.contains(String(cString: strerror(code))), "\(reason)")
        #expect(reason.contains("do not rely on what was restored"))
        #expect(try !mark(fixture.directory + "/out" + fixture.tree).isEmpty)
        #expect(try portrait(try await fixture.restore(definition)) == before)
    }

    /// The kernel tells a failure once: a sync on the way may be the one that hears of it.
    @Test func aFailureOnTheWayIsNotForgotten() async throws {
        let root = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(root) }
        let codes = Mutex([EIO])
        let durability = try Durability(root: root, path: Array("/tmp".utf8)) { _ in
            codes.withLock { $0.popLast() ?? 0 }
        }
        durability.wrote(Durability.interval)
        let beside = Thread { durability.runBeside() }
        beside.start()
        while !codes.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
        durability.end()
        while !beside.isFinished { try await Task.sleep(for: .milliseconds(1)) }
        #expect(throws: PluginError.self) { try durability.finish() }
    }

    @Test func everyFileSystemIsSyncedOnceAndNothingBeforeEnoughIsWritten() throws {
        let root = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(root) }
        let count = Mutex(0)
        let durability = try Durability(root: root, path: Array("/tmp".utf8)) { _ in
            count.withLock { $0 += 1 }
            return 0
        }
        let device = try FileSystem.status(root, path: []).st_dev
        try durability.add(root, device: device)
        try durability.add(root, device: device + 1)
        try durability.add(root, device: device + 1)
        durability.wrote(Durability.interval - 1)
        durability.end()
        durability.runBeside()
        #expect(count.withLock { $0 } == 0)
        try durability.finish()
        #expect(count.withLock { $0 } == 2)
    }

    /// libarchive's own words do not say that the disk is full.
    @Test func aFullDiskIsCalledSo() throws {
        let archive = archive_write_new()
        defer { archive_write_free(archive) }
        archive_write_set_format_raw(archive)
        archive_write_set_bytes_per_block(archive, 0)
        #expect(archive_write_open_filename(archive, "/dev/full") == ARCHIVE_OK)
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, "big")
        archive_entry_set_mode(entry, 0o100644)
        archive_entry_unset_size(entry)
        #expect(archive_write_header(archive, entry) == ARCHIVE_OK)
        let bytes = [UInt8](repeating: 1, count: 1 << 16)
        let written = archive_write_data(archive, bytes, bytes.count)
        #expect(written < 0)
        let words = ArchiveFailure("write 'big'", archive).description
        #expect(words.hasPrefix("cannot write 'big': ") && words.hasSuffix(": No space left on device"), "\(words)")
        #expect(ArchiveFailure("write", nil).description == "cannot write")
    }
}
