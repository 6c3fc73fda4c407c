internal import CanonicalForm
internal import PlanIR

/// Which resource of the old plan is which of the new one.
struct ResourceMatching {
    /// For each resource of the old plan its position in the new one, or `nil`.
    private(set) var newOfOld: [Int?]
    /// The reverse.
    private(set) var oldOfNew: [Int?]
    /// The pairs that have different ids, in the order of the new plan.
    private(set) var renames: [(old: Int, new: Int)] = []

    init(_ old: PlanIR, _ new: PlanIR) {
        newOfOld = Array(repeating: nil, count: old.resources.count)
        oldOfNew = Array(repeating: nil, count: new.resources.count)
        var positions: [String: Int] = [:]
        positions.reserveCapacity(new.resources.count)
        for (position, resource) in new.resources.enumerated() { positions[resource.identity] = position }
        for (position, resource) in old.resources.enumerated() {
            guard let other = positions[resource.identity] else { continue }
            newOfOld[position] = other
            oldOfNew[other] = position
        }
        findRenames(old, new)
    }

    private struct Key: Hashable {
        let type: String
        let properties: JSONObject
    }

    private struct Candidates {
        var old: [Int] = []
        var new: [Int] = []
    }

    /// Pairs what is left by type and properties: those of one name first, the others in order. Resources without
    /// properties are alike only if they share a name of their own or are the only ones left of their type.
    private mutating func findRenames(_ old: PlanIR, _ new: PlanIR) {
        var groups: [Key: Int] = [:]
        var candidates: [Candidates] = []
        for (position, resource) in old.resources.enumerated() where newOfOld[position] == nil {
            let key = Key(type: resource.type, properties: resource.properties)
            let group = groups[key, default: candidates.count]
            if group == candidates.count {
                groups[key] = group
                candidates.append(Candidates())
            }
            candidates[group].old.append(position)
        }
        for (position, resource) in new.resources.enumerated() where oldOfNew[position] == nil {
            guard let group = groups[Key(type: resource.type, properties: resource.properties)] else { continue }
            candidates[group].new.append(position)
        }
        for group in candidates where !group.new.isEmpty { pair(group, old, new) }
        renames.sort { $0.new < $1.new }
    }

    private mutating func pair(_ group: Candidates, _ old: PlanIR, _ new: PlanIR) {
        func ownName(_ resource: PlanIR.Resource) -> String? { resource.name == resource.id ? nil : resource.name }
        var named: [String: [Int]] = [:]
        for position in group.new.reversed() {
            if let name = ownName(new.resources[position]) { named[name, default: []].append(position) }
        }
        for position in group.old {
            guard let name = ownName(old.resources[position]), let other = named[name]?.popLast() else { continue }
            rename(position, other)
        }
        let left = group.old.filter { newOfOld[$0] == nil }
        let right = group.new.filter { oldOfNew[$0] == nil }
        guard let first = left.first, !right.isEmpty else { return }
        let saysNothing = old.resources[first].properties.isEmpty
        if saysNothing && (group.old.count > 1 || group.new.count > 1) { return }
        for (position, other) in zip(left, right) { rename(position, other) }
    }

    private mutating func rename(_ old: Int, _ new: Int) {
        newOfOld[old] = new
        oldOfNew[new] = old
        renames.append((old, new))
    }
}
