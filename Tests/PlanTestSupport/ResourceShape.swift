package import SeededRandom

/// Shapes of resource graphs, each made at random, with parents and dependents in no order of their numbers.
package enum ResourceShape: String, CaseIterable, Sendable {
    /// Every resource but one has one parent.
    case tree
    /// Every resource has one parent or none.
    case forest
    /// Every resource has one parent, and one dependent.
    case chain
    /// Some are their own trees, and others are dependents of several parents.
    case sharedDependents
    /// Layers, with edges from each to the next.
    case layers
    /// Layers of two, each resource with both of the next layer.
    case diamonds
    /// A chain in which resources also name those that come later.
    case shortcuts
    /// Any two resources may depend on each other.
    case dense

    /// The dependents of each of at most `limit` resources.
    package func dependents(upTo limit: Int, _ generator: inout SeededGenerator) -> [[Int32]] {
        let count = Int.random(in: 1...limit, using: &generator)
        var lists = [[Int]](repeating: [], count: count)
        func isLikely(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
        switch self {
        case .tree: for child in 1..<max(1, count) { lists[Int.random(in: 0..<child, using: &generator)].append(child) }
        case .forest:
            for child in 1..<max(1, count) where isLikely(70) {
                lists[Int.random(in: 0..<child, using: &generator)].append(child)
            }
        case .chain: for child in 1..<max(1, count) { lists[child - 1].append(child) }
        case .sharedDependents:
            for child in 1..<max(1, count) {
                let parents = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    Int.random(in: 0..<child, using: &generator)
                }
                for parent in parents where !lists[parent].contains(child) { lists[parent].append(child) }
            }
        case .layers:
            let width = Int.random(in: 1...4, using: &generator)
            for parent in 0..<count {
                let layer = parent / width + 1
                for child in layer * width..<(layer + 1) * width where child < count && isLikely(60) {
                    lists[parent].append(child)
                }
            }
        case .diamonds:
            for parent in 0..<count {
                lists[parent] = [(parent / 2 + 1) * 2, (parent / 2 + 1) * 2 + 1].filter { $0 < count }
            }
        case .shortcuts:
            for parent in 0..<count {
                for child in (parent + 1)..<max(parent + 1, count) where child == parent + 1 || isLikely(15) {
                    lists[parent].append(child)
                }
            }
        case .dense:
            let percent = Int.random(in: 10...80, using: &generator)
            for parent in 0..<count {
                for child in (parent + 1)..<max(parent + 1, count) where isLikely(percent) {
                    lists[parent].append(child)
                }
            }
        }
        let numbers = (0..<count).shuffled(using: &generator)
        var shuffled = [[Int32]](repeating: [], count: count)
        for (parent, children) in lists.enumerated() {
            shuffled[numbers[parent]] = children.map { Int32(numbers[$0]) }.shuffled(using: &generator)
        }
        return shuffled
    }
}
