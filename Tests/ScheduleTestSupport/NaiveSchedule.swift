package import PlanIR
package import Scheduling

/// What may run next, worked out anew from the edges each time, as slowly and plainly as possible.
package struct NaivePlan {
    package let graph: ActivityGraph
    package let weights: ActivityWeights
    /// The predecessors of each activity.
    package let before: [Set<Int32>]
    package private(set) var done: Set<Int32> = []
    package private(set) var running: Set<Int32> = []
    private let paths: [Int64]
    /// How much each activity comes before those of lower ranks.
    private let ranks: [Int]

    package init(_ graph: ActivityGraph, _ weights: ActivityWeights? = nil) {
        self.graph = graph
        let weights = weights ?? ActivityWeights(graph) { _, _ in 1 }
        self.weights = weights
        var before = [Set<Int32>](repeating: [], count: graph.count)
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) { before[Int(target)].insert(origin) }
        }
        self.before = before
        // Lengthened until nothing changes any more.
        var paths = [Int64](repeating: 0, count: graph.count)
        var changed = true
        while changed {
            changed = false
            for number in 0..<Int32(graph.count) {
                let path = (graph.successors(of: number).map { paths[Int($0)] }.max() ?? 0) + weights[number]
                if path != paths[Int(number)] { (paths[Int(number)], changed) = (path, true) }
            }
        }
        self.paths = paths
        ranks = Self.ranks(graph, before)
        settle()
    }

    /// 2 for what lies in a quiet window, 1 for what opens one, 0 for the rest.
    private static func ranks(_ graph: ActivityGraph, _ before: [Set<Int32>]) -> [Int] {
        var above = before
        for _ in above.indices {
            for number in above.indices {
                above[number] = above[number].reduce(above[number]) { $0.union(above[Int($1)]) }
            }
        }
        let all = (0..<Int32(graph.count))
        func find(_ resource: Int32, _ hook: Hook) -> Int32? {
            all.first {
                graph.activity($0).map { $0.resource == resource && $0.hook == hook && !$0.isBarrier } ?? false
            }
        }
        let windows = Set(graph.activities.map(\.resource)).compactMap { resource -> (begin: Int32, end: Int32)? in
            guard let begin = find(resource, .prepareBegin),
                let end = find(resource, .prepareFinish) ?? find(resource, .complete)
            else { return nil }
            return (begin, end)
        }
        return all.map { number in
            guard let activity = graph.activity(number), !activity.isBarrier else { return 0 }
            if activity.hook == .prepareBegin {
                if windows.contains(where: { above[Int(number)].contains($0.begin) }) { return 2 }
                return windows.contains { $0.begin == number } ? 1 : 0
            }
            return windows.contains { $0.end == number || above[Int($0.end)].contains(number) } ? 2 : 0
        }
    }

    package func isWork(_ number: Int32) -> Bool { graph.activity(number).map { !$0.isBarrier } ?? false }

    package func isOpen(_ number: Int32) -> Bool { !done.contains(number) && before[Int(number)].isSubset(of: done) }

    /// The length of the longest path from an activity on.
    package func remaining(_ number: Int32) -> Int64 { paths[Int(number)] }

    package var ready: Set<Int32> {
        Set((0..<Int32(graph.count)).filter { isWork($0) && isOpen($0) && !running.contains($0) })
    }

    /// The one to take: of those with the highest rank and then the longest remaining path the lowest number.
    package var best: Int32? {
        let highest = ready.map { ranks[Int($0)] }.max()
        let ready = ready.filter { ranks[Int($0)] == highest }
        let longest = ready.map(remaining).max()
        return ready.filter { remaining($0) == longest }.min()
    }

    package mutating func take(_ number: Int32) { running.insert(number) }

    package mutating func finish(_ number: Int32) {
        running.remove(number)
        done.insert(number)
        settle()
    }

    package mutating func fail(_ number: Int32) { running.remove(number) }

    private mutating func settle() {
        while let next = (0..<Int32(graph.count)).first(where: { !isWork($0) && isOpen($0) }) { done.insert(next) }
    }
}

/// A schedule, found by looking at every worker at every moment at which anything ends.
package struct NaiveSchedule {
    package struct Turn: Hashable {
        package let activity: Int32
        package let lane: Int
        package let start: Int64
        package let end: Int64

        package init(activity: Int32, lane: Int, start: Int64, end: Int64) {
            self.activity = activity
            self.lane = lane
            self.start = start
            self.end = end
        }
    }

    package private(set) var turns: [Turn] = []

    package init(_ graph: ActivityGraph, jobs: Int, _ weights: ActivityWeights) {
        var plan = NaivePlan(graph, weights)
        var workers = [Turn?](repeating: nil, count: jobs)
        var now: Int64 = 0
        while true {
            while let lane = workers.firstIndex(of: nil), let next = plan.best {
                plan.take(next)
                let turn = Turn(activity: next, lane: lane, start: now, end: now + weights[next])
                workers[lane] = turn
                turns.append(turn)
            }
            guard let next = workers.compactMap({ $0?.end }).min() else { return }
            now = next
            for (lane, turn) in workers.enumerated() {
                guard let turn, turn.end == now else { continue }
                plan.finish(turn.activity)
                workers[lane] = nil
            }
        }
    }
}
