internal import CanonicalForm
internal import Diagnostics
internal import Manifests
internal import PlanIR

/// The reference of plugins for a terminal.
package struct ReferenceText: Sendable {
    /// How many columns there are.
    private let width: Int
    private let isColored: Bool
    /// Where descriptions begin.
    private static let indent = 4

    /// Text for a terminal of `width` columns; lines for reading are never longer than 100.
    package init(width: Int, isColored: Bool) {
        self.width = max(40, min(width, 100))
        self.isColored = isColored
    }

    /// One line for each type.
    package func list(_ entries: [TypeEntry]) -> String {
        let heading = ["TYPE", "PLUGIN", "DESCRIPTION"]
        let rows = entries.map { [$0.type, $0.plugin.name, $0.support.description] }
        let widths = (0..<2).map { column in
            ([heading] + rows).map { DisplayWidth.columns(of: $0[column]) }.max() ?? 0
        }
        let margin = widths[0] + widths[1] + 4
        var out = ""
        for (number, row) in ([heading] + rows).enumerated() {
            let lead = padded(row[0], widths[0] + 2) + padded(row[1], widths[1] + 2)
            if width - margin < 24 {
                // Too narrow for a third column: the description goes below.
                out += trimmed(lead) + "\n"
                if number > 0 { out += paragraph(row[2], margin: ReferenceText.indent) }
            } else {
                let lines = wrapped(row[2], width - margin)
                out += trimmed(lead + (lines.first ?? "")) + "\n"
                for line in lines.dropFirst() { out += String(repeating: " ", count: margin) + line + "\n" }
            }
        }
        return out
    }

    /// All about one type.
    package func details(_ entry: TypeEntry) -> String {
        var out = strong(entry.type) + "\n"
        out += paragraph(entry.support.description, margin: ReferenceText.indent)
        let traits = entry.traits.enumerated().map { ($0.offset == 0 ? "traits" : "", $0.element) }
        out += facts(
            [
                ("plugin", "\(entry.plugin.name), version \(entry.plugin.version)"),
                ("dependent of", entry.parentsText),
            ] + traits)
        out += "\n" + strong("Properties") + "\n" + options(entry.support.properties)
        if let discovery = entry.support.discovery {
            out += "\n" + strong("Discovery") + "\n" + facts([("finds", discovery.types.joined(separator: ", "))])
            out += "\n" + listed(entry.selectorOptions)
        }
        for operation in entry.operations {
            let name = operation.kind.rawValue
            out += "\n" + strong(name.prefix(1).uppercased() + name.dropFirst()) + "\n"
            let hooks = operation.hooks.isEmpty ? ["none"] : operation.hooks
            var rows = hooks.enumerated().map { ($0.offset == 0 ? "hooks" : "", $0.element) }
            let parameters = operation.support.parameters
            let hasParameters = !parameters.properties.isEmpty
            if !hasParameters { rows.append(("parameters", parameters.isOpen ? "anything" : "none")) }
            out += facts(rows)
            if hasParameters { out += "\n" + options(parameters) }
        }
        let names = CommonParameters.names.map { "'\($0)'" }.joined(separator: " and ")
        out += "\n" + paragraph("Every type takes \(names) for protect, restore and verify, too.", margin: 0)
        if let saved = entry.support.savedInfo {
            out += "\n" + strong("Saved information") + "\n" + options(saved)
        }
        return out
    }

    // MARK: Parts

    private func facts(_ rows: [(String, String)]) -> String {
        let name = "dependent of".count + 2
        return rows.map { row in
            let lines = wrapped(row.1, width - 2 - name)
            return lines.enumerated().map { number, line in
                "  " + padded(number == 0 ? row.0 : "", name) + line + "\n"
            }.joined()
        }.joined()
    }

    private func options(_ schema: JSONSchema) -> String {
        let properties = schema.properties
        if properties.isEmpty { return "  \(schema.isOpen ? "anything" : "none")\n" }
        return listed(properties) + (schema.isOpen ? "  and anything else\n" : "")
    }

    private func listed(_ properties: [JSONSchema.Property]) -> String {
        var out = ""
        for property in properties {
            var parts = [property.kindText]
            if property.isRequired { parts.append("required") }
            if let value = property.defaultText { parts.append("default \(value)") }
            if let deprecation = property.deprecation { parts.append(deprecation) }
            let lines = wrapped("\(parts.joined(separator: "; "))", max(20, width - 4 - property.name.count))
            out += "  " + strong(property.name) + "  " + (lines.first ?? "") + "\n"
            for line in lines.dropFirst() { out += String(repeating: " ", count: ReferenceText.indent) + line + "\n" }
            if let description = property.description {
                out += paragraph(description, margin: ReferenceText.indent)
            }
        }
        return out
    }

    private func paragraph(_ text: String, margin: Int) -> String {
        wrapped(text, width - margin).map { String(repeating: " ", count: margin) + $0 + "\n" }.joined()
    }

    private func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in DisplayWidth.harmless(text).split(separator: " ") {
            let columns = DisplayWidth.columns(of: String(word))
            if used > 0 && used + 1 + columns > width {
                lines.append(line)
                line = ""
                used = 0
            }
            if used > 0 {
                line += " "
                used += 1
            }
            line += word
            used += columns
        }
        if used > 0 { lines.append(line) }
        return lines
    }

    private func padded(_ text: String, _ width: Int) -> String {
        let text = DisplayWidth.harmless(text)
        return text + String(repeating: " ", count: max(0, width - DisplayWidth.columns(of: text)))
    }

    private func trimmed(_ line: String) -> String {
        var line = line
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }

    private func strong(_ text: some StringProtocol) -> String {
        let text = DisplayWidth.harmless(String(text))
        return isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }
}
