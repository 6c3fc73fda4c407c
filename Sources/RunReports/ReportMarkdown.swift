internal import Checkpoints
internal import PlanIR
internal import PluginKit
internal import Wording

extension RunReport {
    /// The report as Markdown, as GitHub and GitLab show it.
    package var markdown: String {
        let words = ReportWords(report: self)
        var text = "# \(Markdown.escaped("\(operation.rawValue) of \(plan): \(status)"))\n\n"
        for (name, value) in words.facts { text += "- **\(name)**: \(Markdown.escaped(value))\n" }
        if !failures.isEmpty {
            text += "\n## Failures\n\n"
            for failure in failures { text += "- \(Markdown.escaped(failure.description))\n" }
        }
        if !faults.isEmpty {
            text += "\n## Damaged records\n\n"
            for fault in faults { text += "- \(Markdown.escaped(fault))\n" }
        }
        if !resources.isEmpty {
            let columns = words.columns
            text += "\n## Resources\n\n| " + columns.map(\.heading).joined(separator: " | ") + " |\n"
            text += "|" + columns.map { _ in " --- |" }.joined() + "\n"
            for resource in resources {
                text += "| " + columns.map { Markdown.escaped($0.cell(of: resource)) }.joined(separator: " | ") + " |\n"
            }
        }
        if warningCount > 0 {
            text += "\n## Warnings\n\n"
            for resource in resources {
                for warning in resource.warnings {
                    text += "- \(Markdown.escaped(Words.warning(resource.identity, warning)))\n"
                }
                let more = resource.warningCount - Int64(resource.warnings.count)
                if more > 0 { text += "- \(Markdown.escaped(resource.identity)): \(more) more\n" }
            }
        }
        return text
    }
}

/// Text from outside in Markdown.
enum Markdown {
    /// The text on one line, as it is: nothing in it is markup, and no address in it becomes a link.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in Words.harmless(text).unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            // Mentions and addresses of mail are found whatever is escaped, but not across a comment.
            case "@": out += "@<!-- -->"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", "=", "$":
                out += "\\"
                out.unicodeScalars.append(scalar)
            default: out.unicodeScalars.append(scalar)
            }
        }
        // What would become a link by itself.
        out = out.replacing("www.", with: "www\\.").replacing("://", with: "\\://")
        // What would begin a list.
        if out.hasPrefix("-") { return "\\" + out }
        guard let end = out.firstIndex(where: { !$0.isNumber }), end > out.startIndex,
            out[end...].hasPrefix(". ") || out[end...] == "."
        else { return out }
        return out[..<end] + "\\" + out[end...]
    }
}
