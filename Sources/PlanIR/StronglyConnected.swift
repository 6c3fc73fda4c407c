/// Tarjan's strongly connected components, without recursion.
package enum StronglyConnected {
    /// The components, each ascending, ordered by their first member.
    package static func components(
        count: Int, successors: (Int) -> Int, successor: (Int, Int) -> Int
    ) -> [[Int]] {
        var index = [Int](repeating: -1, count: count)
        var low = [Int](repeating: 0, count: count)
        var onStack = [Bool](repeating: false, count: count)
        var stack: [Int] = []
        var calls: [(node: Int, next: Int)] = []
        var counter = 0
        var components: [[Int]] = []
        for root in 0..<count where index[root] < 0 {
            calls.append((root, 0))
            while let call = calls.last {
                let node = call.node
                if call.next == 0 {
                    index[node] = counter
                    low[node] = counter
                    counter += 1
                    stack.append(node)
                    onStack[node] = true
                }
                if call.next < successors(node) {
                    calls[calls.count - 1].next += 1
                    let target = successor(node, call.next)
                    if index[target] < 0 {
                        calls.append((target, 0))
                    } else if onStack[target] {
                        low[node] = min(low[node], index[target])
                    }
                    continue
                }
                calls.removeLast()
                if let parent = calls.last { low[parent.node] = min(low[parent.node], low[node]) }
                if low[node] == index[node] {
                    var component: [Int] = []
                    while let member = stack.popLast() {
                        onStack[member] = false
                        component.append(member)
                        if member == node { break }
                    }
                    components.append(component.sorted())
                }
            }
        }
        return components.sorted { $0[0] < $1[0] }
    }
}
