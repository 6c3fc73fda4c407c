import Diagnostics
import Reports
import Testing

@Suite("GitHub")
struct GitHubTests {
    private func lines(_ report: Report, _ paths: ReportPaths = ReportPaths()) -> [Substring] {
        report.rendered(as: .github, paths: paths).split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test("A finding is one command, with what would end a property or a message escaped")
    func escapes() {
        let report = Sample.report("key: 1", name: "a,b: 100%.yaml", marking: 0..<3, message: "50%, a: b\r\nc")
        #expect(
            lines(report)[0] == "::error file=a%2Cb%3A 100%25.yaml,line=1,col=1,endLine=1,endColumn=4,"
                + "title=E0103 unknown-key::50%25, a: b%0D%0Ac")
        let nasty = lines(Sample.nastyReport)
        #expect(nasty[0].hasPrefix("::error file=a␛"))
        #expect(nasty.allSatisfy { isHarmless(String($0)) })
    }

    @Test("Columns are left out of a range over several lines, which ends in the line of its last character")
    func severalLines() {
        #expect(
            lines(Sample.report("a\nb\nc\n", marking: 0..<5))[0].hasPrefix(
                "::error file=plan.yaml,line=1,endLine=3,title"))
        #expect(
            lines(Sample.report("a\nb\nc\n", marking: 0..<4))[0].hasPrefix(
                "::error file=plan.yaml,line=1,endLine=2,title"))
        #expect(
            lines(Sample.report("", marking: 0..<0))[0]
                .hasPrefix("::error file=plan.yaml,line=1,col=1,endLine=1,endColumn=1,title"))
    }

    @Test("Files are named from the top of the checkout")
    func paths() {
        let paths = ReportPaths(top: "/r", directory: "/r/sub")
        #expect(lines(Sample.report("a", marking: 0..<1), paths)[0].hasPrefix("::error file=sub/plan.yaml,"))
    }

    @Test("The text follows; its lines are taken for commands only by who cannot be told otherwise")
    func text() {
        let plain = Sample.report("a", marking: 0..<1)
        #expect(plain.rendered(as: .github).hasSuffix("::bad\n" + plain.rendered(as: .text)))
        for (source, name) in [("a ##[add-mask]b", "plan.yaml"), ("a", "::stop-commands::x")] {
            let all = lines(Sample.report(source, name: name, marking: 0..<1)).filter { !$0.isEmpty }
            let word = all[1].dropFirst("::stop-commands::".count)
            #expect(all[1].hasPrefix("::stop-commands::cairnc-") && word.count == 71)
            #expect(all.last == "::\(word)::")
            #expect(all.dropFirst(2).dropLast().allSatisfy { !$0.contains(word) })
        }
    }

    @Test("Warnings are warnings, a wrong command line is an error, and nothing is said of nothing")
    func others() {
        let report = Report(
            sources: SourceMap(), diagnostics: [Diagnostic(.duplicateDependency, "twice", file: "a.yaml")])
        #expect(lines(report)[0] == "::warning file=a.yaml,title=W0212 duplicate-dependency::twice")
        #expect(
            Report(Report.WrongUsage("Unknown option '--x'", usage: "Usage: cairnc")).rendered(as: .github)
                == "::error title=wrong-usage of cairnc::Unknown option '--x'\n")
        #expect(Report(sources: SourceMap(), diagnostics: []).rendered(as: .github) == "")
    }

    @Test("It is the format of a workflow, unless another one is chosen")
    func choice() {
        #expect(ReportFormat.standard { $0 == "GITHUB_ACTIONS" ? "true" : nil } == .github)
        #expect(ReportFormat.standard { _ in nil } == .text)
        #expect(ReportFormat.standard { _ in "1" } == .text)
        #expect(ReportFormat.chosen(by: ["check", "--format", "json", "--x"]) == .json)
        #expect(ReportFormat.chosen(by: ["check", "--format=sarif"]) == .sarif)
        #expect(ReportFormat.chosen(by: ["check", "--format", "json", "--format", "junit"]) == .junit)
        #expect(ReportFormat.chosen(by: ["check", "--", "--format", "json"]) == nil)
        #expect(ReportFormat.chosen(by: ["check", "--format"]) == nil)
        #expect(ReportFormat.chosen(by: ["graph", "--format", "dot"]) == nil)
    }
}
