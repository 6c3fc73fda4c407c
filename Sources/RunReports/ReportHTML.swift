internal import Checkpoints
internal import PlanIR
internal import PluginKit
internal import Wording

extension RunReport {
    /// The report as a page of HTML that needs nothing else: no script, no other file, no network.
    package var html: String {
        let words = ReportWords(report: self)
        let title = HTML.escaped("\(operation.rawValue) of \(plan): \(status)")
        var page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>
            \(HTML.style)</style>
            </head>
            <body>
            <h1>\(title)</h1>
            <dl>

            """
        for (name, value) in words.facts {
            let mark = name == "status" ? " class=\"\(isSuccess ? "good" : "bad")\"" : ""
            page += "<dt>\(name)</dt><dd\(mark)>\(HTML.escaped(value))</dd>\n"
        }
        page += "</dl>\n"
        page += list("Failures", failures.map(\.description))
        page += list("Damaged records", faults)
        if !resources.isEmpty {
            let columns = words.columns
            page += "<h2>Resources</h2>\n<table>\n<thead><tr>"
            page += columns.map { "<th scope=\"col\">\($0.heading)</th>" }.joined()
            page += "</tr></thead>\n<tbody>\n"
            for resource in resources {
                page += "<tr class=\"\(HTML.kind(of: resource))\">"
                for column in columns { page += "<td>\(HTML.escaped(column.cell(of: resource)))</td>" }
                page += "</tr>\n"
            }
            page += "</tbody>\n</table>\n"
        }
        var warnings: [String] = []
        for resource in resources {
            warnings += resource.warnings.map { Words.warning(resource.identity, $0) }
            let more = resource.warningCount - Int64(resource.warnings.count)
            if more > 0 { warnings.append("\(resource.identity): \(more) more") }
        }
        page += list("Warnings", warnings)
        return page + "</body>\n</html>\n"
    }

    private func list(_ heading: String, _ items: [String]) -> String {
        guard !items.isEmpty else { return "" }
        return "<h2>\(heading)</h2>\n<ul>\n" + items.map { "<li>\(HTML.escaped($0))</li>\n" }.joined() + "</ul>\n"
    }
}

/// Text from outside in HTML, and how the page looks.
enum HTML {
    /// The text as it is, on one line: nothing in it is markup, and nothing turns the line around.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in Words.harmless(text).unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// The class of a resource's row.
    static func kind(of resource: RunReport.Resource) -> String {
        switch resource.status {
        case "available", "success": resource.warningCount > 0 ? "careful" : "good"
        case "error", "fail", "failed", "revert failed": "bad"
        default: "open"
        }
    }

    static let style = """
        :root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #c62828; --careful: #9a6700 }
        @media (prefers-color-scheme: dark) { :root { --good: #4cc26a; --bad: #ff7b72; --careful: #d7a72f } }
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
        h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem }
        dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
        table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .8rem .3rem 0;
          border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
        .good td:nth-child(2), dd.good { color: var(--good) } .careful td:nth-child(2) { color: var(--careful) }
        .bad td:nth-child(2), dd.bad { color: var(--bad); font-weight: 600 }
        li { overflow-wrap: anywhere }

        """
}
