package import CanonicalForm
package import PlanIR

/// What is different between two compiled plans, in plan order.
///
/// It is empty exactly when the plans are the same but for the digests of their sources, so comments and layout are no
/// difference. Values that look like secrets are hidden in it already.
package struct PlanDiff: Sendable, Hashable {
    /// The names of the two plans; `nil` on the side that has no plan.
    package var oldPlan: String?
    package var newPlan: String?
    /// What is no longer protected, or less well; it stands first wherever a difference is shown.
    package var losses: [ProtectionLoss] = []
    /// Changes of the plan's own name and description.
    package var head: [ValueChange] = []
    package var provider: ProviderChange?
    package var plugins = ListChange<PlanIR.PluginBinding, PluginChange>()
    package var resources = ListChange<ResourceSummary, ChangedResource>()
    /// Resources that were removed under one id and added under another, with the same type and properties.
    package var renamed: [Rename] = []
    package var edges = ListChange<Edge, Edge>()
    package var triggers = ListChange<JSONValue, TriggerChange>()
    package var retention: [ValueChange] = []
    /// Changes of `enabled` and `onFailure`.
    package var settings: [ValueChange] = []
    package var notifications = ListChange<JSONValue, NotificationChange>()
    /// Whether what both plans have stands in another order.
    package var isReordered = false
    /// How many resources are the same on both sides.
    package var unchangedCount = 0
    /// The changes of several resources of one type that are the same for all of them.
    package var groups: [ChangeGroup] = []

    /// No difference between no plans.
    package init() {}

    /// Whether there is no difference.
    package var isEmpty: Bool {
        head.isEmpty && provider == nil && plugins.isEmpty && resources.isEmpty && renamed.isEmpty && edges.isEmpty
            && triggers.isEmpty && retention.isEmpty && settings.isEmpty && notifications.isEmpty && !isReordered
            && (oldPlan == nil) == (newPlan == nil)
    }

    /// Things that came, went, and are not as they were.
    package struct ListChange<Element: Sendable & Hashable, Change: Sendable & Hashable>: Sendable, Hashable {
        package var removed: [Element] = []
        package var added: [Element] = []
        package var changed: [Change] = []

        /// Whether nothing came, went or changed.
        package var isEmpty: Bool { removed.isEmpty && added.isEmpty && changed.isEmpty }
    }

    /// Another provider, or another manifest of the same one.
    package struct ProviderChange: Sendable, Hashable {
        package var old: PlanIR.ProviderBinding
        package var new: PlanIR.ProviderBinding
    }

    /// Another version or manifest of a plugin that both plans use.
    package struct PluginChange: Sendable, Hashable {
        package var old: PlanIR.PluginBinding
        package var new: PlanIR.PluginBinding
    }

    /// A resource that only one side has.
    package struct ResourceSummary: Sendable, Hashable {
        package var type: String
        package var id: String
        package var name: String
        package var plugin: String
        package var properties: JSONObject
        /// The identities of those of which it is a dependent.
        package var parents: [String]
        /// The identities of its dependents.
        package var dependents: [String]

        package var identity: String { "\(type)#\(id)" }
    }

    /// A resource that probably only has another id.
    package struct Rename: Sendable, Hashable {
        package var type: String
        package var oldID: String
        package var newID: String

        package var old: String { "\(type)#\(oldID)" }
        package var new: String { "\(type)#\(newID)" }
    }

    /// A resource that both sides have, with what is different.
    package struct ChangedResource: Sendable, Hashable {
        /// Its identity on the new side.
        package var identity: String
        package var type: String
        package var changes: [FieldChange]
    }

    /// One difference of a resource.
    package struct FieldChange: Sendable, Hashable {
        package var aspect: Aspect
        package var value: ValueChange
    }

    /// What of a resource is different.
    package enum Aspect: Sendable, Hashable {
        case name, property, plugin
        /// What the plugin is asked to discover below the resource.
        case discovery
        /// A parameter as it is after all layers were merged.
        case parameter(OperationKind)
        /// The hooks in which the plugin has work.
        case hooks(OperationKind)

        /// Whether one change of a plan, a provider or a plugin may bring it to many resources.
        var isShared: Bool { self != .name && self != .property && self != .discovery }
    }

    /// Changes that several resources of one type share.
    package struct ChangeGroup: Sendable, Hashable {
        package var type: String
        /// Identities on the new side.
        package var resources: [String]
        /// Whether these are all resources of the type that both sides have.
        package var isWholeType: Bool
        package var changes: [FieldChange]
    }

    /// One resource being a dependent of another.
    package struct Edge: Sendable, Hashable {
        package var parent: String
        package var dependent: String
        /// Whether it comes or goes with one of its ends.
        package var isImplied: Bool
    }

    /// A trigger that both sides have.
    package struct TriggerChange: Sendable, Hashable {
        package var name: String
        package var changes: [ValueChange]
    }

    /// A notification that both sides have: it tells the same command or address.
    package struct NotificationChange: Sendable, Hashable {
        /// Who is told, with secrets hidden.
        package var recipient: String
        package var changes: [ValueChange]
    }
}

/// One value that is not what it was.
package struct ValueChange: Sendable, Hashable {
    /// The keys from the outside in; empty when the value has no key.
    package var path: [String]
    /// `nil` where there was none.
    package var old: JSONValue?
    /// `nil` where there is none any more.
    package var new: JSONValue?
    /// Whether something in it looked like a secret and is not shown.
    package var isHidden: Bool

    package init(path: [String], old: JSONValue?, new: JSONValue?, isHidden: Bool = false) {
        self.path = path
        self.old = old
        self.new = new
        self.isHidden = isHidden
    }

    /// The keys joined by dots.
    package var name: String { path.joined(separator: ".") }
}
