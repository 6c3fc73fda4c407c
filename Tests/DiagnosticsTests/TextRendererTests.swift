import Diagnostics
import Testing

/// Renders one diagnostic at the first place of `marked` in `text`.
private func render(
    _ text: String, marking marked: String, _ message: String = "bad", label: String? = nil, color: Bool = false
) -> String {
    render(bytes: Array(text.utf8), marking: Array(marked.utf8), message, label: label, color: color)
}

private func render(
    bytes: [UInt8], marking marked: [UInt8], _ message: String = "bad", label: String? = nil, color: Bool = false
) -> String {
    var sources = SourceMap()
    let source = sources.add(SourceText(name: "plan.yaml", bytes: bytes))
    let start =
        (0...max(0, bytes.count - marked.count)).first { bytes[$0...].starts(with: marked) } ?? bytes.count
    let range = SourceRange(source: source, start: Int32(start), end: Int32(start + marked.count))
    return TextRenderer(sources: sources, color: color)
        .render([Diagnostic(.unknownKey, message, at: range, label: label)])
}

@Suite("Text renderer")
struct TextRendererTests {
    @Test("A fault is shown with its line, an underline, a label, related places, notes and help")
    func everything() {
        var sources = SourceMap()
        let plan = sources.add(SourceText(name: "plan.yaml", bytes: Array("a: 1\nb:\n  nmae: web\n".utf8)))
        let other = sources.add(
            SourceText(name: "p/local.yaml", bytes: Array((String(repeating: "\n", count: 11) + "bank: x").utf8)))
        let diagnostic = Diagnostic(
            .unknownKey, "unknown key 'nmae'", at: SourceRange(source: plan, start: 10, end: 14), label: "here",
            related: [
                RelatedPlace(SourceRange(source: plan, start: 0, end: 1), "first this"),
                RelatedPlace(SourceRange(source: other, start: 11, end: 15), "then that"),
            ], notes: ["one line", "two\nlines"],
            suggestions: [
                Suggestion(
                    "did you mean 'name'?", replacing: SourceRange(source: plan, start: 10, end: 14), with: "name")
            ])
        #expect(
            TextRenderer(sources: sources, color: false).render([diagnostic]) == """
                plan.yaml:3:3: error[E0103]: unknown key 'nmae'
                  3 |   nmae: web
                    |   ^~~~ here
                plan.yaml:1:1: note: first this
                  1 | a: 1
                    | ^
                p/local.yaml:12:1: note: then that
                 12 | bank: x
                    | ^~~~
                    = note: one line
                    = note: two
                            lines
                    = help: did you mean 'name'?

                """)
    }

    @Test("A fault with a file as a whole has no line")
    func wholeFile() {
        let diagnostics = [
            Diagnostic(.unreadableFile, "no such file", file: "a.yaml", notes: ["the working directory is elsewhere"]),
            Diagnostic(.unreadableFile, "no such file", file: "b.yaml"),
        ]
        #expect(
            TextRenderer(sources: SourceMap(), color: false).render(diagnostics) == """
                a.yaml: error[E0001]: no such file
                   = note: the working directory is elsewhere

                b.yaml: error[E0001]: no such file

                """)
    }

    @Test("Underlines stand below the characters that they mean")
    func alignment() {
        #expect(
            render("\tkey: värde\t x", marking: "värde") == """
                plan.yaml:1:7: error[E0103]: bad
                 1 |     key: värde     x
                   |          ^~~~~

                """)
        #expect(
            render("名前: 値段 🎉e\u{301} x", marking: "値段 🎉e\u{301}", label: "wide") == """
                plan.yaml:1:5: error[E0103]: bad
                 1 | 名前: 値段 🎉e\u{301} x
                   |       ^~~~~~~~ wide

                """)
    }

    @Test("Line ends, byte order marks, empty lines and the end of the file")
    func lineEnds() {
        #expect(
            render("\u{FEFF}a: 1\r\nb: 2\r\n", marking: "b").contains(
                "plan.yaml:2:1: error[E0103]: bad\n 2 | b: 2\n   | ^\n"))
        #expect(
            render("\u{FEFF}a: 1\r\nb: 2\r\n", marking: "a").contains("plan.yaml:1:1: error[E0103]: bad\n 1 | a: 1\n"))
        #expect(render("a\rb\rc", marking: "c").contains("plan.yaml:3:1: error[E0103]: bad\n 3 | c\n   | ^\n"))
        #expect(render("a\n", marking: "missing").contains("plan.yaml:2:1: error[E0103]: bad\n 2 |\n   | ^\n"))
        #expect(render("", marking: "missing").contains("plan.yaml:1:1: error[E0103]: bad\n 1 |\n   | ^\n"))
    }

    @Test("Of a range over several lines the first and the last are shown, and white space at its end is no line")
    func severalLines() {
        #expect(
            render("ab: |\n cd\n ef", marking: "b: |\n cd", label: "here").hasSuffix(
                " 1 | ab: |\n   |  ^~~~\n 2 |  cd\n   |  ^~ here\n"))
        let text = "a:\r\n" + (2...11).map { "  k\($0): x\r\n" }.joined() + "\r\nb: 1\r\n"
        #expect(
            render(text, marking: String(text.dropLast(6)), label: "all of it").hasSuffix(
                """
                plan.yaml:1:1: error[E0103]: bad
                  1 | a:
                    | ^~
                ...
                 11 |   k11: x
                    |   ^~~~~~ all of it

                """))
        #expect(render("ab:   \n\n", marking: "b:   \n\n").hasSuffix(" 1 | ab:   \n   |  ^~~~~\n"))
        // A place between two characters stands where it is, whatever is before it.
        #expect(render("a\n  b", marking: "\n").hasSuffix(" 1 | a\n   |  ^\n"))
    }

    @Test("Emoji of several scalars, skin tones, flags and joiners take what terminals agree on")
    func emoji() {
        func underline(_ text: String) -> String? {
            render(text + "X", marking: "X").split(separator: "\n").last.map { String($0.dropFirst(5)) }
        }
        #expect(underline("👍🏽: ") == "    ^")
        #expect(underline("🇩🇪: ") == "    ^")
        #expect(underline("e\u{301}: ") == "   ^")
        #expect(underline("한: ") == "    ^" && underline("\u{1112}\u{1161}\u{11AB}: ") == "    ^")
        #expect(underline("ｆ: ") == "    ^" && underline("ﬁ: ") == "   ^")
        // Without the joiner every terminal shows these one beside the other, and the heart as a sign of one column.
        let family = render("👩\u{200D}👧: X", marking: "X")
        #expect(family.contains(" | 👩👧: X\n   |       ^\n"))
        #expect(render("❤\u{FE0F}: X", marking: "X").contains(" | ❤: X\n   |    ^\n"))
    }

    @Test("What cannot be seen is made visible, in the source and in messages")
    func invisible() {
        let hidden = "na\u{200B}me"
        #expect(
            render("\(hidden): X", marking: "X", "unknown key '\(hidden)'").contains(
                "'na\u{FFFD}me'\n 1 | na\u{FFFD}me: X\n   |        ^\n"))
        #expect(render("a\u{FEFF}\u{61C}\u{AD}b", marking: "b").contains(" | a\u{FFFD}\u{FFFD}\u{FFFD}b\n   |     ^\n"))
    }

    @Test("Nothing that a file holds or is called reaches the terminal as a command")
    func escapes() {
        for value in Array(0..<0x20) + [0x7F] + Array(0x80..<0xA0) as [UInt32] {
            guard let scalar = Unicode.Scalar(value), value != 0x0A else { continue }
            let text = "a\(Character(scalar))[31mb"
            var sources = SourceMap()
            let source = sources.add(SourceText(name: "x" + text, bytes: Array((text + ": X").utf8)))
            let range = SourceRange(source: source, start: 0, end: 3)
            let rendered = TextRenderer(sources: sources, color: false).render([
                Diagnostic(
                    .unknownKey, text, at: range, label: text, related: [RelatedPlace(range, text)], notes: [text],
                    suggestions: [Suggestion(text, replacing: range, with: text)]),
                Diagnostic(.unreadableFile, text, file: text),
            ])
            let isHarmless = rendered.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value)
            }
            #expect(isHarmless, "U+\(String(value, radix: 16))")
        }
    }

    @Test("Bytes that a terminal would obey or cannot show are replaced")
    func unprintable() {
        #expect(
            render(bytes: [0x61, 0xFF, 0x1B, 0x80, 0x62, 0xE2, 0x82], marking: [0x62]) == """
                plan.yaml:1:4: error[E0103]: bad
                 1 | a\u{FFFD}␛\u{FFFD}b\u{FFFD}\u{FFFD}
                   |     ^

                """)
        #expect(
            render("a\u{202E}b c", marking: "c", "bad '\u{1B}[31m\n'").contains(
                "bad '␛[31m␊'\n 1 | a\u{FFFD}b c\n   |     ^"))
    }

    @Test("Long lines are elided around the range")
    func longLines() throws {
        let text =
            String(repeating: "abcdefghi ", count: 100_000) + "HERE" + String(repeating: " jklmnopqr", count: 1000)
        let lines = render(text, marking: "HERE").split(separator: "\n")
        #expect(lines[0] == "plan.yaml:1:1000001: error[E0103]: bad")
        #expect(lines[1].hasPrefix(" 1 | …abcdefghi ") && lines[1].hasSuffix("…"))
        #expect(lines[1].count <= 126)
        let caret = try #require(lines[2].firstIndex(of: "^"))
        let column = lines[2].distance(from: lines[2].startIndex, to: caret)
        #expect(lines[1].dropFirst(column).hasPrefix("HERE jkl"))
        #expect(lines[2].hasSuffix(" ^~~~"))
        // At the end of the line, its start is shown as far as there is room.
        let atEnd = render(text + "END", marking: "END").split(separator: "\n")
        #expect(atEnd[1].hasSuffix("jklmnopqrEND") && (120...126).contains(atEnd[1].count))
        #expect(atEnd[2].count == atEnd[1].count)
        // A range that is longer than the window is underlined as far as it is shown.
        let whole = render(text, marking: String(text.prefix(500))).split(separator: "\n")
        #expect(whole[1].count == whole[2].count && whole[1].hasSuffix("…") && whole[1].count <= 126)
        // A line that fits is never cut.
        let fits = String(repeating: "x", count: 119) + "y"
        #expect(render(fits, marking: "y").contains(" 1 | \(fits)\n"))
    }

    @Test("Colours only when asked for, and never a change of the text")
    func colours() {
        let plain = render("a: b", marking: "b")
        let colored = render("a: b", marking: "b", color: true)
        #expect(!plain.contains("\u{1B}"))
        #expect(colored.contains("\u{1B}[1;31merror[E0103]\u{1B}[0m"))
        #expect(colored.replacing(/\x1B\[[0-9;]*m/, with: "") == plain)
    }

    @Test("The summary counts errors, warnings and files")
    func summary() {
        var sources = SourceMap()
        let a = sources.add(SourceText(name: "a", bytes: []))
        let b = sources.add(SourceText(name: "b", bytes: []))
        let renderer = TextRenderer(sources: sources, color: false)
        func fault(_ source: SourceID) -> Diagnostic {
            Diagnostic(.unknownKey, "x", at: SourceRange(source: source, start: 0, end: 0))
        }
        #expect(renderer.summary([]) == "no errors")
        #expect(renderer.summary([fault(a)]) == "1 error in 1 file")
        #expect(renderer.summary([fault(a), fault(b), fault(a)]) == "3 errors in 2 files")
    }

    @Test("The work grows with the number of diagnostics, also in one very long line")
    func growth() {
        let text = String(repeating: "ä: b, ", count: 200_000)
        var sources = SourceMap()
        let source = sources.add(SourceText(name: "long.yaml", bytes: Array(text.utf8)))
        let faults = (0..<10_000).map {
            Diagnostic(
                .unknownKey, "x", at: SourceRange(source: source, start: Int32($0 * 70), end: Int32($0 * 70 + 2)))
        }
        // Ten times the faults cost about ten times the time; with the square it would be a hundred.
        let clock = ContinuousClock()
        func cost(_ count: Int) -> Duration {
            clock.measure {
                let some = Array(faults.prefix(count))
                #expect(TextRenderer(sources: sources, color: false).render(some).utf8.count > count * 100)
            }
        }
        _ = cost(1000)
        let few = min(cost(1000), cost(1000))
        #expect(cost(10_000) < few * 50)
    }
}
