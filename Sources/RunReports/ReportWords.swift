internal import CanonicalForm
internal import Checkpoints
internal import PlanIR
internal import PluginKit
internal import Wording

/// What all renderers for people have in common: the facts, and the columns of the table of resources.
struct ReportWords {
    let report: RunReport

    /// Names and values, in the order in which they are shown.
    var facts: [(String, String)] {
        var facts = [(report.operation == .protect ? "checkpoint" : "operation", report.id)]
        if report.operation != .protect {
            facts += [("kind", report.operation.rawValue), ("checkpoint", report.checkpoint)]
        }
        facts.append(("plan", report.plan))
        if let provider = report.provider { facts.append(("provider", provider)) }
        facts.append((report.operation == .protect ? "created" : "started", report.started?.description ?? "?"))
        facts.append(("finished", report.finished?.description ?? "-"))
        if let milliseconds = report.milliseconds {
            facts.append(("took", Words.duration(Double(milliseconds) / 1000)))
        }
        facts.append(("status", report.status))
        if let content = report.contentBytes {
            let stored = report.storedBytes.map { ", stored in \(Words.bytes($0))" } ?? ""
            facts.append(("content", Words.bytes(content) + stored))
        }
        if report.warningCount > 0 { facts.append(("warnings", "\(report.warningCount)")) }
        if let request = report.request { facts += words(of: request) }
        if let origin = report.origin {
            facts.append(("copied from", "\(origin.provider), bank \(origin.bank), at \(origin.copied)"))
        }
        if !report.note.isEmpty { facts.append(("message", report.note)) }
        if let next = report.next { facts.append(("next", next)) }
        if let annotations = report.annotations { facts += annotations.facts }
        return facts
    }

    private func words(of request: RunReport.Request) -> [(String, String)] {
        var facts: [(String, String)] = []
        if report.operation == .restore {
            facts.append(("to", request.target ?? "the original places"))
            facts.append(("overwrites", request.overwrite ? "yes" : "no"))
        }
        if !request.only.isEmpty { facts.append(("only", request.only.joined(separator: ", "))) }
        for override in request.parameters {
            facts.append(("set", "\(override.target).\(override.key)=\(override.value.canonicalText)"))
        }
        if request.beginnings > 1 { facts.append(("begun", "\(request.beginnings) times")) }
        if let next = request.next { facts.append(("next", next)) }
        return facts
    }

    /// The headings of the table; what no resource has anything to say about has no column.
    var columns: [Column] { Column.allCases.filter { column in report.resources.contains { column.isWanted($0) } } }

    enum Column: CaseIterable {
        case resource, status, place, plugin, content, stored, times, warnings, note

        var heading: String {
            switch self {
            case .resource: "Resource"
            case .status: "Status"
            case .place: "Place"
            case .plugin: "Plugin"
            case .content: "Content"
            case .stored: "Stored"
            case .times: "Time by hook"
            case .warnings: "Warnings"
            case .note: "Note"
            }
        }

        func isWanted(_ resource: RunReport.Resource) -> Bool {
            switch self {
            case .resource, .status, .warnings: true
            case .place: resource.place != nil
            case .plugin: resource.plugin != nil
            case .content: resource.contentBytes != nil
            case .stored: resource.storedBytes != nil
            case .times: !resource.durations.isEmpty
            case .note: !resource.message.isEmpty || !resource.hook.isEmpty
            }
        }

        func cell(of resource: RunReport.Resource) -> String {
            switch self {
            case .resource: resource.identity
            case .status: resource.status
            case .place: resource.place ?? "-"
            case .plugin: resource.plugin ?? "-"
            case .content: resource.contentBytes.map { Words.bytes($0) } ?? "-"
            case .stored: resource.storedBytes.map { Words.bytes($0) } ?? "-"
            case .times: ReportWords.times(resource)
            case .warnings: "\(resource.warningCount)"
            case .note:
                resource.hook.isEmpty || resource.message.isEmpty
                    ? resource.hook + resource.message : "\(resource.hook): \(resource.message)"
            }
        }
    }

    /// `prepareFinish 0.2 s, main 4.0 s`
    static func times(_ resource: RunReport.Resource) -> String {
        let times = resource.durations.map { "\($0.hook.name) \(Words.duration(Double($0.milliseconds) / 1000))" }
        return times.isEmpty ? "-" : times.joined(separator: ", ")
    }
}

extension RunReport {
    /// The report as text for a terminal.
    package var text: String {
        let words = ReportWords(report: self)
        var facts = words.facts
        for failure in failures { facts.append(("failed", failure.description)) }
        for fault in faults { facts.append(("damaged", fault)) }
        var text = Words.facts(facts)
        guard !resources.isEmpty else { return text }
        let columns = words.columns
        text +=
            "\n"
            + Words.table(
                columns.map { $0.heading.uppercased() },
                resources.map { resource in columns.map { $0.cell(of: resource) } })
        for resource in resources {
            for warning in resource.warnings { text += Words.warning(resource.identity, warning) + "\n" }
            let more = resource.warningCount - Int64(resource.warnings.count)
            if more > 0 {
                text += "warning: \(Words.harmless(resource.identity)): \(more) more, which the record does not list\n"
            }
        }
        return text
    }
}
