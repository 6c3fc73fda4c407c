internal import CanonicalForm
internal import PlanIR

/// Something that the old plan protects and the new one does not, or less well.
package struct ProtectionLoss: Sendable, Hashable {
    /// What kind of loss it is, in the order in which they are shown.
    package enum Kind: String, Sendable, Hashable, CaseIterable, Comparable {
        case planRemoved = "plan-removed"
        case resourceRemoved = "resource-removed"
        case savesNothing = "saves-nothing"
        case pathMoved = "path-moved"
        case moreExcluded = "more-excluded"
        case weakerConsistency = "weaker-consistency"
        case triggerRemoved = "trigger-removed"
        case retentionShortened = "retention-shortened"
        case notificationRemoved = "notification-removed"

        package static func < (a: Kind, b: Kind) -> Bool {
            (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
        }
    }

    package var kind: Kind
    /// The resources that it concerns, by identity; empty when it is the plan.
    package var resources: [String]
    /// One sentence without the resources.
    package var message: String
    /// Whom the sentence is about.
    package var subject: String

    /// The whole sentence.
    package var sentence: String { subject + " " + message }

    static func list(_ diff: PlanDiff, old: PlanIR?, new: PlanIR?) -> [ProtectionLoss] {
        guard let old else { return [] }
        var losses: [ProtectionLoss] = []
        if new == nil {
            losses.append(
                ProtectionLoss(
                    kind: .planRemoved, resources: [], message: "is gone, with all that it protects",
                    subject: "the plan '\(old.plan)'"))
        }
        let paths = PathIndex(new)
        for resource in diff.resources.removed {
            let path = resource.properties["path"]?.stringValue
            var message = "is no longer protected"
            if let path { message += ": \(JSONValue.string(path).canonicalText)" }
            if let path, let keeper = paths.keeper(of: path, type: resource.type) {
                message += ", which \(keeper) still covers"
            }
            losses.append(
                ProtectionLoss(
                    kind: .resourceRemoved, resources: [resource.identity], message: message,
                    subject: resource.identity))
        }
        for group in diff.groups {
            let subject =
                group.isWholeType
                ? "all \(group.resources.count) resources of \(group.type)"
                : "\(group.resources.count) resources of \(group.type)"
            for change in group.changes {
                add(change, group.resources, subject, isMany: true, paths, type: group.type, to: &losses)
            }
        }
        for resource in diff.ungrouped {
            for change in resource.changes {
                add(
                    change, [resource.identity], resource.identity, isMany: false, paths, type: resource.type,
                    to: &losses)
            }
        }
        if let new {
            addTriggers(diff, old, new, to: &losses)
            addRetention(old.retention, new.retention, to: &losses)
            addNotifications(diff, new, to: &losses)
        }
        // Stable: within a kind the order of the plan stays.
        return Kind.allCases.flatMap { kind in losses.filter { $0.kind == kind } }
    }

    private static func add(
        _ change: PlanDiff.FieldChange, _ resources: [String], _ subject: String, isMany: Bool, _ paths: PathIndex,
        type: String, to losses: inout [ProtectionLoss]
    ) {
        func report(_ kind: Kind, _ message: String) {
            losses.append(ProtectionLoss(kind: kind, resources: resources, message: message, subject: subject))
        }
        let value = change.value
        switch (change.aspect, value.name) {
        case (.plugin, _) where value.new == "noop":
            report(.savesNothing, "\(isMany ? "are" : "is") now bound to the plugin noop, which saves nothing")
        case (.hooks(.protect), _) where value.new?.arrayValue?.isEmpty == true:
            report(.savesNothing, "\(isMany ? "have" : "has") no step in protect any more, so nothing is saved")
        case (.property, "path"):
            guard let before = value.old?.stringValue, before.hasPrefix("/") else { return }
            if paths.keeper(of: before, type: type) != nil { return }
            report(.pathMoved, "no longer protects \(JSONValue.string(before).canonicalText)")
        case (.parameter(.protect), "exclude"), (.parameter(.protect), "excludes"):
            let before = value.old?.arrayValue ?? []
            let more = (value.new?.arrayValue ?? []).filter { !before.contains($0) }
            if more.isEmpty { return }
            let list = more.map(\.canonicalText).joined(separator: ", ")
            report(.moreExcluded, "\(isMany ? "leave" : "leaves") out more: \(list)")
        case (.parameter(.protect), "include"), (.parameter(.protect), "includes"):
            let after = value.new?.arrayValue ?? []
            let before = value.old?.arrayValue ?? []
            // Without a list everything is included.
            if after.isEmpty { return }
            let less = before.filter { !after.contains($0) }
            if !before.isEmpty && less.isEmpty { return }
            let only = after.map(\.canonicalText).joined(separator: ", ")
            report(.moreExcluded, "now \(isMany ? "include" : "includes") only \(only)")
        case (.parameter(.protect), "oneFileSystem") where value.new == true:
            report(
                .moreExcluded,
                "\(isMany ? "leave" : "leaves") out what other file systems mounted below hold (oneFileSystem)")
        case (.parameter(.protect), "consistency"):
            let levels = ["live", "quiesced", "snapshot"]
            guard let before = value.old?.stringValue, let after = value.new?.stringValue,
                let high = levels.firstIndex(of: before), let low = levels.firstIndex(of: after), low < high
            else { return }
            report(.weakerConsistency, "\(isMany ? "are" : "is") copied '\(after)', no longer '\(before)'")
        default: break
        }
    }

    private static func addTriggers(
        _ diff: PlanDiff, _ old: PlanIR, _ new: PlanIR, to losses: inout [ProtectionLoss]
    ) {
        func protects(_ trigger: JSONValue) -> Bool { trigger.objectValue?["operation"] == "protect" }
        let isLast = old.triggers.contains(where: protects) && !new.triggers.contains(where: protects)
        let end = isLast ? "; nothing starts protect by itself any more" : ""
        var names = diff.triggers.removed.filter(protects).compactMap { $0.objectValue?["name"]?.stringValue }
        for change in diff.triggers.changed {
            for value in change.changes where value.name == "operation" && value.old == "protect" {
                names.append(change.name)
            }
        }
        if new.triggers.contains(where: protects),
            diff.settings.contains(where: { $0.name == "enabled" && $0.new == false })
        {
            losses.append(
                ProtectionLoss(
                    kind: .triggerRemoved, resources: [], message: "is disabled, and its triggers start nothing",
                    subject: "the plan '\(new.plan)'"))
        }
        for name in names {
            losses.append(
                ProtectionLoss(
                    kind: .triggerRemoved, resources: [], message: "no longer starts protect" + end,
                    subject: "the trigger '\(name)'"))
        }
    }

    // MARK: Notifications

    /// Who heard of failures and no longer does.
    private static func addNotifications(_ diff: PlanDiff, _ new: PlanIR, to losses: inout [ProtectionLoss]) {
        let isLast = !new.notifications.contains { $0.occasion.includes(success: false) }
        let end = isLast ? "; the plan tells nobody of them any more" : ""
        func tells(_ word: JSONValue?) -> Bool { word == "failure" || word == "always" }
        var recipients = diff.notifications.removed.compactMap(\.objectValue).filter { tells($0["on"]) }
            .map(DiffWords.recipient(of:))
        for change in diff.notifications.changed
        where change.changes.contains(where: { $0.path == ["on"] && tells($0.old) && !tells($0.new) }) {
            recipients.append(change.recipient)
        }
        for recipient in recipients {
            losses.append(
                ProtectionLoss(
                    kind: .notificationRemoved, resources: [], message: "no longer hears of failures" + end,
                    subject: recipient))
        }
    }

    // MARK: Retention

    private static func addRetention(_ old: JSONObject, _ new: JSONObject, to losses: inout [ProtectionLoss]) {
        // Without rules every checkpoint stays.
        if new.members.allSatisfy({ $0.key == "timezone" }) { return }
        func hasKeep(_ policy: JSONObject) -> Bool { policy.members.contains { $0.key.hasPrefix("keep") } }
        let keptAll = !hasKeep(old)
        for change in ValueComparison.changes(old, new) {
            let isShorter: Bool
            if change.name.hasPrefix("keep") {
                // The first rule that keeps some is also the first that lets others go.
                isShorter = keptAll ? true : isLess(change.new, change.old, absence: 0)
            } else {
                isShorter = isLess(change.new, change.old, absence: Int64.max)
            }
            guard isShorter else { continue }
            let before = change.old?.canonicalText ?? (keptAll && change.name.hasPrefix("keep") ? "all" : "none")
            let after = change.new?.canonicalText ?? "none"
            losses.append(
                ProtectionLoss(
                    kind: .retentionShortened, resources: [],
                    message: "keeps less: \(change.name) \(before) -> \(after)", subject: "retention"))
        }
    }

    private static func isLess(_ new: JSONValue?, _ old: JSONValue?, absence: Int64) -> Bool {
        (amount(new) ?? absence) < (amount(old) ?? absence)
    }

    /// A number, or a duration such as `400d` in seconds.
    private static func amount(_ value: JSONValue?) -> Int64? {
        if let number = value?.integerValue { return number }
        guard let text = value?.stringValue, let unit = text.last, let count = Int64(text.dropLast()) else {
            return nil
        }
        let scale: Int64
        switch unit {
        case "s": scale = 1
        case "m": scale = 60
        case "h": scale = 3600
        case "d": scale = 86400
        case "w": scale = 604_800
        default: return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: scale)
        return overflow ? nil : seconds
    }
}

/// The paths that the resources of a plan cover, by type.
private struct PathIndex {
    private struct Key: Hashable {
        let type: String
        let path: String
    }

    private var keepers: [Key: String] = [:]

    init(_ plan: PlanIR?) {
        for resource in plan?.resources ?? [] {
            guard let path = resource.properties["path"]?.stringValue else { continue }
            let key = Key(type: resource.type, path: Self.plain(path[...]))
            if keepers[key] == nil { keepers[key] = resource.identity }
        }
    }

    /// The resource of a type that covers `path` or a directory above it.
    func keeper(of path: String, type: String) -> String? {
        var rest = Self.plain(path[...])
        while true {
            if let keeper = keepers[Key(type: type, path: rest)] { return keeper }
            guard rest != "/", let slash = rest.lastIndex(of: "/") else { return nil }
            rest = slash == rest.startIndex ? "/" : String(rest[..<slash])
        }
    }

    /// The path without slashes at its end.
    private static func plain(_ path: Substring) -> String {
        var path = path
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }
}
