import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Testing

@testable import FilesPlugin

@Suite struct RoundTripTests {
    /// A tree of everything that a file system can hold.
    static let nasty = """
        mkdir -p empty deep/a/b/c "with space" ro
        printf hello > plain; : > zero
        head -c 65536 /dev/urandom > part-sized; head -c 65537 /dev/zero > zeros
        printf 'bad' > $'latin-\\xe9\\xff'; mkdir $'dir-\\xfe'; printf x > $'dir-\\xfe/in\\nline'
        printf u > 'grüße-日本'; printf d > $'decomposed-e\\xcc\\x81'; printf c > $'composed-\\xc3\\xa9'
        n=$(printf 'n%.0s' $(seq 1 250)); mkdir $n; printf l > $n/$n; mkdir $n/$n-; 2>/dev/null || true
        ln plain hard-a; ln plain deep/a/hard-b; ln $'latin-\\xe9\\xff' $'hard-\\xe8'
        ln -s /etc/absolute abs; ln -s nowhere/at/all dangling; ln -s $'to-\\xff' $'link-\\xfd'; ln -s plain ok
        ln -P dangling dangling-too
        truncate -s 300M sparse; printf mid | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none
        truncate -s 100M all-hole; truncate -s 10M $'sparse-\\xff'; printf end >> $'sparse-\\xff'
        printf s > suid; chmod 4755 suid; printf g > sgid; chmod 2750 sgid; chmod 1777 empty
        printf o > owned; chown 1234:5678 owned; chown -h 77:88 dangling; chmod 0000 zeros
        chown 1234:5678 suid; chmod 4755 suid
        setfattr -n user.note -v 'value' plain; setfattr -n user.bin -v 0x00ff00 deep; setfattr -n user.empty zero
        setfattr -n 'user.a=b%3D' -v 'odd' owned; setfattr -h -n trusted.t -v tt dangling
        setfattr -n user.long -v "$(printf 'v%.0s' $(seq 1 2000))" plain
        setfacl -m u:1234:rwx,g:5678:r-- owned; setfacl -m u:1:r-x -m d:u:2:rwx deep
        mkfifo fifo; mknod null c 1 3; mknod loop b 7 1
        printf in > ro/in; chmod 0500 ro
        touch -h -d '1969-12-31 23:59:58.250000001 UTC' abs; touch -d '1950-05-05 05:05:05.123456789 UTC' plain
        touch -d '2024-01-02 03:04:05.987654321 UTC' deep/a/b; touch -d '2400-01-01 UTC' zero
        touch -d '1969-12-31 23:59:59.5 UTC' suid; touch -d '2001-02-03 04:05:06.7 UTC' .
        """

    @Test func nastyTree() async throws {
        let fixture = try Fixture()
        try fixture.inTree(RoundTripTests.nasty)
        let before = try portrait(fixture.tree)
        let definition = try await fixture.protect()
        #expect(fixture.reporter.warnings.isEmpty)
        try await fixture.verify(definition)
        try await fixture.verify(definition, level: "digests")
        let out = try await fixture.restore(definition)
        #expect(try portrait(out) == before)
        #expect(fixture.reporter.warnings.isEmpty)
        #expect(try shell("getfattr -n user.cairn.restoring '\(out)' 2>&1 || true").contains("No such attribute"))
        let blocks = try shell("stat -c %b '\(out)/sparse' '\(out)/all-hole'").split(separator: "\n").compactMap {
            Int($0)
        }
        #expect(blocks.allSatisfy { $0 < 64 })
        #expect(fixture.store.parts("archive").count > 0)
    }

    @Test func sameTreeSameBytes() async throws {
        let fixture = try Fixture()
        try fixture.inTree(RoundTripTests.nasty)
        let first = try await fixture.protect()
        let second = try await fixture.protect()
        #expect(first == second)
        #expect(first["bytes"]?.integerValue ?? 0 > 400 << 20)
    }

    @Test(arguments: ["zstd", "none"]) func gnuTarRestoresIt(compression: String) async throws {
        let fixture = try Fixture()
        try fixture.inTree(RoundTripTests.nasty)
        // tar reads fractions before 1970 in another way; see docs/plugin-files.md.
        try fixture.inTree("touch -d '1950-05-05 UTC' plain; touch -h -d '1960-01-01 UTC' abs suid")
        try fixture.inTree("touch -d '2001-02-03 04:05:06.7 UTC' .")
        let before = try portrait(fixture.tree)
        _ = try await fixture.protect(["compression": .string(compression)])
        let archive = try fixture.file("archive")
        let out = fixture.directory + "/by-hand"
        let decode = compression == "zstd" ? "zstd -q -dc" : "cat"
        try shell(
            "mkdir '\(out)'; \(decode) '\(archive)' | tar --numeric-owner --xattrs --xattrs-include='*' --acls -xp -C '\(out)' 2>'\(out).err' || { cat '\(out).err'; exit 1; }"
        )
        let difference = try shell(
            "diff <(printf '%s' \"$(cat <<'EOF'\n\(before)\nEOF\n)\") <(printf '%s' \"$(cat <<'EOF'\n\(try portrait(out))\nEOF\n)\") || true"
        )
        #expect(difference.isEmpty, "\(difference)")
    }

    @Test func deepTree() async throws {
        let fixture = try Fixture()
        let depth = 3000
        try shell(
            """
            python3 - <<'EOF'
            import os
            os.chdir('\(fixture.tree)')
            for i in range(\(depth)):
                os.mkdir('d%d' % i); os.chdir('d%d' % i)
                if i % 100 == 0: open('f', 'w').write(str(i))
            EOF
            """)
        let definition = try await fixture.protect()
        #expect(definition["entries"]?.integerValue == Int64(depth + depth / 100 + 1))
        try await fixture.verify(definition)
        _ = try await fixture.restore(definition)
    }

    @Test func excludeEverything() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir -p a/b; echo x > a/b/c; echo y > d")
        let definition = try await fixture.protect(["exclude": ["*"]])
        #expect(definition["entries"]?.integerValue == 1)
        let out = try await fixture.restore(definition)
        #expect(try shell("ls -A '\(out)'").isEmpty)
    }

    @Test func socketsAreSkippedLoudly() async throws {
        let fixture = try Fixture()
        try fixture.inTree(
            "python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('s')\"; echo x > t")
        let definition = try await fixture.protect()
        #expect(fixture.reporter.warnings.map(\.kind) == ["socket-skipped"])
        #expect(definition["warnings"]?.integerValue == 1)
        try await fixture.verify(definition)
        _ = try await fixture.restore(definition)
    }

    @Test func consistencyChoosesTheHook() async throws {
        let fixture = try Fixture()
        let plugin = FilesPlugin()
        let quiesced = fixture.context(["consistency": "quiesced"])
        #expect(try await plugin.protect(.main, quiesced).isEmpty)
        #expect(try await plugin.protect(.prepareFinish, quiesced)["entries"]?.integerValue == 1)
        #expect(try await plugin.protect(.prepareFinish, fixture.context()).isEmpty)
    }

    @Test func pathMustBeADirectory() async throws {
        let fixture = try Fixture()
        try shell("rm -r '\(fixture.tree)'")
        #expect(await failure { _ = try await fixture.protect() }.contains("does not exist"))
        try shell("ln -s / '\(fixture.tree)'")
        #expect(await failure { _ = try await fixture.protect() }.contains("is a symbolic link, not a directory"))
        try shell("rm '\(fixture.tree)'; echo > '\(fixture.tree)'")
        #expect(await failure { _ = try await fixture.protect() }.contains("is not a directory"))
    }
}
