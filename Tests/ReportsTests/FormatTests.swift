import Diagnostics
import Glibc
import Reports
import Testing

@Suite("Formats")
struct FormatTests {
    @Test("The outcome follows from the findings")
    func outcome() {
        func outcome(_ codes: [DiagnosticCode], isStrict: Bool = false) -> Int32 {
            Report(
                sources: SourceMap(), diagnostics: codes.map { Diagnostic($0, "x", file: "a") }, isStrict: isStrict
            ).outcome.rawValue
        }
        #expect(outcome([]) == 0)
        #expect(outcome([.duplicateDependency]) == 0)
        #expect(outcome([.duplicateDependency], isStrict: true) == 1)
        #expect(outcome([.duplicateDependency, .unknownKey]) == 1)
        #expect(outcome([.unknownKey, .invalidIR]) == 70)
        #expect(Report(Report.WrongUsage("x", usage: "")).outcome.rawValue == 2)
        var mild = Diagnostic(.unknownKey, "x", file: "a")
        mild.severity = .warning
        #expect(Report(sources: SourceMap(), diagnostics: [mild]).outcome == .clean)
    }

    @Test("The same report gives the same text in every format", arguments: ReportFormat.allCases)
    func deterministic(_ format: ReportFormat) throws {
        let first = try Sample.report().rendered(as: format)
        for _ in 0..<5 { #expect(try Sample.report().rendered(as: format) == first) }
    }

    @Test("A secret that stands in a plan stands in no format", arguments: ReportFormat.allCases)
    func secrets(_ format: ReportFormat) {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: "plan.yaml", bytes: Array("password: hunter2secret\nb: 1".utf8)))
        let report = Report(
            sources: sources,
            diagnostics: [
                Diagnostic(.unknownKey, "bad", at: SourceRange(source: source, start: 0, end: 8)),
                Diagnostic(.literalSecret, "a secret", at: SourceRange(source: source, start: 10, end: 23)),
            ])
        let rendered = report.rendered(as: format)
        #expect(rendered.contains("E0306") && !rendered.contains("hunter2"))
    }

    @Test("The work grows with the findings, not with their square", arguments: ReportFormat.allCases)
    func growth(_ format: ReportFormat) {
        // Secrets, circles and suggestions have tables of their own; all faults lie in one file and in one long line.
        func report(_ count: Int, separator: String) -> Report {
            var sources = SourceMap()
            let text = String(repeating: "schlüssel: wert\(separator)", count: count)
            let source = sources.add(SourceText(name: "plan.yaml", bytes: Array(text.utf8)))
            let step = text.utf8.count / count
            let diagnostics = (0..<count).map { index in
                let range = SourceRange(source: source, start: Int32(index * step), end: Int32(index * step + 10))
                return Diagnostic(
                    index % 3 == 0 ? .literalSecret : .dependencyCycle, "bad", at: range,
                    related: [RelatedPlace(range, "here")], suggestions: [Suggestion("x", replacing: range, with: "y")])
            }
            return Report(sources: sources, diagnostics: diagnostics)
        }
        for separator in ["\n", ", "] {
            func cost(_ count: Int) -> Double {
                let report = report(count, separator: separator)
                let start = processorTime()
                #expect(report.rendered(as: format).utf8.count > count * 50)
                return processorTime() - start
            }
            _ = cost(250)
            let few = min(cost(500), cost(500), cost(500))
            // Ten times the findings; with the square it would be a hundred times the work.
            #expect(cost(5000) < few * 25)
        }
    }
}

/// The processor time that this thread has taken, in seconds: other tests run beside this one.
private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
