import BlockingIO
import CLinux
import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import FilesPlugin

@Suite struct ProtectTroubleTests {
    private func seams(_ path: String, _ action: @escaping @Sendable () -> Void) -> FilesSeams {
        var seams = FilesSeams()
        seams.beforeOpen = { if $0 == Array(path.utf8) { action() } }
        return seams
    }

    /// Does something once, before a file's first read.
    private func reading(_ path: String, _ script: String) -> FilesSeams {
        let flag = Flag()
        var seams = FilesSeams()
        seams.beforeRead = { found, _ in
            if found == Array(path.utf8) && flag.first() { _ = try? shell(script) }
            return nil
        }
        return seams
    }

    private final class Flag: Sendable {
        private let raised = Atomic(false)
        func first() -> Bool { !raised.exchange(true, ordering: .relaxed) }
    }

    @Test func vanished() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a; echo b > b; mkdir d; echo c > d/c")
        let tree = fixture.tree
        var seams = FilesSeams()
        seams.beforeOpen = {
            if $0 == Array("a".utf8) { _ = try? shell("rm '\(tree)/a'") }
            if $0 == Array("d".utf8) { _ = try? shell("rm -r '\(tree)/d'") }
        }
        let definition = try await fixture.protect(seams: seams)
        #expect(fixture.reporter.warnings.map(\.kind) == ["vanished-while-read", "vanished-while-read"])
        #expect(fixture.reporter.warnings.map(\.subject) == ["a", "d"])
        #expect(
            try fixture.catalog().filter { $0.kind == .absent }.map(\.flag)
                == Array(repeating: "vanished-while-read", count: 2))
        try await fixture.verify(definition)
        #expect(try shell("ls '\(try await fixture.restore(definition))'") == "b\n")
    }

    @Test(arguments: [
        ("printf shrunk > big", "shrank"), ("echo more >> big", "grew"),
        ("printf X | dd of=big bs=1 seek=9 conv=notrunc status=none", "while it was being read"),
    ])
    func changed(_ script: String, _ message: String) async throws {
        let fixture = try Fixture()
        try fixture.inTree("head -c 700000 /dev/urandom > big; echo other > other")
        let definition = try await fixture.protect(seams: reading("big", "cd '\(fixture.tree)'; \(script)"))
        #expect(fixture.reporter.warnings.map(\.kind) == ["changed-while-read"])
        #expect(fixture.reporter.warnings.first?.subject == "big")
        #expect(fixture.reporter.warnings.first?.message.contains(message) == true)
        #expect(try fixture.catalog().filter { $0.flag != nil }.map(\.path) == [Array("big".utf8)])
        try await fixture.verify(definition)
        let out = try await fixture.restore(definition)
        #expect(try shell("stat -c %s '\(out)/big'") == "700000\n")
    }

    @Test func replacedByAFifo() async throws {
        let fixture = try Fixture()
        try fixture.inTree("echo a > a")
        let tree = fixture.tree
        let definition = try await fixture.protect(
            seams: seams("a") { _ = try? shell("rm '\(tree)/a'; mkfifo '\(tree)/a'") })
        #expect(try fixture.catalog().map(\.kind) == [.directory, .fifo])
        try await fixture.verify(definition)
    }

    @Test func unreadableFileFailsByName() async throws {
        let fixture = try Fixture()
        try shell("chmod 755 '\(fixture.directory)'")
        try fixture.inTree("echo a > a; echo s > secret; chmod 600 secret; chmod 755 .")
        var seams = FilesSeams()
        // This thread alone loses root's right to read everything.
        seams.producerStarts = { setfsuid(65534) }
        let reason = await failure { _ = try await fixture.protect(seams: seams) }
        #expect(reason.contains("cannot open 'secret': Permission denied"))
        #expect(try await fixture.store.artifacts().isEmpty)
    }

    @Test func readErrorFailsByName() async throws {
        let fixture = try Fixture()
        try fixture.inTree("head -c 700000 /dev/zero > broken")
        var seams = FilesSeams()
        seams.beforeRead = { $1 > 0 ? EIO : nil }
        let reason = await failure { _ = try await fixture.protect(seams: seams) }
        #expect(reason.contains("cannot read 'broken': Input/output error"))
    }

    /// Whether this user may mount a file system.
    static let canMount =
        (try? shell("d=$(mktemp -d); trap 'rmdir $d' EXIT; mount -t tmpfs none $d && umount $d")) != nil

    @Test(.enabled(if: canMount, "no right to mount a file system here")) func oneFileSystem() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir mnt; echo x > x")
        try shell("mount -t tmpfs none '\(fixture.tree)/mnt' && echo y > '\(fixture.tree)/mnt/y'")
        defer { _ = try? shell("umount '\(fixture.tree)/mnt'") }
        let one = try await fixture.protect(["oneFileSystem": true])
        #expect(one["entries"]?.integerValue == 3)
        #expect(fixture.reporter.warnings.map(\.kind) == ["other-file-system"])
        #expect(try await fixture.protect()["entries"]?.integerValue == 4)
    }

    @Test func cancelledInTheMiddle() async throws {
        let fixture = try Fixture()
        // A hole that takes long to hash as content, once it is no hole for the walker any more.
        try fixture.inTree("for i in $(seq 1 300); do head -c 300000 /dev/urandom > f$i; done")
        var seams = FilesSeams()
        let started = DispatchSemaphore(value: 0)
        let reads = Atomic(0)
        seams.beforeRead = { _, _ in
            reads.add(1, ordering: .relaxed)
            started.signal()
            usleep(20_000)
            return nil
        }
        let chosen = seams
        let task = Task { try await fixture.protect(["level": 19], seams: chosen) }
        try await BlockingThreads.runAlone(name: "wait") { started.wait() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(reads.load(ordering: .relaxed) < 300)
        for _ in 0..<500 {
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
                    .hasPrefix(fixture.tree) == true
            }
            if open.isEmpty { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("a descriptor was left behind")
    }
}
