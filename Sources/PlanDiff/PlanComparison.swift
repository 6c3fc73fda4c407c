internal import CanonicalForm
package import PlanIR

extension PlanDiff {
    /// The difference from `old` to `new`; a side that is `nil` has no plan.
    package init(old: PlanIR?, new: PlanIR?) {
        self.init()
        guard let either = new ?? old else { return }
        compare(old ?? either.withoutContent, new ?? either.withoutContent)
        oldPlan = old?.plan
        newPlan = new?.plan
        losses = ProtectionLoss.list(self, old: old, new: new)
    }

    private mutating func compare(_ old: PlanIR, _ new: PlanIR) {
        head = ValueComparison.changes(
            ["name": .string(old.plan), "description": .string(old.description)],
            ["name": .string(new.plan), "description": .string(new.description)])
        if old.provider != new.provider { provider = ProviderChange(old: old.provider, new: new.provider) }
        comparePlugins(old, new)
        let matching = ResourceMatching(old, new)
        compareResources(old, new, matching)
        compareEdges(old, new, matching)
        compareTriggers(old, new)
        retention = ValueComparison.changes(old.retention, new.retention)
        settings = ValueComparison.changes(old.settings, new.settings)
        compareNotifications(old, new)
        groups = ChangeGrouping.groups(of: self, old, matching)
        let order = matching.newOfOld.compactMap { $0 }
        if zip(order, order.dropFirst()).contains(where: { $0 > $1 }) { isReordered = true }
    }

    private mutating func comparePlugins(_ old: PlanIR, _ new: PlanIR) {
        let pairs = NamePairs(old.plugins.map(\.name), new.plugins.map(\.name))
        plugins.removed = pairs.removed.map { old.plugins[$0] }
        for (position, plugin) in new.plugins.enumerated() {
            guard let before = pairs.oldOfNew[position].map({ old.plugins[$0] }) else {
                plugins.added.append(plugin)
                continue
            }
            if before != plugin { plugins.changed.append(PluginChange(old: before, new: plugin)) }
        }
    }

    /// Which of two lists belong together by name. A compiled plan that another program wrote may have a name twice:
    /// then they belong together in their order.
    private struct NamePairs {
        private(set) var oldOfNew: [Int?] = []
        /// The positions of those that the new list does not have.
        private(set) var removed: [Int] = []

        init(_ old: [String], _ new: [String]) {
            var positions: [String: [Int]] = [:]
            for position in old.indices.reversed() { positions[old[position], default: []].append(position) }
            for name in new { oldOfNew.append(positions[name]?.popLast()) }
            let kept = Set(oldOfNew.compactMap { $0 })
            removed = old.indices.filter { !kept.contains($0) }
        }
    }

    // MARK: Resources

    private mutating func compareResources(_ old: PlanIR, _ new: PlanIR, _ matching: ResourceMatching) {
        let oldParents = old.parents
        let newParents = new.parents
        for position in old.resources.indices where matching.newOfOld[position] == nil {
            resources.removed.append(ResourceSummary(old, position, oldParents))
        }
        for position in new.resources.indices where matching.oldOfNew[position] == nil {
            resources.added.append(ResourceSummary(new, position, newParents))
        }
        renamed = matching.renames.map { pair in
            Rename(
                type: new.resources[pair.new].type, oldID: old.resources[pair.old].id, newID: new.resources[pair.new].id
            )
        }
        var known = KnownParameters()
        for (position, resource) in new.resources.enumerated() {
            guard let before = matching.oldOfNew[position] else { continue }
            let changes = Self.changes(old, before, new, position, &known)
            if changes.isEmpty {
                unchangedCount += 1
            } else {
                resources.changed.append(
                    ChangedResource(identity: resource.identity, type: resource.type, changes: changes))
            }
        }
    }

    /// Comparisons of parameter sets that were made already: many resources share theirs.
    private struct KnownParameters {
        private struct Pair: Hashable {
            let old: Int32
            let new: Int32
        }
        private var changes: [Pair: [ValueChange]] = [:]

        mutating func changes(_ old: PlanIR, _ before: Int32, _ new: PlanIR, _ after: Int32) -> [ValueChange] {
            let pair = Pair(old: before, new: after)
            if let known = changes[pair] { return known }
            let found = ValueComparison.changes(old.parameterSets[Int(before)], new.parameterSets[Int(after)])
            changes[pair] = found
            return found
        }
    }

    private static func changes(
        _ old: PlanIR, _ before: Int, _ new: PlanIR, _ after: Int, _ known: inout KnownParameters
    ) -> [FieldChange] {
        let left = old.resources[before]
        let right = new.resources[after]
        var changes: [FieldChange] = []
        func add(_ aspect: Aspect, _ values: [ValueChange]) {
            for value in values { changes.append(FieldChange(aspect: aspect, value: value)) }
        }
        // A name that is the id by default has changed only with it.
        let isDefault = left.name == left.id && right.name == right.id
        if left.name != right.name && !isDefault {
            add(.name, [ValueChange(path: [], old: .string(left.name), new: .string(right.name))])
        }
        add(.property, ValueComparison.changes(left.properties, right.properties))
        let oldPlugin = old.plugins[Int(left.plugin)].name
        let newPlugin = new.plugins[Int(right.plugin)].name
        if oldPlugin != newPlugin {
            add(.plugin, [ValueChange(path: [], old: .string(oldPlugin), new: .string(newPlugin))])
        }
        add(
            .discovery,
            ValueComparison.changes(left.discover ?? JSONObject(), right.discover ?? JSONObject()))
        for operation in OperationKind.withParameters {
            add(
                .parameter(operation),
                known.changes(old, left.parameters[operation.index], new, right.parameters[operation.index]))
        }
        for operation in OperationKind.allCases {
            let oldHooks = old.graph(operation).activeHooks(of: before)
            let newHooks = new.graph(operation).activeHooks(of: after)
            guard oldHooks != newHooks else { continue }
            func names(_ hooks: [Hook]) -> JSONValue { .array(hooks.map { .string($0.name) }) }
            add(.hooks(operation), [ValueChange(path: [], old: names(oldHooks), new: names(newHooks))])
        }
        return changes
    }

