internal import CanonicalForm
internal import Diagnostics
internal import PlanIR

/// Shows a difference in the Markdown of pull requests (GitHub's, which GitLab reads too).
///
/// It stays below the 65,536 characters that a comment may have: what does not fit is counted.
package enum DiffMarkdown {
    /// The most bytes that are written; the rest is left for the comment around it.
    static let limit = 60000
    /// The most rows of one table.
    private static let rowLimit = 200
    /// Tables with more rows are folded.
    private static let openLimit = 20
    /// The most characters of one value.
    private static let valueLimit = 300

    /// The Markdown of a difference, ending in a line break.
    package static func render(_ diff: PlanDiff) -> String {
        var page = Page()
        page.add("### Plan \(code(diff.newPlan ?? diff.oldPlan ?? "")): \(DiffWords.summary(diff))\n")
        losses(diff, &page)
        resources(diff, &page)
        changes(diff, &page)
        plan(diff, &page)
        return page.text
    }

    private static func losses(_ diff: PlanDiff, _ page: inout Page) {
        guard !diff.losses.isEmpty else { return }
        page.add("\n> [!CAUTION]\n> **Less is protected**\n>\n")
        page.rows(diff.losses.map { "> - \(words($0.sentence))\n" }, limit: rowLimit) {
            "> - and \($0) more\n"
        }
    }

    private static func resources(_ diff: PlanDiff, _ page: inout Page) {
        func rows(_ resources: [PlanDiff.ResourceSummary], _ word: String) -> [[String]] {
            resources.map { resource in
                let properties = resource.properties.members.map {
                    code("\($0.key): \(DiffWords.text($0.value))")
                }
                return [
                    word, code(resource.identity), resource.name == resource.id ? "" : code(resource.name),
                    properties.joined(separator: "<br>"), code(resource.plugin),
                ]
            }
        }
        page.table(
            "Resources", ["", "resource", "name", "properties", "plugin"],
            rows(diff.resources.removed, "**removed**") + rows(diff.resources.added, "added"))
        page.table(
            "Probably renamed (same type and properties; checkpoints keep the old id)", ["old", "new"],
            diff.renamed.map { [code($0.old), code($0.new)] })
    }

    private static func changes(_ diff: PlanDiff, _ page: inout Page) {
        func row(_ who: String, _ change: PlanDiff.FieldChange) -> [String] {
            [
                who, words(DiffWords.label(change)), code(DiffWords.text(change.value.old, of: change.aspect)),
                code(DiffWords.text(change.value.new, of: change.aspect)),
            ]
        }
        page.table(
            "Changed resources", ["resource", "what", "old", "new"],
            diff.ungrouped.flatMap { resource in resource.changes.map { row(code(resource.identity), $0) } })
        page.table(
            "The same change of several resources", ["resources", "what", "old", "new"],
            diff.groups.flatMap { group in
                let type = group.isWholeType ? "all \(group.resources.count) of" : "\(group.resources.count) of"
                return group.changes.map { row("\(type) \(code(group.type))", $0) }
            })
        let removed = diff.edges.removed.filter { !$0.isImplied }.map { ("removed", $0) }
        let added = diff.edges.added.filter { !$0.isImplied }.map { ("added", $0) }
        page.table(
            "Dependents", ["", "resource", "dependent"],
            (removed + added).map { [$0.0, code($0.1.parent), code($0.1.dependent)] })
    }

    private static func plan(_ diff: PlanDiff, _ page: inout Page) {
        var rows: [[String]] = []
        if let provider = diff.provider {
            rows.append(["provider", words(DiffWords.text(provider))])
        }
        for plugin in diff.plugins.removed {
            rows.append(["plugin \(code(plugin.name)) removed", words(DiffWords.text(plugin))])
        }
        for plugin in diff.plugins.added {
            rows.append(["plugin \(code(plugin.name)) added", words(DiffWords.text(plugin))])
        }
        for change in diff.plugins.changed {
            rows.append(["plugin \(code(change.new.name))", words(DiffWords.text(change))])
        }
        for trigger in diff.triggers.removed {
            rows.append([
                "trigger \(code(DiffWords.name(of: trigger))) **removed**", code(DiffWords.text(ofTrigger: trigger)),
            ])
        }
        for trigger in diff.triggers.added {
            rows.append([
                "trigger \(code(DiffWords.name(of: trigger))) added", code(DiffWords.text(ofTrigger: trigger)),
            ])
        }
        func row(_ label: String, _ change: ValueChange) -> [String] {
            [
                label + " " + words(change.name),
                "\(code(DiffWords.text(change.old))) → \(code(DiffWords.text(change.new)))",
            ]
        }
        for trigger in diff.triggers.changed {
            rows += trigger.changes.map { row("trigger \(code(trigger.name))", $0) }
        }
        rows += diff.retention.map { row("retention", $0) }
        func notification(_ value: JSONValue, _ word: String) -> [String] {
            let object = value.objectValue ?? JSONObject()
            return [
                "notification \(code(DiffWords.recipient(of: object))) \(word)",
                code(DiffWords.text(ofNotification: object)),
            ]
        }
        rows += diff.notifications.removed.map { notification($0, "**removed**") }
        rows += diff.notifications.added.map { notification($0, "added") }
        for change in diff.notifications.changed {
            rows += change.changes.map { row("notification \(code(change.recipient))", $0) }
        }
        rows += (diff.head + diff.settings).map { row("plan", $0) }
        if diff.isReordered { rows.append(["order", "resources, dependents or triggers stand in another order"]) }
        page.table("Plan", ["what", "change"], rows)
    }

    // MARK: Escaping

    /// A code span. What a span in a table cannot hold is written with entities instead.
    static func code(_ text: String) -> String {
        let plain = DisplayWidth.harmless(clipped(text))
        guard !plain.isEmpty else { return "" }
        let needsEntities =
            plain.utf8.contains { [0x60, 0x5C, 0x7C].contains($0) } || plain.hasPrefix(" ") || plain.hasSuffix(" ")
        return needsEntities ? "<code>\(entities(plain).replacing(":", with: "&#58;"))</code>" : "`\(plain)`"
    }

    /// Text in which nothing is markup. Words that GitHub would make a link, a mention or a reference of are code,
    /// because it looks for them after entities were resolved; so identities and paths are code too.
    static func words(_ text: String) -> String {
        let words = clipped(text.replacing(" -> ", with: " → ")).split(separator: " ", omittingEmptySubsequences: false)
        return words.map { word in
            let isReference =
                word.utf8.contains { [0x23, 0x2F, 0x40].contains($0) } || word.contains("::") || word.contains("www.")
            guard isReference else { return entities(DisplayWidth.harmless(String(word))) }
            let end = word.last.map { ",;:".contains($0) } == true ? 1 : 0
            return code(String(word.dropLast(end))) + word.suffix(end)
        }.joined(separator: " ")
    }

    /// Every mark of ASCII that Markdown, HTML or GitHub's links give a meaning as an entity.
    private static func entities(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if "`\\|<>&*_[]~#@!".unicodeScalars.contains(scalar) {
                out += "&#\(scalar.value);"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func clipped(_ text: String) -> String {
        text.count > valueLimit ? text.prefix(valueLimit) + "…" : text
    }

    /// The text so far, which ends when it is long enough.
    private struct Page {
        private(set) var text = ""

        mutating func add(_ part: String) { text += part }

        /// Adds as many rows as fit; `more` says how many did not.
        mutating func rows(_ rows: [String], limit: Int, more: (Int) -> String) {
            for (position, row) in rows.enumerated() {
                if position >= limit || text.utf8.count + row.utf8.count > DiffMarkdown.limit {
                    text += more(rows.count - position)
                    return
                }
                text += row
            }
        }

        mutating func table(_ title: String, _ head: [String], _ rows: [[String]]) {
            guard !rows.isEmpty else { return }
            let isFolded = rows.count > DiffMarkdown.openLimit
            text += isFolded ? "\n<details><summary>\(title) (\(rows.count))</summary>\n\n" : "\n**\(title)**\n\n"
            text += "| \(head.joined(separator: " | ")) |\n|\(String(repeating: "---|", count: head.count))\n"
            let lines = rows.map { "| \($0.joined(separator: " | ")) |\n" }
            self.rows(lines, limit: DiffMarkdown.rowLimit) { "\nand \($0) more\n" }
            if isFolded { text += "\n</details>\n" }
        }
    }
}
