/// The dependents of every resource of a graph as flat arrays: those of resource `r` are
/// `targets[offsets[r]..<offsets[r + 1]]`.
package struct DependentLists: Sendable, Hashable {
    /// Where each resource's dependents begin; one more element than there are resources.
    package let offsets: [Int32]
    package let targets: [Int32]

    package init(offsets: [Int32], targets: [Int32]) {
        self.offsets = offsets
        self.targets = targets
    }

    /// The same graph as a list for each resource.
    package init(_ lists: some Sequence<[Int32]>) {
        var offsets: [Int32] = [0]
        var targets: [Int32] = []
        offsets.reserveCapacity(lists.underestimatedCount + 1)
        for list in lists {
            targets.append(contentsOf: list)
            offsets.append(Int32(targets.count))
        }
        self.init(offsets: offsets, targets: targets)
    }

    /// The number of resources.
    package var count: Int { offsets.count - 1 }

    /// Where the dependents of a resource are in `targets`.
    package func span(_ resource: Int) -> Range<Int> { Int(offsets[resource])..<Int(offsets[resource + 1]) }

    /// A resource that lies on a cycle or behind one, `nil` when there is no cycle.
    package var cycleMember: Int? {
        var waiting = [Int32](repeating: 0, count: count)
        for target in targets { waiting[Int(target)] += 1 }
        var ready: [Int32] = []
        ready.reserveCapacity(count)
        for resource in 0..<Int32(count) where waiting[Int(resource)] == 0 { ready.append(resource) }
        var done = 0
        while let next = ready.popLast() {
            done += 1
            for position in span(Int(next)) {
                let child = targets[position]
                waiting[Int(child)] -= 1
                if waiting[Int(child)] == 0 { ready.append(child) }
            }
        }
        return done < count ? waiting.firstIndex { $0 > 0 } : nil
    }
}
