import PathPatterns
import Testing

@Suite struct PathPatternTests {
    /// Pattern, path, whether it is a directory, whether it matches.
    static let table: [(String, String, Bool, Bool)] = [
        ("*.tmp", "a.tmp", false, true), ("*.tmp", "deep/down/a.tmp", false, true), ("*.tmp", "a.tmpx", false, false),
        ("*.tmp", "x.tmp/a", false, false), ("cache", "a/cache", true, true), ("cache/", "a/cache", true, true),
        ("cache/", "a/cache", false, false), ("/cache", "cache", true, true), ("/cache", "a/cache", true, false),
        ("a/b", "a/b", false, true), ("a/b", "x/a/b", false, false), ("a/*/c", "a/b/c", false, true),
        ("a/*/c", "a/b/b/c", false, false), ("a/**/c", "a/c", false, true), ("a/**/c", "a/b/c", false, true),
        ("a/**/c", "a/b/d/c", false, true), ("a/**/c", "a/bc", false, false), ("a/**/c", "a/b/xc", false, false),
        ("**/x", "x", false, true), ("**/x", "a/b/x", false, true), ("**/x", "a/bx", false, false),
        ("a/**", "a/b/c", false, true), ("a/**", "a", true, false), ("a/b**d", "a/bc/cd", false, true),
        ("?", "é", false, true), ("?", "ab", false, false), ("a/?b", "a/b", false, false),
        ("[a-c]x", "bx", false, true), ("[!a-c]x", "bx", false, false), ("[^a-c]x", "dx", false, true),
        ("[]]", "]", false, true), ("[a-]", "-", false, true), ("/a[/]b", "a/b", false, false),
        ("\\*", "*", false, true), ("\\*", "x", false, false), ("[\\]]", "]", false, true),
        ("*", ".hidden", false, true), ("***", "a", false, true), ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false, false),
        ("/*", "a", false, true), ("/*", "a/b", false, false),
    ]

    @Test(arguments: table) func matches(_ pattern: String, _ path: String, _ directory: Bool, _ expected: Bool) throws
    {
        #expect(try PathPattern(pattern).matches(Array(path.utf8), isDirectory: directory) == expected)
    }

    @Test func bytesThatAreNoText() throws {
        #expect(try PathPattern("a?b").matches([0x61, 0xFF, 0x62], isDirectory: false))
        #expect(try !PathPattern("aÿb").matches([0x61, 0xFF, 0x62], isDirectory: false))
    }

    @Test(arguments: ["", "/", "[a", "[", "[b-a]", "a\\"]) func malformed(_ pattern: String) {
        #expect(throws: PathPatternError.self) { try PathPattern(pattern) }
    }

    @Test(arguments: table)
    func matchesInASet(_ pattern: String, _ path: String, _ directory: Bool, _ expected: Bool) throws {
        let set = PathPatternSet([try PathPattern("/an/other/"), try PathPattern(pattern), try PathPattern("*.other")])
        #expect(set.matches(Array(path.utf8), isDirectory: directory) == expected)
    }

    @Test func whatLiesBelowAnExcludedDirectoryIsExcluded() throws {
        let set = PathPatternSet([try PathPattern("/a/b/"), try PathPattern("*.tmp/")])
        for (path, expected) in [
            ("a/b", true), ("a/b/c", true), ("a/bc", false), ("a", false), ("x.tmp/y/z", true), ("b/a/b", false),
        ] {
            #expect(set.excludes(Array(path.utf8), isDirectory: true) == expected, "\(path)")
        }
        #expect(!set.excludes(Array("a/b".utf8), isDirectory: false))
        #expect(!PathPatternSet().excludes([], isDirectory: true))
    }

    @Test(arguments: [
        "alice", "a*b", "what?", "[x]", "back\\slash", "end\\", "sp ace", "é", "e\u{301}", "**", "!", "a\nb",
    ])
    func aNamedDirectoryIsMatchedAlone(_ name: String) throws {
        let pattern = try PathPattern(PathPattern.naming(directory: name))
        let bytes = Array(name.utf8)
        #expect(pattern.matches(bytes, isDirectory: true))
        #expect(PathPatternSet([pattern]).matches(bytes, isDirectory: true))
        for (path, isDirectory) in [
            (bytes, false), (Array("x/".utf8) + bytes, true), (bytes + bytes, true), (Array("aXb".utf8), true),
        ] {
            #expect(!pattern.matches(path, isDirectory: isDirectory))
            #expect(!PathPatternSet([pattern]).matches(path, isDirectory: isDirectory))
        }
        // Equal for people, and another name for the file system.
        let composed = Array("é".utf8)
        if bytes != composed && name == "é" { #expect(!pattern.matches(composed, isDirectory: true)) }
    }

    @Test func manyNamedDirectoriesAreLookedUp() throws {
        let set = PathPatternSet(try (0..<50_000).map { try PathPattern(PathPattern.naming(directory: "d\($0)")) })
        // One by one this would be billions of comparisons.
        #expect((0..<50_000).allSatisfy { set.matches(Array("d\($0)".utf8), isDirectory: true) })
        #expect(!set.matches(Array("d50000".utf8), isDirectory: true))
    }
}
