import Diagnostics
import Foundation
import PlanCompiler
import PlanTestSupport
import Project
import SeededRandom
import Testing
import YAMLSource

@Suite("Mending")
struct FixTests {
    /// Applies certain suggestions until there are none.
    private func mended(_ text: String) -> (text: String, compiler: Compiler, edited: EditedText) {
        var edited = EditedText(Array(text.utf8))
        var compiler = CompiledPlans.compile([text, CompiledPlans.provider])
        for _ in 0..<10 {
            let edits = TextFixer.edits(for: source(of: compiler), of: compiler.diagnostics.sorted)
            guard TextFixer.apply(edits, to: &edited) else { break }
            compiler = CompiledPlans.compile([String(decoding: edited.bytes, as: UTF8.self), CompiledPlans.provider])
        }
        return (String(decoding: edited.bytes, as: UTF8.self), compiler, edited)
    }

    private func source(of compiler: Compiler) -> SourceID {
        SourceID(index: Int32(compiler.sources.texts.firstIndex { $0.name == "plan.yaml" } ?? 0))
    }

    private func mendedPlan(_ rest: String) -> String {
        let head = Samples.plan("test", provider: "all", "")
        let text = mended(head + rest).text
        #expect(text.hasPrefix(head))
        return String(text.dropFirst(head.count))
    }

    @Test(
        "What is certain",
        arguments: [
            ("description: 12\n", "description: \"12\"\n"),
            ("description: true # yes\n", "description: \"true\" # yes\n"),
            ("descripton: x\n", "description: x\n"), ("Description: x\n", "description: x\n"),
            ("retention: {keepLast: \"7\"}\n", "retention: {keepLast: 7}\n"),
            (
                "triggers: [{name: a, cron: '1 2 * * *', operation: Protect}]\n",
                "triggers: [{name: a, cron: '1 2 * * *', operation: protect}]\n"
            ),
            ("# cairn: allow W0212 why\ndescription: x\n", "description: x\n"),
            ("description: x  # cairn: allow W0212 why\n", "description: x\n"),
            ("description: x # cairn: allow W0212, W0211 why\n", "description: x\n"),
        ])
    func certain(_ wrong: String, _ right: String) {
        let resources = "resources: [{id: a, type: Test::Thing}]\n"
        #expect(mendedPlan(wrong + resources) == right + resources)
    }

    @Test(
        "Parameters and properties",
        arguments: [
            ("{path: /a}", "{compresion: none}", "{path: /a}", "{compression: none}"),
            ("{path: /a}", "{compression: NONE}", "{path: /a}", "{compression: none}"),
            ("{path: /a}", "{level: \"3\"}", "{path: /a}", "{level: 3}"),
            ("{path: /a}", "{oneFileSystem: yes}", "{path: /a}", "{oneFileSystem: true}"),
            ("{path: /a}", "{exclude: [1, x]}", "{path: /a}", "{exclude: [\"1\", x]}"),
            ("{Path: /a}", "{}", "{path: /a}", "{}"),
        ])
    func schema(_ properties: String, _ parameters: String, _ rightProperties: String, _ rightParameters: String) {
        func plan(_ properties: String, _ parameters: String) -> String {
            "resources:\n  - id: a\n    type: Host::FileSystem::Directory\n    properties: \(properties)\n    parameters: \(parameters)\n"
        }
        #expect(mendedPlan(plan(properties, parameters)) == plan(rightProperties, rightParameters))
    }

    @Test(
        "A dependent that is named twice",
        arguments: [
            ("[b, b]", "[b]"), ("[b, c, b]", "[b, c]"), ("[b,b,c]", "[b,c]"), ("[ b , b ]", "[ b ]"),
            ("[b, b, b]", "[b]"), ("\n      - b\n      - b\n      - c", "\n      - b\n      - c"),
            ("\n      - b # why\n      - b\n", "\n      - b # why\n"),
        ])
    func dependents(_ wrong: String, _ right: String) {
        func plan(_ list: String) -> String {
            "resources:\n  - id: a\n    type: Test::Thing\n    dependsOn: \(list)\n  - {id: b, type: Test::Thing}\n  - {id: c, type: Test::Thing}\n"
        }
        #expect(mendedPlan(plan(wrong)) == plan(right))
    }

    @Test(
        "What is not certain stays as it is",
        arguments: [
            // What selects what is saved.
            "provider: al\n", "resources:\n  - {id: a, type: Host::FileSystem::Directry, properties: {path: /a}}\n",
            "resources:\n  - {id: a, type: Test::Thing, dependsOn: [bb]}\n  - {id: b, type: Test::Thing}\n",
            // The right key is there already, or two are as near, or the word is too short.
            "description: x\ndescripton: y\nresources: []\n", "resources: [{ix: a}]\n",
            // A tag, a comment, an alias, the only element.
            "description: !!int 5\n", "retention: {keepLast: \"007\"}\n",
            "resources:\n  - id: a\n    type: Test::Thing\n    dependsOn:\n      - b\n      - b # why\n  - {id: b, type: Test::Thing}\n",
            "x: &b b\nresources:\n  - {id: a, type: Test::Thing, dependsOn: [&c b, *c]}\n  - {id: b, type: Test::Thing}\n",
            "resources:\n  - id: a\n    type: Test::Thing\n    dependsOn: [b]\n    resources:\n      - {id: b, type: Test::Thing}\n",
        ])
    func uncertain(_ rest: String) {
        let text =
            (rest.hasPrefix("provider")
                ? "apiVersion: cairn/v1\nkind: Plan\nname: test\n" : Samples.plan("test", provider: "all", "")) + rest
        #expect(mended(text).text == text)
    }

