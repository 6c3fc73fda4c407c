import CanonicalForm
import Checkpoints
import Foundation
import PlanIR
import PluginKit
import PythonSupport
import RunReports
import Testing

/// A report in which everything that comes from outside is hostile.
private func hostile() -> RunReport {
    let evil = [
        "<script>alert(1)</script>", "a|b", "`x`", "[x](http://evil.example)", "http://evil.example/",
        "www.evil.example",
        "![x](y)", "\u{1B}[2J", "\u{202E}gpj", "--> <!--", "&lt;", "\" onload=\"x", "' style='x", "# h", "- i", "1. n",
        "*a* _b_ ~~c~~", "line\nbreak", "\\|", "<http://evil.example>", "@everyone", "mail@evil.example", "$x$",
    ]
    var report = RunReport(
        operation: .protect, id: "00kqm5876mdd7vqn", checkpoint: "00kqm5876mdd7vqn", plan: "shop", status: "error")
    report.provider = "local<b>"
    report.started = Timestamp(milliseconds: 1_795_392_000_000)
    report.finished = Timestamp(milliseconds: 1_795_392_064_500)
    report.contentBytes = 3 << 20
    report.storedBytes = 1 << 20
    report.note = evil.joined(separator: " ")
    report.failures = evil.map { ResourceFailure(resource: "T::U#\($0)", hook: "main", message: $0) }
    report.faults = evil
    report.resources = evil.map { text in
        var resource = RunReport.Resource(identity: "T::U#\(text)", status: "error")
        resource.hook = "main"
        resource.message = text
        resource.durations = [.init(hook: .prepareBegin, milliseconds: 40), .init(hook: .main, milliseconds: 61_000)]
        resource.warningCount = 3
        resource.warnings = [ActivityWarning(kind: "changed-while-read", subject: text, message: text)]
        resource.plugin = "files"
        return resource
    }
    return report
}

@Suite("The report of a run") struct RunReportTests {
    @Test("as text says the facts, and steers no terminal") func text() {
        let text = hostile().text
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
        #expect(text.hasPrefix("checkpoint  00kqm5876mdd7vqn\nplan        shop\n"))
        #expect(text.contains("took        1 min 04 s\n") && text.contains("content     3.0 MiB, stored in 1.0 MiB\n"))
        #expect(text.contains("prepareBegin 0.0 s, main 1 min 01 s"))
        #expect(text.contains("warning: T::U#a|b: 2 more, which the record does not list\n"))
        #expect(text.contains("RESOURCE") && text.contains("TIME BY HOOK") && !text.contains("STORED"))
    }

    @Test("as JSON carries all of it") func json() throws {
        let object = hostile().json
        #expect(object["milliseconds"] == 64500 && object["warnings"] == .integer(Int64(hostile().resources.count * 3)))
        let first = try #require(object["resources"]?.arrayValue?.first?.objectValue)
        #expect(first["milliseconds"] == ["prepareBegin": 40, "main": 61000] && first["hook"] == "main")
        #expect(first["warnings"]?.arrayValue?.count == 1 && first["warningCount"] == 3)
    }

    @Test("as HTML has no markup but its own, for an independent parser") func html() throws {
        let said = try Python.run(
            """
            import sys, html.parser
            class Page(html.parser.HTMLParser):
                seen, text, open = {}, [], []
                def handle_starttag(self, tag, attrs):
                    self.seen[tag] = self.seen.get(tag, 0) + 1
                    for name, value in attrs:
                        assert name in {"lang", "charset", "name", "content", "http-equiv", "class", "scope"}, name
                    if tag not in {"meta"}: self.open.append(tag)
                def handle_endtag(self, tag): assert self.open.pop() == tag, tag
                def handle_data(self, data): self.text.append(data)
                def handle_comment(self, data): assert False, data
            page = Page()
            page.feed(sys.stdin.read())
            assert not page.open
            allowed = set("html head meta title style body h1 h2 dl dt dd ul li table thead tbody tr th td".split())
            assert set(page.seen) <= allowed, set(page.seen) - allowed
            text = "".join(page.text)
            for part in ["<script>alert(1)</script>", "--> <!--", "&lt;", "' style='x", "local<b>"]: assert part in text, part
            print(page.seen["tr"], page.seen["li"])
            """, Data(hostile().html.utf8))
        let count = hostile().resources.count
        // Two items for each: its failure and its fault; then a warning, and how many more there are.
        #expect(said == "\(count + 1) \(4 * count)\n")
        #expect(hostile().html.contains("default-src 'none'"))
    }

    @Test("as Markdown has no markup but its own, for an independent renderer") func markdown() throws {
        guard Python.has("cmarkgfm") else { return }
        let said = try Python.run(
            """
            import sys, cmarkgfm, html, re
            page = cmarkgfm.github_flavored_markdown_to_html(sys.stdin.read())
            tags = set(re.findall(r"</?([a-z0-9]+)", page))
            assert tags <= set("h1 h2 ul li strong table thead tbody tr th td p".split()), tags
            text = html.unescape(re.sub(r"<[^>]*>", "", page))
            for part in ["<script>alert(1)</script>", "a|b", "`x`", "[x](http://evil.example)", "*a* _b_ ~~c~~", "\\\\|",
                         "@everyone", "www.evil.example", "$x$"]:
                assert part in text, part
            print(page.count("<tr>"), page.count("<li>"))
            """, Data(hostile().markdown.utf8))
        let count = hostile().resources.count
        #expect(said == "\(count + 1) \(10 + 4 * count)\n", "\(said)")
    }

    @Test("of a run that was cut off says how far each resource came") func unfinished() {
        let events = [
            JournalEvent(resource: 0, hook: .main, time: Timestamp(milliseconds: 1000), .started(attempt: 1)),
            JournalEvent(
                resource: 0, hook: .main, time: Timestamp(milliseconds: 3500),
                .finished(HookResult(contentBytes: 77, milliseconds: 2500))),
            JournalEvent(resource: 1, hook: .main, time: Timestamp(milliseconds: 1000), .started(attempt: 1)),
            JournalEvent(resource: 2, hook: .main, time: Timestamp(milliseconds: 1000), .started(attempt: 1)),
            JournalEvent(
                resource: 2, hook: .main, time: Timestamp(milliseconds: 1200),
                .failed(message: "no", warnings: WarningList())),
            JournalEvent(resource: 3, hook: .prepareBegin, time: Timestamp(milliseconds: 900), .started(attempt: 1)),
            JournalEvent(resource: 3, hook: nil, time: Timestamp(milliseconds: 2000), .revertFailed(message: "gone")),
        ]
        let report = RunReport.unfinished(
            .protect, id: "x", checkpoint: "x", plan: "shop", provider: "local",
            started: Timestamp(milliseconds: 0), status: "error", note: "its executor ended",
            identities: ["T#a", "T#b", "T#c", "T#d", "T#e"], ResourceHistory.of(events, resources: 5))
        #expect(report.resources.map(\.status) == ["begun", "interrupted", "failed", "revert failed", "waiting"])
        #expect(report.resources[0].durations == [.init(hook: .main, milliseconds: 2500)] && report.contentBytes == 77)
        #expect(report.resources[2].message == "no" && report.resources[2].durations.first?.milliseconds == 200)
        #expect(
            report.milliseconds == nil && !report.isSuccess && report.text.contains("its executor ended"))
    }
}