    // MARK: Edges

    private mutating func compareEdges(_ old: PlanIR, _ new: PlanIR, _ matching: ResourceMatching) {
        let (removed, _) = Self.missing(old, in: new, matching.newOfOld)
        let (added, isReordered) = Self.missing(new, in: old, matching.oldOfNew)
        edges.removed = removed
        edges.added = added
        self.isReordered = isReordered
    }

    /// The edges of `plan` that `other` does not have, and whether those it has stand in another order.
    private static func missing(
        _ plan: PlanIR, in other: PlanIR, _ counterpart: [Int?]
    ) -> (edges: [Edge], isReordered: Bool) {
        var edges: [Edge] = []
        var isReordered = false
        for (position, resource) in plan.resources.enumerated() {
            var places: [Int32: Int] = [:]
            if let match = counterpart[position] {
                for (place, dependent) in other.resources[match].dependents.enumerated() { places[dependent] = place }
            }
            var last = -1
            for dependent in resource.dependents {
                let match = counterpart[Int(dependent)]
                if let match, let place = places[Int32(match)] {
                    if place < last { isReordered = true }
                    last = place
                } else {
                    edges.append(
                        Edge(
                            parent: resource.identity, dependent: plan.resources[Int(dependent)].identity,
                            isImplied: match == nil || counterpart[position] == nil))
                }
            }
        }
        return (edges, isReordered)
    }

    // MARK: Triggers

    private mutating func compareTriggers(_ old: PlanIR, _ new: PlanIR) {
        let pairs = NamePairs(old.triggers.map(DiffWords.name(of:)), new.triggers.map(DiffWords.name(of:)))
        triggers.removed = pairs.removed.map { old.triggers[$0] }
        var last = -1
        for (position, trigger) in new.triggers.enumerated() {
            guard let place = pairs.oldOfNew[position] else {
                triggers.added.append(trigger)
                continue
            }
            if place < last { isReordered = true }
            last = place
            let changes = ValueComparison.changes(
                old.triggers[place].objectValue ?? [:], trigger.objectValue ?? [:])
            if !changes.isEmpty {
                triggers.changed.append(TriggerChange(name: DiffWords.name(of: trigger), changes: changes))
            }
        }
    }

    // MARK: Notifications

    private mutating func compareNotifications(_ old: PlanIR, _ new: PlanIR) {
        func recipients(_ plan: PlanIR) -> [String] {
            plan.notifications.map { JSONValue.object($0.recipientOnly).canonicalText }
        }
        let pairs = NamePairs(recipients(old), recipients(new))
        notifications.removed = pairs.removed.map { .object(SecretMask.masked(old.notifications[$0].json)) }
        var last = -1
        for (position, notification) in new.notifications.enumerated() {
            guard let place = pairs.oldOfNew[position] else {
                notifications.added.append(.object(SecretMask.masked(notification.json)))
                continue
            }
            if place < last { isReordered = true }
            last = place
            let changes = ValueComparison.changes(old.notifications[place].json, notification.json)
            if !changes.isEmpty {
                notifications.changed.append(
                    NotificationChange(
                        recipient: DiffWords.recipient(of: SecretMask.masked(notification.json)), changes: changes))
            }
        }
    }
}

extension PlanIR.Notification {
    /// What says who is told.
    fileprivate var recipientOnly: JSONObject {
        JSONObject(json.members.filter { ["command", "url"].contains($0.key) }.map { ($0.key, $0.value) })
    }
}

extension PlanDiff.ResourceSummary {
    init(_ plan: PlanIR, _ position: Int, _ parents: [[Int32]]) {
        let resource = plan.resources[position]
        self.init(
            type: resource.type, id: resource.id, name: resource.name,
            plugin: plan.plugins[Int(resource.plugin)].name, properties: SecretMask.masked(resource.properties),
            parents: parents[position].map { plan.resources[Int($0)].identity },
            dependents: resource.dependents.map { plan.resources[Int($0)].identity })
    }
}

extension PlanIR {
    /// What is set for the plan as a whole.
    fileprivate var settings: JSONObject {
        ["enabled": .bool(isEnabled), "onFailure": .string(onFailure.rawValue)]
    }

    /// A plan of the same name, provider and settings that protects nothing.
    fileprivate var withoutContent: PlanIR {
        PlanIR(
            plan: plan, description: description, provider: provider, sources: [], plugins: [], parameterSets: [],
            resources: [], triggers: [], retention: JSONObject(), isEnabled: isEnabled, onFailure: onFailure,
            graphs: OperationKind.allCases.map { _ in ActivityGraph(activities: [], edges: []) })
    }

    /// The parents of each resource, in plan order.
    fileprivate var parents: [[Int32]] {
        var parents = [[Int32]](repeating: [], count: resources.count)
        for (position, resource) in resources.enumerated() {
            for dependent in resource.dependents { parents[Int(dependent)].append(Int32(position)) }
        }
        return parents
    }
}

extension ActivityGraph {
    /// The hooks of a resource in which there is work.
    fileprivate func activeHooks(of resource: Int) -> [Hook] {
        let hooks = Hook.allCases.count
        return activities[(resource * hooks)..<((resource + 1) * hooks)].filter { !$0.isBarrier }.map(\.hook)
    }
}