    /// Faults that are mended, as lines of a plan, and what they become.
    private static let faults: [(wrong: String, right: String)] = [
        ("description: 5", "description: \"5\""), ("descripton: x", "description: x"),
        ("retention: {keepLst: 3}", "retention: {keepLast: 3}"),
        ("retention: {keepLast: '3'}", "retention: {keepLast: 3}"),
        (
            "triggers: [{nme: a, cron: '1 2 * * *', operation: VERIFY}]",
            "triggers: [{name: a, cron: '1 2 * * *', operation: verify}]"
        ),
        (
            "parameters: {Host::FileSystem::Directory: {levle: 3}}",
            "parameters: {Host::FileSystem::Directory: {level: 3}}"
        ),
    ]

    @Test("After mending, nothing certain is left, and every other byte is the same", arguments: 0..<60)
    func property(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var wrong = ""
        var right = ""
        var keys: Set<Substring> = []
        let breaks = ["\n", "\r\n"].randomElement(using: &random) ?? "\n"
        let filler = ["", "# a comment é\(breaks)", "\(breaks)", "x-\u{1F600}: 'text # no comment'\(breaks)"]
        for fault in Self.faults.shuffled(using: &random) {
            let key = fault.right.prefix { $0 != ":" }
            guard keys.insert(key).inserted else { continue }
            // A key that starts with x- may be there once.
            let between = filler[Int.random(in: 0..<(wrong.contains("x-") ? 3 : 4), using: &random)]
            let isWrong = Bool.random(using: &random)
            wrong += between + (isWrong ? fault.wrong : fault.right) + breaks
            right += between + fault.right + breaks
        }
        let end =
            "resources:\n  - {id: a, type: Test::Thing, dependsOn: [b]}\n  - id: b\n    type: Host::FileSystem::Directory\n    properties: {path: /b}\n"
            .replacing("\n", with: breaks)
        let head = Samples.plan("test", provider: "all", "").replacing("\n", with: breaks)
        let result = mended(head + wrong + end)
        #expect(result.text == head + right + end, "seed \(seed)")
        #expect(result.compiler.codes.isEmpty, "seed \(seed): \(result.compiler.text)")
        #expect(try patched(result.edited) == result.edited.bytes, "seed \(seed)")
    }

    @Test("Edits upon edits are known as one difference", arguments: 0..<200)
    func edits(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let lines = Int.random(in: 0...30, using: &random)
        var original: [UInt8] = []
        for line in 0..<lines { original += "line \(line % 7)\n".utf8 }
        if Bool.random(using: &random) { original = Array(original.dropLast()) }
        var edited = EditedText(original)
        var expected = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            var edits: [TextEdit] = []
            var at = 0
            while at <= expected.count, edits.count < 4 {
                let start = Int.random(in: at...expected.count, using: &random)
                let end = min(expected.count, start + Int.random(in: 0...9, using: &random))
                let text = ["", "x", "new\n", "a\nb", "\n"].randomElement(using: &random) ?? ""
                edits.append(TextEdit(start..<end, Array(text.utf8)))
                at = end + 1
            }
            edited.apply(edits)
            for edit in edits.reversed() { expected.replaceSubrange(edit.range, with: edit.replacement) }
            #expect(edited.bytes == expected, "seed \(seed)")
        }
        var rebuilt = original
        for change in edited.changes.reversed() { rebuilt.replaceSubrange(change.range, with: change.replacement) }
        #expect(rebuilt == expected, "seed \(seed)")
        #expect(try patched(edited) == expected, "seed \(seed)")
    }

    /// What `patch` makes of the original with the difference.
    private func patched(_ text: EditedText) throws -> [UInt8] {
        let difference = UnifiedDiff.render(text.original, text.changes, name: "file")
        if difference.isEmpty { return text.original }
        let place = try TemporaryDirectory()
        let file = URL(fileURLWithPath: place.path + "/file")
        try Data(text.original).write(to: file)
        try Data(difference).write(to: URL(fileURLWithPath: place.path + "/change"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["apply", "--unidiff-zero", "--whitespace=nowarn", "change"]
        process.currentDirectoryURL = URL(fileURLWithPath: place.path)
        process.environment = ["GIT_CEILING_DIRECTORIES": "/", "GIT_CONFIG_NOSYSTEM": "1", "HOME": place.path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: difference, as: UTF8.self))")
        return Array((try? Data(contentsOf: file)) ?? Data())
    }

    @Test("No edit makes a file unreadable") func staysYAML() {
        var text = EditedText(Array("a: [1]\nb: 2\n".utf8))
        #expect(TextFixer.apply([TextEdit(3..<4, Array("{".utf8)), TextEdit(10..<11, Array("3".utf8))], to: &text))
        #expect(String(decoding: text.bytes, as: UTF8.self) == "a: [1]\nb: 3\n")
        #expect(!TextFixer.apply([TextEdit(3..<4, Array("{".utf8))], to: &text))
    }

    @Test("A file is replaced whole, with its mode, through links, or not at all") func replacement() throws {
        let place = try TemporaryDirectory(["real.yaml": "old"])
        let path = place.path + "/real.yaml"
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        try FileReplacement.replace(path, shown: "x", holding: Array("old".utf8), with: Array("new".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        #expect(throws: FileReplacementError.self) {
            try FileReplacement.replace(path, shown: "x", holding: Array("old".utf8), with: Array("newer".utf8))
        }
        try files.linkItem(atPath: path, toPath: place.path + "/other.yaml")
        #expect(throws: FileReplacementError.self) {
            try FileReplacement.replace(path, shown: "x", holding: Array("new".utf8), with: Array("newer".utf8))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(try files.contentsOfDirectory(atPath: place.path).sorted() == ["other.yaml", "real.yaml"])
    }
}
