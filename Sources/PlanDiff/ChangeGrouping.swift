internal import PlanIR

/// Finds the changes that several resources of one type have in common: a plan's or a provider's parameters for a type
/// change all of them at once, and a reviewer wants to read that once.
enum ChangeGrouping {
    private struct Key: Hashable {
        let type: String
        let change: PlanDiff.FieldChange
    }

    private struct Members: Hashable {
        let type: String
        let positions: [Int]
    }

    static func groups(of diff: PlanDiff, _ old: PlanIR, _ matching: ResourceMatching) -> [PlanDiff.ChangeGroup] {
        var numbers: [Key: Int] = [:]
        var found: [(key: Key, positions: [Int])] = []
        for (position, resource) in diff.resources.changed.enumerated() {
            for change in resource.changes where change.aspect.isShared {
                let key = Key(type: resource.type, change: change)
                let number = numbers[key, default: found.count]
                if number == found.count {
                    numbers[key] = number
                    found.append((key, []))
                }
                found[number].positions.append(position)
            }
        }
        var known: [Members: Int] = [:]
        var groups: [PlanDiff.ChangeGroup] = []
        var totals: [String: Int] = [:]
        for (position, resource) in old.resources.enumerated() where matching.newOfOld[position] != nil {
            totals[resource.type, default: 0] += 1
        }
        for entry in found where entry.positions.count > 1 {
            let members = Members(type: entry.key.type, positions: entry.positions)
            if let number = known[members] {
                groups[number].changes.append(entry.key.change)
                continue
            }
            known[members] = groups.count
            groups.append(
                PlanDiff.ChangeGroup(
                    type: entry.key.type, resources: entry.positions.map { diff.resources.changed[$0].identity },
                    isWholeType: entry.positions.count == totals[entry.key.type], changes: [entry.key.change]))
        }
        return groups
    }
}

extension PlanDiff {
    /// The changed resources with what no group says of them; those of which nothing is left are not in it.
    package var ungrouped: [ChangedResource] {
        var grouped: [String: Set<FieldChange>] = [:]
        for group in groups {
            for identity in group.resources { grouped[identity, default: []].formUnion(group.changes) }
        }
        return resources.changed.compactMap { resource in
            guard let shared = grouped[resource.identity] else { return resource }
            var rest = resource
            rest.changes.removeAll { shared.contains($0) }
            return rest.changes.isEmpty ? nil : rest
        }
    }
}
