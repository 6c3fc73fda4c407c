import CanonicalForm
import Diagnostics
import SeededRandom
import Testing
import YAMLSource

/// A parsed text with the faults that were found.
struct Parsed {
    let tree: SyntaxTree
    let faults: [Diagnostic]
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        var list = DiagnosticList()
        var sources = SourceMap()
        let text = SourceText(name: "test.yaml", bytes: bytes)
        let id = sources.add(text)
        tree = YAMLParser.parse(text, as: id, into: &list)
        faults = list.sorted
        self.bytes = bytes
    }

    init(_ text: String) { self.init(Array(text.utf8)) }

    /// The JSON of the documents, and `start-end code` of the faults.
    var shown: String {
        (tree.documents.map(\.jsonValue.canonicalText)
            + faults.map { "\($0.code.rawValue) \(source($0.range))" }).joined(separator: " ")
    }

    func source(_ range: SourceRange?) -> String {
        range.map { String(decoding: bytes[Int($0.start)..<Int($0.end)], as: UTF8.self) } ?? "?"
    }

    /// The source of each node below `node`, in order, depth first.
    func pieces(_ node: LocatedNode) -> [String] {
        [source(node.range)] + node.elements.flatMap(pieces)
            + node.entries.flatMap { [source($0.key.range)] + pieces($0.value) }
    }
}

@Suite("The YAML tree")
struct TreeTests {
    @Test(
        "Every node covers exactly its characters",
        arguments: [
            (
                "a: b\nc: [d, {e: f}]\n",
                ["a: b\nc: [d, {e: f}]", "a", "b", "c", "[d, {e: f}]", "d", "{e: f}", "e", "f"]
            ),
            ("\u{FEFF}ä: ö\r\n\"ü\\n\": 'é'\r\n", ["ä: ö\r\n\"ü\\n\": 'é'", "ä", "ö", "\"ü\\n\"", "'é'"]),
            ("名: 🎉\n🎉🎉: [値, x]\nz: y", ["名: 🎉\n🎉🎉: [値, x]\nz: y", "名", "🎉", "🎉🎉", "[値, x]", "値", "x", "z", "y"]),
            (
                "a:\n  - b\n  - c: d\n    e: f\n\n# end\ng: h",
                [
                    "a:\n  - b\n  - c: d\n    e: f\n\n# end\ng: h", "a", "- b\n  - c: d\n    e: f", "b",
                    "c: d\n    e: f", "c",
                    "d", "e", "f", "g", "h",
                ]
            ),
            ("a: &x {b: c}\nd: *x\n", ["a: &x {b: c}\nd: *x", "a", "{b: c}", "b", "c", "d", "{b: c}", "b", "c"]),
            (
                "a: &x !!str 1\nb: !!map\n  c: d\n",
                ["a: &x !!str 1\nb: !!map\n  c: d", "a", "1", "b", "c: d", "c", "d"]
            ),
            (
                "a: |\n  one\n  two\n\nb: >-\n  x\n  y\n",
                ["a: |\n  one\n  two\n\nb: >-\n  x\n  y", "a", "|\n  one\n  two", "b", ">-\n  x\n  y"]
            ),
            (
                "a: one\n  two\nb: 'three\n\n  four'\n",
                ["a: one\n  two\nb: 'three\n\n  four'", "a", "one\n  two", "b", "'three\n\n  four'"]
            ),
            ("a:\nb: ''\n", ["a:\nb: ''", "a", "", "b", "''"]),
            ("- - a\n  - b\n- c\n", ["- - a\n  - b\n- c", "- a\n  - b", "a", "b", "c"]),
        ] as [(String, [String])])
    func ranges(text: String, expected: [String]) throws {
        let parsed = Parsed(text)
        #expect(parsed.faults == [])
        #expect(parsed.pieces(try #require(parsed.tree.documents.first)) == expected)
    }

