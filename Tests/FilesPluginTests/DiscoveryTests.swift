import CanonicalForm
import Foundation
import PlanIR
import PluginKit
import Testing

@testable import FilesPlugin

@Suite struct DiscoveryTests {
    private func resource(_ fixture: Fixture, id: String = "t") -> ResourceDescription {
        ResourceDescription(
            type: "Host::FileSystem::Directory", id: id, name: "t", properties: ["path": .string(fixture.tree)])
    }

    private func found(
        _ fixture: Fixture, _ selector: JSONObject = [:], id: String = "t", seams: FilesSeams = FilesSeams()
    ) async throws -> DiscoveredDependents {
        try await FilesPlugin(seams: seams).dependents(of: resource(fixture, id: id), selector: selector)
    }

    @Test func theDirectoriesDirectlyBelow() async throws {
        let fixture = try Fixture()
        try fixture.inTree(
            "mkdir -p b/inner a .hidden 'with space' é Z; echo f > file; ln -s a link; ln -s /etc away; mkfifo pipe")
        let found = try await found(fixture)
        #expect(found.dependents.map(\.name) == [".hidden", "Z", "a", "b", "with space", "é"])
        #expect(found.dependents.map(\.id) == ["t/.hidden", "t/Z", "t/a", "t/b", "t/with+20space", "t/+C3+A9"])
        #expect(found.dependents.allSatisfy { $0.type == "Host::FileSystem::Directory" })
        #expect(found.dependents.allSatisfy { NameRules.idFault($0.id) == nil })
        #expect(
            found.dependents.map { $0.properties["path"]?.stringValue }
                == found.dependents.map { "\(fixture.tree)/\($0.name)" })
        #expect(
            found.parameters
                == ["exclude": ["/.hidden/", "/Z/", "/a/", "/b/", "/with space/", "/é/"]])
        #expect(try await self.found(fixture) == found)
    }

    @Test func nothingIsThere() async throws {
        let found = try await found(try Fixture())
        #expect(found.dependents.isEmpty && found.parameters == ["exclude": []])
    }

    @Test func differentNamesGiveDifferentIDs() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir a+b a+2Bb 'a b' a+20b a:b a%b a@b $'new\\nline' e$'\\u0301' $'\\u00e9' 'a*[b]?\\'")
        let found = try await found(fixture)
        #expect(found.dependents.count == 11)
        #expect(Set(found.dependents.map { Array($0.id.utf8) }).count == 11)
        #expect(found.dependents.contains { $0.id == "t/a+2B2Bb" } && found.dependents.contains { $0.id == "t/a+2Bb" })
        #expect(found.parameters["exclude"]?.arrayValue?.contains("/a\\*\\[b]\\?\\\\/") == true)
    }

    @Test(
        arguments: [
            (["include": ["c*"]] as JSONObject, ["cat", "cow"]), (["exclude": ["c*"]], ["dog", "lost+found"]),
            (["include": ["c*", "dog"], "exclude": ["cow", "lost+found"]], ["cat", "dog"]), (["include": ["x"]], []),
            (["include": ["[!c]*"], "atLeast": 1], ["dog", "lost+found"]),
        ] as [(JSONObject, [String])]) func selectors(_ selector: JSONObject, _ expected: [String]) async throws
    {
        let fixture = try Fixture()
        try fixture.inTree("mkdir cat cow dog lost+found")
        let found = try await found(fixture, selector)
        #expect(found.dependents.map(\.name) == expected)
        #expect(found.parameters["exclude"]?.arrayValue?.count == expected.count)
    }

    @Test func whatItLeavesIsSavedByNobodyElse() async throws {
        let fixture = try Fixture()
        try fixture.inTree(
            "mkdir -p a/x 'b*' 'b1' '[c]' 'd\\\\'; echo 1 > a/x/1; echo 2 > 'b*/2'; echo 3 > '[c]/3'; echo 4 > top; ln -s a l"
        )
        let selector: JSONObject = ["exclude": ["b1"]]
        let found = try await found(fixture, selector)
        _ = try await fixture.protect(found.parameters)
        #expect(
            try fixture.catalog().map { String(decoding: $0.path, as: UTF8.self) } == [".", "b1", "l", "top"])
        // What is made later, the directory itself saves.
        try fixture.inTree("mkdir -p later; echo 5 > later/5")
        _ = try await fixture.protect(found.parameters)
        #expect(
            try fixture.catalog().map { String(decoding: $0.path, as: UTF8.self) }
                == [".", "b1", "l", "later", "later/5", "top"])
    }

    // MARK: What cannot be told in full

    @Test func aNameThatIsNoText() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir good $'bad\\xff'")
        let reason = await failure { _ = try await found(fixture) }
        #expect(reason.contains("\(fixture.tree)/bad\\xff") && reason.contains("not UTF-8"), "\(reason)")
        #expect(reason.contains("'exclude' of the selector"))
        let without = try await found(fixture, ["exclude": ["bad?"]])
        #expect(without.dependents.map(\.name) == ["good"])
    }

    @Test func anIDThatGetsTooLong() async throws {
        let fixture = try Fixture()
        let name = String(repeating: "n", count: 62)
        try fixture.inTree("mkdir \(name) short")
        #expect(try await found(fixture).dependents.count == 2)
        let reason = await failure { _ = try await found(fixture, id: "tt") }
        #expect(reason.contains("'tt/\(name)'") && reason.contains("65 bytes") && reason.contains("64"), "\(reason)")
        #expect(try await found(fixture, ["exclude": ["nnn*"]], id: "tt").dependents.count == 1)
    }

    @Test func aDirectoryThatIsNotThereOrNone() async throws {
        let fixture = try Fixture()
        try shell("rm -r '\(fixture.tree)'")
        #expect(await failure { _ = try await found(fixture) }.contains("'\(fixture.tree)' does not exist"))
        try shell("echo > '\(fixture.tree)'")
        #expect(await failure { _ = try await found(fixture) }.contains("is not a directory"))
        try shell("rm '\(fixture.tree)'; ln -s /etc '\(fixture.tree)'")
        #expect(await failure { _ = try await found(fixture) }.contains("is a symbolic link"))
        let nameless = ResourceDescription(type: "Host::FileSystem::Directory", id: "t", name: "", properties: [:])
        #expect(
            await failure { _ = try await FilesPlugin().dependents(of: nameless, selector: [:]) }
                .contains("the property 'path' is missing"))
        #expect(await failure { _ = try await found(fixture, ["include": ["["]]) }.contains("without ']'"))
    }

    @Test func whatVanishesMeanwhileIsLookedForAgain() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir a b c")
        var seams = FilesSeams()
        seams.beforeOpen = { if $0 == [0x62] { _ = try? shell("cd '\(fixture.tree)'; [ -d b ] && mv b z || true") } }
        #expect(try await found(fixture, seams: seams).dependents.map(\.name) == ["a", "c", "z"])
        // A name that comes back each time, and is gone each time that it is looked at.
        seams.beforeOpen = { name in
            if name == [0x61] { _ = try? shell("cd '\(fixture.tree)'; mkdir -p q") }
            if name == [0x71] { _ = try? shell("cd '\(fixture.tree)'; rmdir q") }
        }
        try fixture.inTree("mkdir q")
        let reason = await failure { _ = try await found(fixture, seams: seams) }
        #expect(reason.contains("removed or renamed again and again"), "\(reason)")
    }

    // MARK: Instances

    @Test func realFileSystemsOfThisHost() throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir etc home 'mnt data' proc-like tmp usb; ln -s etc lib; echo > file")
        let root = fixture.tree
        let mounts = """
            21 1 8:1 / / rw - ext4 /dev/sda1 rw
            22 21 0:5 / \(root)/tmp rw - tmpfs tmpfs rw
            23 21 0:6 / \(root)/proc-like rw,nosuid shared:1 master:2 - proc proc rw
            24 21 8:2 / \(root)/mnt\\040data rw - xfs /dev/sdb rw
            25 24 8:3 / \(root)/mnt\\040data/deep/nowhere rw - ext4 /dev/sdc rw
            26 21 8:4 / \(root)/usb rw - tmpfs tmpfs rw
            27 26 8:4 / \(root)/usb rw - vfat /dev/sdd rw
            28 21 8:5 / \(root)/file rw - ext4 /dev/sda1 rw
            malformed
            """
        let found = try HostDirectories.all(below: Array(root.utf8), mounts: Array(mounts.utf8))
        #expect(
            found.map { String(decoding: $0, as: UTF8.self) }
                == ["etc", "home", "mnt data", "usb"].map { "\(root)/\($0)" })
    }

    @Test func instancesOfThisHost() async throws {
        let instances = try await FilesPlugin().instances(of: "Host::FileSystem::Directory")
        let paths = instances.compactMap { $0.properties["path"]?.stringValue }
        #expect(paths.count == instances.count && paths.contains("/etc"))
        #expect(paths.allSatisfy { !["/proc", "/sys", "/dev", "/run"].contains($0) })
        #expect(paths == paths.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }
}
