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
}
