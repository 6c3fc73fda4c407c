internal import CanonicalForm
internal import PlanIR

/// What text and Markdown call things.
enum DiffWords {
    /// What of a resource is different, such as `protect level` or `property path`.
    static func label(_ change: PlanDiff.FieldChange) -> String {
        switch change.aspect {
        case .name: "name"
        case .property: "property \(change.value.name)"
        case .plugin: "plugin"
        case .discovery: "discover \(change.value.name)"
        case .parameter(let operation): "\(operation.rawValue) \(change.value.name)"
        case .hooks(let operation): "\(operation.rawValue) hooks"
        }
    }

    /// A value, `nothing` when there is none.
    static func text(_ value: JSONValue?) -> String {
        guard let value else { return "nothing" }
        if value == SecretMask.hidden { return "(hidden)" }
        return value.canonicalText
    }

    /// Hooks as a list of names.
    static func text(_ value: JSONValue?, of aspect: PlanDiff.Aspect) -> String {
        switch aspect {
        case .hooks: (value?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ").orNone
        case .plugin, .name: value?.stringValue ?? "nothing"
        default: text(value)
        }
    }

    /// The whole plan in one line, such as `1 resource removed, 2 changed`.
    static func summary(_ diff: PlanDiff) -> String {
        if diff.isEmpty { return "no change" }
        var parts: [String] = []
        func add(_ count: Int, _ noun: String, _ verb: String) {
            guard count > 0 else { return }
            parts.append("\(count) \(noun)\(count == 1 ? "" : "s") \(verb)")
        }
        add(diff.resources.removed.count, "resource", "removed")
        add(diff.resources.added.count, "resource", "added")
        add(diff.renamed.count, "resource", "probably renamed")
        add(diff.resources.changed.count, "resource", "changed")
        add(diff.edges.removed.count { !$0.isImplied }, "edge", "removed")
        add(diff.edges.added.count { !$0.isImplied }, "edge", "added")
        add(diff.plugins.removed.count + diff.plugins.added.count + diff.plugins.changed.count, "plugin", "changed")
        if diff.provider != nil { parts.append("provider changed") }
        add(
            diff.triggers.removed.count + diff.triggers.added.count + diff.triggers.changed.count, "trigger",
            "changed")
        if !diff.retention.isEmpty { parts.append("retention changed") }
        add(
            diff.notifications.removed.count + diff.notifications.added.count + diff.notifications.changed.count,
            "notification", "changed")
        for setting in diff.settings { parts.append("\(setting.name) changed") }
        if !diff.head.isEmpty { parts.append("name or description changed") }
        if parts.isEmpty && diff.isReordered { parts.append("another order") }
        if parts.isEmpty { parts.append(diff.oldPlan == nil ? "plan added" : "plan removed") }
        return parts.joined(separator: ", ")
    }

    /// `all 3 resources of TYPE`, or how many of them.
    static func members(_ group: PlanDiff.ChangeGroup) -> String {
        "\(group.isWholeType ? "all " : "")\(group.resources.count) resources of \(group.type)"
    }

    /// `sha256:` and the first digits: enough to see that two differ.
    static func short(_ digest: SHA256Digest) -> String { "sha256:" + digest.hexadecimal.prefix(12) }

    static func text(_ plugin: PlanIR.PluginBinding) -> String {
        "version \(plugin.version), manifest \(short(plugin.digest))"
    }

    /// How a plugin's binding changed.
    static func text(_ change: PlanDiff.PluginChange) -> String {
        let manifests = "manifest \(short(change.old.digest)) -> \(short(change.new.digest))"
        if change.old.version == change.new.version { return "same version \(change.new.version), \(manifests)" }
        return "version \(change.old.version) -> \(change.new.version), \(manifests)"
    }

    /// How the provider changed.
    static func text(_ change: PlanDiff.ProviderChange) -> String {
        if change.old.name != change.new.name { return "'\(change.old.name)' -> '\(change.new.name)'" }
        return
            "'\(change.new.name)': manifest \(short(change.old.digest)) -> \(short(change.new.digest)) (its bank, its plugins or its text)"
    }

    /// A trigger's name.
    static func name(of trigger: JSONValue) -> String { trigger.objectValue?["name"]?.stringValue ?? "" }

    /// Whom a notification tells, such as `the command 'mail root'`.
    static func recipient(of notification: JSONObject) -> String {
        if let arguments = notification["command"]?.arrayValue {
            return "the command '\(arguments.map { $0.stringValue ?? "" }.joined(separator: " "))'"
        }
        let address = notification["url"]
        return "the address \(address?.stringValue ?? address?.canonicalText ?? "")"
    }

    /// What else is said of a notification, in one line.
    static func text(ofNotification notification: JSONObject) -> String {
        notification.members.filter { $0.key != "command" && $0.key != "url" }
            .map { "\($0.key) \($0.value.stringValue ?? $0.value.canonicalText)" }.joined(separator: ", ")
    }

    /// A trigger in one line.
    static func text(ofTrigger trigger: JSONValue) -> String {
        (trigger.objectValue?.members ?? []).filter { $0.key != "name" }
            .map { "\($0.key) \($0.value.stringValue ?? $0.value.canonicalText)" }.joined(separator: ", ")
    }
}

extension String {
    fileprivate var orNone: String { isEmpty ? "none" : self }
}
