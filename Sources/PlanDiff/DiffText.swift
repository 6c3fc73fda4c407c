internal import CanonicalForm
internal import Diagnostics
internal import PlanIR

/// Shows a difference to people at a terminal: what is no longer protected first, then everything by section.
package struct DiffText {
    private let color: Bool

    /// A renderer; with `color` it writes ANSI colours (the caller knows of terminals).
    package init(color: Bool) { self.color = color }

    /// The text of a difference, ending in a line break.
    package func render(_ diff: PlanDiff) -> String {
        var out = ""
        line("plan '\(diff.newPlan ?? diff.oldPlan ?? "")': \(DiffWords.summary(diff))", .bold, into: &out)
        losses(diff, into: &out)
        resources(diff, into: &out)
        shared(diff, into: &out)
        edges(diff, into: &out)
        plugins(diff, into: &out)
        rest(diff, into: &out)
        return out
    }

    private func losses(_ diff: PlanDiff, into out: inout String) {
        guard !diff.losses.isEmpty else { return }
        out.append("\n")
        line("LESS IS PROTECTED", .loss, into: &out)
        for loss in diff.losses { line("  ! " + loss.sentence, .loss, into: &out) }
    }

    // MARK: Resources

    private func resources(_ diff: PlanDiff, into out: inout String) {
        let changed = diff.ungrouped
        if diff.resources.removed.isEmpty && diff.resources.added.isEmpty && diff.renamed.isEmpty && changed.isEmpty {
            return
        }
        section("resources", into: &out)
        for resource in diff.resources.removed { summary(resource, "-", .removed, into: &out) }
        for resource in diff.resources.added { summary(resource, "+", .added, into: &out) }
        for rename in diff.renamed {
            line("  > \(rename.old) -> \(rename.new)", .renamed, into: &out)
            line("      probably renamed: same type and properties; its checkpoints keep the old id", into: &out)
        }
        for resource in changed {
            line("  ~ \(resource.identity)", .changed, into: &out)
            for change in resource.changes { self.change(change, into: &out) }
        }
    }

    private func summary(
        _ resource: PlanDiff.ResourceSummary, _ mark: String, _ paint: Paint, into out: inout String
    ) {
        let name = resource.name == resource.id ? "" : " \(JSONValue.string(resource.name).canonicalText)"
        line("  \(mark) \(resource.identity)\(name)", paint, into: &out)
        for property in resource.properties.members {
            line("      \(property.key): \(DiffWords.text(property.value))", into: &out)
        }
        line("      plugin: \(resource.plugin)", into: &out)
        list("dependent of", resource.parents, into: &out)
        list("dependents", resource.dependents, into: &out)
    }

    private func list(_ label: String, _ identities: [String], into out: inout String) {
        guard !identities.isEmpty else { return }
        line("      \(label): \(Self.some(identities))", into: &out)
    }

    /// The first few, and how many more there are.
    private static func some(_ identities: [String]) -> String {
        let limit = 5
        let shown = identities.prefix(limit).joined(separator: ", ")
        return identities.count > limit ? "\(shown) and \(identities.count - limit) more" : shown
    }

    private func change(_ change: PlanDiff.FieldChange, into out: inout String) {
        values(
            DiffWords.label(change), DiffWords.text(change.value.old, of: change.aspect),
            DiffWords.text(change.value.new, of: change.aspect), isHidden: change.value.isHidden, into: &out)
    }

    private func change(_ change: ValueChange, into out: inout String) {
        values(
            change.name, DiffWords.text(change.old), DiffWords.text(change.new), isHidden: change.isHidden, into: &out)
    }

    /// One line, or three when the values are long.
    private func values(_ label: String, _ old: String, _ new: String, isHidden: Bool, into out: inout String) {
        let note = isHidden ? " (it looks like a secret)" : ""
        if old.utf8.count + new.utf8.count <= 80 {
            line("      \(label): \(old) -> \(new)\(note)", into: &out)
            return
        }
        line("      \(label):\(note)", into: &out)
        line("        - \(old)", .removed, into: &out)
        line("        + \(new)", .added, into: &out)
    }

    private func shared(_ diff: PlanDiff, into out: inout String) {
        guard !diff.groups.isEmpty else { return }
        section("the same change of several resources", into: &out)
        for group in diff.groups {
            line("  ~ \(DiffWords.members(group))", .changed, into: &out)
            if !group.isWholeType { line("      \(Self.some(group.resources))", into: &out) }
            for change in group.changes { self.change(change, into: &out) }
        }
    }

    // MARK: The plan

    private func edges(_ diff: PlanDiff, into out: inout String) {
        let removed = diff.edges.removed.filter { !$0.isImplied }
        let added = diff.edges.added.filter { !$0.isImplied }
        guard !removed.isEmpty || !added.isEmpty else { return }
        section("dependents", into: &out)
        for edge in removed { line("  - \(edge.parent) -> \(edge.dependent)", .removed, into: &out) }
        for edge in added { line("  + \(edge.parent) -> \(edge.dependent)", .added, into: &out) }
    }

    private func plugins(_ diff: PlanDiff, into out: inout String) {
        guard !diff.plugins.isEmpty || diff.provider != nil else { return }
        section("provider and plugins", into: &out)
        if let provider = diff.provider { line("  ~ provider \(DiffWords.text(provider))", .changed, into: &out) }
        for plugin in diff.plugins.removed {
            line("  - plugin \(plugin.name), \(DiffWords.text(plugin))", .removed, into: &out)
        }
        for plugin in diff.plugins.added {
            line("  + plugin \(plugin.name), \(DiffWords.text(plugin))", .added, into: &out)
        }
        for change in diff.plugins.changed {
            line("  ~ plugin \(change.new.name), \(DiffWords.text(change))", .changed, into: &out)
        }
    }

    private func rest(_ diff: PlanDiff, into out: inout String) {
        if !diff.triggers.isEmpty {
            section("triggers", into: &out)
            for trigger in diff.triggers.removed {
                line(
                    "  - \(DiffWords.name(of: trigger)): \(DiffWords.text(ofTrigger: trigger))", .removed, into: &out)
            }
            for trigger in diff.triggers.added {
                line("  + \(DiffWords.name(of: trigger)): \(DiffWords.text(ofTrigger: trigger))", .added, into: &out)
            }
            for trigger in diff.triggers.changed {
                line("  ~ \(trigger.name)", .changed, into: &out)
                for change in trigger.changes { self.change(change, into: &out) }
            }
        }
        if !diff.retention.isEmpty {
            section("retention", into: &out)
            for change in diff.retention { self.change(change, into: &out) }
        }
        if !diff.notifications.isEmpty {
            section("notifications", into: &out)
            for notification in diff.notifications.removed {
                line("  - \(Self.notification(notification))", .removed, into: &out)
            }
            for notification in diff.notifications.added {
                line("  + \(Self.notification(notification))", .added, into: &out)
            }
            for notification in diff.notifications.changed {
                line("  ~ \(notification.recipient)", .changed, into: &out)
                for change in notification.changes { self.change(change, into: &out) }
            }
        }
        if !diff.head.isEmpty || !diff.settings.isEmpty {
            section("plan", into: &out)
            for change in diff.head + diff.settings { self.change(change, into: &out) }
        }
        if diff.isReordered {
            section("order", into: &out)
            line("  ~ resources, dependents or triggers stand in another order", .changed, into: &out)
        }
    }

    private static func notification(_ notification: JSONValue) -> String {
        let object = notification.objectValue ?? JSONObject()
        return "\(DiffWords.recipient(of: object)): \(DiffWords.text(ofNotification: object))"
    }

    // MARK: Lines

    private enum Paint: String {
        case loss = "1;31"
        case removed = "31"
        case added = "32"
        case changed = "33"
        case renamed = "36"
        case bold = "1"
    }

    private func section(_ title: String, into out: inout String) {
        out.append("\n")
        line(title, .bold, into: &out)
    }

    private func line(_ text: String, _ paint: Paint? = nil, into out: inout String) {
        let harmless = DisplayWidth.harmless(text)
        if color, let paint {
            out.append("\u{1B}[\(paint.rawValue)m\(harmless)\u{1B}[0m\n")
        } else {
            out.append(harmless + "\n")
        }
    }
}