    @Test(
        "Scalars, blocks, merges and documents read as YAML 1.2 says",
        arguments: [
            ("a: |\n  one\n   two\n\nb: >\n  x\n  y\n\n  z\n", #"{"a":"one\n two\n","b":"x y\nz\n"}"#),
            ("a: |+\n  x\n\nb: |-\n  y\n", #"{"a":"x\n\n","b":"y"}"#),
            ("a: |2\n   x\n", #"{"a":" x\n"}"#),
            ("a: one\n  two\n\n  three", #"{"a":"one two\nthree"}"#),
            ("a: \"x\\\n   y\\u00e4\\x41\\\"\"", #"{"a":"xyäA\""}"#),
            ("a: 'it''s\n  so'", #"{"a":"it's so"}"#),
            ("base: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}", #"{"base":{"x":1,"y":2},"c":{"x":1,"y":3}}"#),
            ("c: {<<: [{x: 1}, {x: 2, y: 2}], z: 3}", #"{"c":{"x":1,"y":2,"z":3}}"#),
            ("c: {'<<': 1}", #"{"c":{"<<":1}}"#),
            ("a: &x 1\nb: *x\nc: &x 2\nd: *x", #"{"a":1,"b":1,"c":2,"d":2}"#),
            ("a\n---\nb\n...\n---\n", #""a" "b" null"#),
            ("a\r\n", #""a""#), ("a: b\rc: d", #"{"a":"b","c":"d"}"#),
            ("", ""), ("# nothing\n", ""), ("{a, b: }", #"{"a":null,"b":null}"#),
            ("%YAML 1.2\n---\na", #""a""#),
        ])
    func reading(text: String, expected: String) { #expect(Parsed(text).shown == expected) }

    @Test(
        "Faults are reported at their place, and the rest is read",
        arguments: [
            ("a: 1\nb: 2\na: 3", #"{"a":1,"b":2} E0007 a"#),
            ("{\"a\": 1, 'a': 2, \"\\x61\": 3}", #"{"a":1} E0007 'a' E0007 "\x61""#),
            ("? [a]\n: b\nc: d", #"{"c":"d"} E0008 ["#), ("{a: b}: c\nd: e", #"{"d":"e"} E0008 {"#),
            ("a: *b\nc: &bb 1", #"{"a":null,"c":1} E0006 *b"#), ("a: &x [*x]", #"{"a":[null]} E0005 *x"#),
            ("a: {<<: 1, b: 2}", #"{"a":{"b":2}} E0011 1"#),
            ("a: !thing 1\nb: 2", #"{"a":1,"b":2} E0009 !thing"#),
            ("a: &x  !thing [1]\nb: 2", #"{"a":[1],"b":2} E0009 !thing"#),
            ("a: !thing # why\n  - 1\nb: &x # !not\n  !odd c", #"{"a":[1],"b":"c"} E0009 !thing E0009 !odd"#),
            ("a: [!thing ]", #"{"a":[null]} E0009 !thing"#), ("a: !!map 1", #"{"a":1} E0009 !!map"#),
            ("a: !!int hello", #"{"a":null} E0009 hello"#), ("a: !!int 1.5", #"{"a":null} E0009 1.5"#),
            ("a: !!bool yes", #"{"a":null} E0009 yes"#), ("a: !!float 'x'", #"{"a":null} E0009 'x'"#),
            ("a: !!null x", #"{"a":null} E0009 x"#), ("a: !!int", #"{"a":null} E0009 "#),
            ("a: {<<: *b, c: 1}", #"{"a":{"c":1}} E0006 *b"#),
            ("ok: 1\n---\na: [1,\n", #"{"ok":1} E0003 "#), ("a: 'b", "E0003 "), ("a: \"b\\q\"", "E0003 \\"),
            ("a:\n\tb: 1", "E0003 \t"), ("a: b: c", "E0003 :"), ("\u{0}", "E0003 \u{0}"), ("a: b\u{0}c", "E0003 \u{0}"),
            ("a: \u{7}", "E0003 \u{7}"), ("- a\nb: c", "E0003 b"),
        ])
    func faults(text: String, expected: String) { #expect(Parsed(text).shown == expected) }

    @Test("What is not UTF-8 is one fault, at its byte")
    func encodings() {
        #expect(Parsed([0xFF, 0xFE, 0x61, 0x00]).faults.map(\.message) == ["this is UTF-16, not UTF-8"])
        #expect(Parsed([0xFE, 0xFF, 0x00, 0x61]).faults.map(\.code) == [.notUTF8])
        for bytes: [UInt8] in [
            [0x61, 0x80], [0x61, 0xC3], [0x61, 0xC0, 0x80], [0x61, 0xED, 0xA0, 0x80], [0x61, 0xF5],
        ] {
            let faults = Parsed(bytes).faults
            #expect(faults.map(\.code) == [.notUTF8])
            #expect(faults.first?.range?.start == 1)
        }
    }

    @Test("Aliases cannot make a small file large or deep")
    func aliasLimits() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(Parsed(bomb).faults.map(\.code) == [.aliasLimit])

        var tower = ""
        for level in 0..<10 {
            let leaf = level == 0 ? "x" : "*a\(level - 1)"
            tower +=
                "a\(level): &a\(level) "
                + String(repeating: "[", count: 300) + leaf + String(repeating: "]", count: 300) + "\n"
        }
        #expect(Parsed(tower).faults.map(\.code) == [.tooDeep])

        let merges = (0..<2000).map { "k\($0): 1" }.joined(separator: ", ")
        let wide = Parsed("a: &a {\(merges)}\nb: {<<: *a, x: 2}\nc: {k1999: 2, <<: *a}")
        #expect(wide.faults == [])
        #expect(wide.tree.documents.first?["b"]?.count == 2001)
        #expect(wide.tree.documents.first?["c"]?.count == 2000)
    }

    @Test("Nesting is bounded, and what is within the bound can be walked")
    func depth() throws {
        let allowed = Parsed(String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000))
        #expect(allowed.faults == [])
        #expect(try #require(allowed.tree.documents.first).jsonValue.canonicalText.utf8.count == 2000)
        let deeper = Parsed(String(repeating: "[", count: 100_000))
        #expect(deeper.faults.map(\.code) == [.tooDeep])
        let blocks = (0..<1200).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(Parsed(blocks).faults.map(\.code) == [.tooDeep])
    }

    @Test(
        "Plain scalars mean what the core schema says",
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null), ("nULL", .string("nULL")),
            ("true", .bool(true)), ("False", .bool(false)), ("TRUE", .bool(true)), ("yes", .string("yes")),
            ("on", .string("on")), ("0", .integer(0)), ("-0", .integer(0)), ("+12", .integer(12)),
            ("012", .integer(12)),
            ("0o14", .integer(12)), ("0x1F", .integer(31)), ("0xfg", .string("0xfg")), ("-0x1", .string("-0x1")),
            ("1_000", .string("1_000")), ("0b1", .string("0b1")), ("1:30", .string("1:30")), ("1.", .number(1)),
            (".5", .number(0.5)), ("-.5e1", .number(-5)), ("1e3", .number(1000)), ("1.5E-2", .number(0.015)),
            (".", .string(".")), ("+", .string("+")), ("1e", .string("1e")), ("e3", .string("e3")),
            ("1.2.3", .string("1.2.3")), (".inf", .string(".inf")), (".nan", .string(".nan")),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("0xFFFFFFFFFFFFFFFF", .number(18_446_744_073_709_551_616)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("0x7fffffffffffffff", .integer(.max)),
            ("0o", .string("0o")), ("0x+1", .string("0x+1")), ("0o-7", .string("0o-7")), ("1.e3", .number(1000)),
            ("2026-01-01", .string("2026-01-01")),
        ] as [(String, ScalarValue)])
    func coreSchema(text: String, expected: ScalarValue) throws {
        let value = try #require(Parsed("a: \(text)").tree.documents.first?["a"])
        #expect(value.scalarValue == expected)
    }

    @Test("Tags and quotes decide over the look of a scalar")
    func tags() {
        #expect(
            Parsed("['1', !!str 1, !!str true, ! 2, !!int 3, \"true\", !!null '', !!float 1]").shown
                == #"["1","1","true","2",3,"true",null,1]"#)
        #expect(
            Parsed("[!!int 123456789012345678901, !!bool 'true', !!null ]").shown == "[123456789012345680000,true,null]"
        )
    }

    @Test("Random bytes never crash, and every range lies within the file")
    func randomBytes() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let words = [
            "a", ":", " ", "\n", "- ", "{", "}", "[", "]", ",", "&a ", "*a", "!!str ", "|\n", ">", "'", "\"", "\\",
            "<<: ", "#", "\t", "ä", "🎉", "\r\n", "---\n", "...", "? ", "%", "  ", "1", "@", "`", "\u{FEFF}", "\u{85}",
            "\u{2028}",
        ]
        for round in 0..<6000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                if round % 3 == 0 {
                    bytes.append(UInt8.random(in: 0...255, using: &generator))
                } else {
                    bytes.append(contentsOf: words[Int.random(in: 0..<words.count, using: &generator)].utf8)
                }
            }
            let parsed = Parsed(bytes)
            var nodes = parsed.tree.documents
            while let node = nodes.popLast() {
                let range = node.range
                #expect(range.start >= 0 && Int(range.end) <= bytes.count, "seed \(seed): \(bytes)")
                let head = node.headRange
                #expect(head.start >= 0 && Int(head.end) <= bytes.count, "seed \(seed): \(bytes)")
                _ = node.scalarValue
                nodes.append(contentsOf: node.elements)
                for entry in node.entries { nodes.append(contentsOf: [entry.key, entry.value]) }
            }
            for fault in parsed.faults {
                #expect(
                    fault.range.map { $0.start >= 0 && Int($0.end) <= bytes.count } ?? false, "seed \(seed): \(bytes)")
            }
        }
    }

    @Test("A file that is cut off anywhere gives a tree or one fault")
    func cutOff() {
        let text = Array("a: &x [1, 'zwei', \"d\\u00e4\"]\nb: {c: *x, <<: {d: |-\n    é\n  }}\n---\n? k\n: - v\n".utf8)
        for length in 0...text.count { #expect(Parsed(Array(text[..<length])).faults.count <= 2) }
    }
}
