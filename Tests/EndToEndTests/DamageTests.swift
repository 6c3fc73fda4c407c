import CanonicalForm
import Foundation
import Testing

/// What is done to an object of the bank.
enum Damage: String, CaseIterable, Sendable {
    case changed, cut, removed
}

@Suite(.timeLimit(.minutes(10))) struct DamageTests {
    /// Every object of a bank is damaged in turn: a verification names it and no other, and a restore gives the right
    /// bytes, with a warning, or fails and names it.
    @Test(arguments: Damage.allCases)
    func everyDamagedObjectIsNamedAndNoWrongByteRestored(_ damage: Damage) async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let id = try await site.protect()
        let before = try await site.picture(of: site.source)
        let keys = try site.objects()
        #expect(keys.count >= 14, "\(keys)")

        for key in keys {
            let file = URL(fileURLWithPath: site.bank + "/" + key)
            let sound = try Data(contentsOf: file)
            switch damage {
            case .changed:
                var bytes = sound
                bytes[bytes.startIndex + bytes.count / 2] ^= 1
                try bytes.write(to: file)
            case .cut: try sound.dropLast().write(to: file)
            case .removed: try FileManager.default.removeItem(at: file)
            }
            defer {
                try? FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try? sound.write(to: file)
            }
            let place: Comment = "\(damage): \(key)"

            for choice in [id, "--last"] {
                let verified = try await site.cairn("verify", choice)
                #expect(verified.code == 1, place)
                if key == "format" {
                    #expect(verified.errors.contains("object 'format'"), "\(verified)")
                } else {
                    #expect(verified.namedObjects == [key], "\(place): \(verified)")
                }
            }

            let isNeeded = !["/epochs/", "/journal/"].contains { key.contains($0) } && !key.hasPrefix("indices/")
            let restored = try await site.cairn("restore", id, "--to", site.restored)
            if isNeeded {
                #expect(restored.code == 1, "\(place): \(restored)")
                #expect(restored.errors.contains("object '\(key)'"), "\(place): \(restored)")
            } else {
                #expect(restored.code == 0, "\(place): \(restored)")
                #expect(restored.errors.contains("warning: bank object '\(key)' is damaged"), "\(place): \(restored)")
                #expect(try await site.picture(of: site.restored + site.source) == before, place)
            }
            if restored.code != 0 { try expectOnlyRightBytes(site, place) }
            _ = try await site.shell("rm -rf restored")

            let listed = try await site.cairn("checkpoints", "list")
            #expect(listed.code == (key == "format" ? 1 : 0), "\(place): \(listed)")
            if key != "format" {
                #expect(listed.output.contains(id), "\(place): \(listed)")
                let shown = try await site.cairn("checkpoints", "show", id)
                #expect(shown.code == 0, "\(place): \(shown)")
            }
        }
        let sound = try await site.cairn("verify", id)
        #expect(sound.code == 0, "\(sound)")
    }

    /// A restore writes while it reads: one that fails may leave a part of the tree, but no byte that is not the
    /// source's. What was not written yet may read as zero.
    private func expectOnlyRightBytes(_ site: Site, _ place: Comment) throws {
        let tree = site.restored + site.source
        guard let found = FileManager.default.enumerator(atPath: tree) else { return }
        for case let path as String in found {
            let attributes = try FileManager.default.attributesOfItem(atPath: tree + "/" + path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            let left = try Data(contentsOf: URL(fileURLWithPath: tree + "/" + path))
            let right = try Data(contentsOf: URL(fileURLWithPath: site.source + "/" + path)).prefix(left.count)
            #expect(left.count == right.count, "\(place): \(path)")
            #expect(left == right || zip(left, right).allSatisfy { $0 == $1 || $0 == 0 }, "\(place): \(path)")
        }
    }

    @Test func aDamagedNewestCheckpointIsNotPassedOverUnseen() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let older = try await site.protect()
        let newest = try await site.protect()
        for name in ["commits/1.json", "index.json"] {
            let file = URL(fileURLWithPath: site.bank + "/checkpoints/\(newest)/\(name)")
            let sound = try Data(contentsOf: file)
            try FileManager.default.removeItem(at: file)
            for arguments in [["--last"], ["--last", "--plan", "shop"]] {
                let restored = try await Programs.run(
                    "cairn", ["restore", "--to", site.restored] + arguments, in: site.place)
                #expect(restored.code == 1, "\(restored)")
                #expect(restored.errors.contains("the newest checkpoint, \(newest)"), "\(restored)")
                #expect(restored.errors.contains("the newest that can be read is \(older)"), "\(restored)")
                #expect(!FileManager.default.fileExists(atPath: site.restored))
            }
            let listed = try await site.cairn("checkpoints", "list", "--status", "damaged", "--output", "json")
            let row = try #require(try listed.json().arrayValue?.first?.objectValue)
            #expect(row["checkpoint"] == .string(newest) && row["plan"] == "shop")
            #expect(row["message"]?.stringValue?.contains(name) == true)
            try sound.write(to: file)
        }
        // A damaged checkpoint is deleted by force, and then the older one is the last.
        try FileManager.default.removeItem(atPath: site.bank + "/checkpoints/\(newest)/commits/1.json")
        let refused = try await site.cairn("delete", newest)
        #expect(refused.code == 1 && refused.errors.contains("--force"), "\(refused)")
        let deleted = try await site.cairn("delete", newest, "--force")
        #expect(deleted.code == 0, "\(deleted)")
        let verified = try await site.cairn("verify", "--last", "--output", "json")
        #expect(try verified.json().objectValue?["checkpoint"] == .string(older))
        #expect(try site.objects().filter { $0.contains(newest) } == [])
    }

    @Test func aDamagedOrEditedIRIsRefusedByBothPrograms() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let path = site.place + "/plan.ir"
        let sound = try String(contentsOfFile: path, encoding: .utf8)
        let edits: [(String, String)] = [
            (sound.replacing("A plan for", with: "A plea for"), "damaged"),
            (String(sound.dropLast(40)), "not a compiled plan"),
            (sound.replacing("\"version\":3}\n", with: "\"version\":9}\n"), "format version 9"),
            (sound + " ", "canonical"),
        ]
        for (text, reason) in edits {
            #expect(text != sound)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let protected = try await site.cairn("protect", "plan.ir")
            #expect(protected.code == 1 && protected.output.isEmpty, "\(protected)")
            #expect(protected.errors.hasPrefix("cairn: plan.ir: ") && protected.errors.contains(reason), "\(protected)")
            let drawn = try await site.cairnc("graph", "plan.ir")
            #expect(drawn.code == 1 && drawn.output.isEmpty, "\(drawn)")
            #expect(drawn.errors.hasPrefix("cairnc: plan.ir: ") && drawn.errors.contains(reason), "\(drawn)")
        }
        #expect(try site.objects(below: "checkpoints/").isEmpty)
    }

    /// The backup user finds what only root may read, as root has left it.
    @Test(.enabled(if: geteuid() == 0, "only root can leave what others cannot read"))
    func whatCannotBeReadIsNamedAndStopsNothingElse() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let older = try await site.protect()
        let newer = try await site.protect()
        _ = try await site.cairn("verify", newer)
        _ = try await site.shell(
            "chmod 755 .; chown -R 65534:65534 .; chown 0:0 bank/operations")
        func nobody(_ arguments: String) async throws -> Ending {
            try await site.shell("setpriv --reuid=65534 --regid=65534 --clear-groups \"$CAIRN/cairn\" \(arguments)")
        }
        let unlisted = try await nobody("operations list")
        #expect(unlisted.code == 1 && unlisted.errors.contains("'operations'"), "\(unlisted)")
        let partly = try await nobody("gc")
        #expect(partly.code == 1 && partly.output.contains("operations"), "\(partly)")
        _ = try await site.shell("chown 65534:65534 bank/operations; chmod 000 bank/operations/*")
        let listed = try await nobody("operations list")
        #expect(listed.code == 0 && listed.output.contains("damaged"), "\(listed)")
        let collected = try await nobody("gc")
        #expect(collected.code == 1 && collected.output.contains("Permission denied"), "\(collected)")

        for what in ["", "/index.json"] {
            let key = "checkpoints/\(newer)\(what)"
            _ = try await site.shell("chmod 000 bank/\(key)")
            let list = try await nobody("checkpoints list --plan shop")
            #expect(list.code == 0 && list.output.contains("available") && list.output.contains("damaged"), "\(list)")
            let restored = try await nobody("restore --last --to \(site.place)/restored")
            #expect(restored.code == 1 && restored.errors.contains(newer), "\(restored)")
            #expect(restored.errors.contains("name it to use it") && restored.errors.contains(older), "\(restored)")
            let check = try await nobody("bank check")
            #expect(check.code == 1 && check.output.contains("object-unreadable: '\(key)'"), "\(check)")
            let retained = try await nobody("retain plan.ir --dry-run --output json")
            #expect(retained.code == 0 && retained.output.contains(newer), "\(retained)")
            let again = try await nobody("protect plan.ir")
            #expect(again.code == 0, "\(again)")
            _ = try await nobody("delete \(again.output.trimmingCharacters(in: .whitespacesAndNewlines))")
            _ = try await site.shell("chmod 700 bank/checkpoints/\(newer)")
        }
    }

    @Test func whatHasGrownIsRefusedUnread() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let id = try await site.protect()
        let part = try #require(try site.objects().first { $0.contains("/parts/") })
        for key in [part, "checkpoints/\(id)/index.json"] {
            _ = try await site.shell("truncate -s 100G 'bank/\(key)'")
            let verified = try await site.cairn("verify", id)
            #expect(verified.code == 1 && verified.namedObjects == [key], "\(verified)")
        }
        let list = try await site.cairn("checkpoints", "list")
        #expect(list.code == 0 && list.output.contains("damaged"), "\(list)")
    }

    @Test func aBankThatIsNotThereIsNotMade() async throws {
        let site = try await Site(initialize: false)
        try await site.fillSource()
        try await site.compile()
        for arguments in [
            ["protect", "plan.ir"], ["checkpoints", "list"], ["verify", "--last"], ["restore", "--last"],
        ] {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 1 && ending.output.isEmpty, "\(ending)")
            #expect(
                ending.errors.contains("there is no bank at \(site.bank)") && ending.errors.contains("cairn bank init"),
                "\(ending)")
        }
        #expect(!FileManager.default.fileExists(atPath: site.bank))
        // Nor is one made where other things lie.
        try site.write("bank/letter.txt", "Dear reader")
        let refused = try await site.cairn("bank", "init")
        #expect(refused.code == 1 && refused.errors.contains("'letter.txt'"), "\(refused)")
        #expect(try site.objects() == ["letter.txt"])
        _ = try await site.shell("rm bank/letter.txt; mkdir bank/lost+found")
        let made = try await site.cairn("bank", "init")
        #expect(made.code == 0, "\(made)")
        let again = try await site.cairn("bank", "init")
        #expect(again.code == 1 && again.errors.contains("already"), "\(again)")
    }
}
