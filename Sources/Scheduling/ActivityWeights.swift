package import PlanIR

/// How long each activity of a graph is taken to last, in whole nanoseconds.
///
/// What does no work lasts no time: barriers, the start and the finish. Sums of durations saturate instead of
/// overflowing: what would last longer than 292 years is said to last so long.
package struct ActivityWeights: Sendable, Hashable {
    /// A second.
    package static let second: Int64 = 1_000_000_000

    /// The durations by activity number.
    package let nanoseconds: [Int64]

    /// Weights that `duration` gives for each activity that works; a negative duration counts as none.
    package init(_ graph: ActivityGraph, _ duration: (Int32, ActivityGraph.Activity) -> Int64) {
        var nanoseconds = [Int64](repeating: 0, count: graph.count)
        for (position, activity) in graph.activities.enumerated() where !activity.isBarrier {
            let number = ActivityGraph.fixedCount + Int32(position)
            nanoseconds[Int(number)] = max(0, duration(number, activity))
        }
        self.nanoseconds = nanoseconds
    }

    /// A second for each activity that works.
    package static func unit(_ graph: ActivityGraph) -> ActivityWeights {
        ActivityWeights(graph) { _, _ in second }
    }

    /// The duration of an activity.
    package subscript(number: Int32) -> Int64 { nanoseconds[Int(number)] }

    /// The time that all activities take one after the other.
    package var total: Int64 { nanoseconds.reduce(0) { $0.addingSaturated($1) } }

    /// The length of the longest path from the beginning of each activity to the end of all, by activity number: what
    /// the order in which activities are taken goes by. Activities on a cycle, and what leads only to them, count as if
    /// they led nowhere.
    package func remainingPaths(_ graph: ActivityGraph, in order: [Int32]) -> [Int64] {
        var paths = nanoseconds
        for number in order.reversed() {
            var longest: Int64 = 0
            for edge in Int(graph.offsets[Int(number)])..<Int(graph.offsets[Int(number) + 1]) {
                longest = max(longest, paths[Int(graph.targets[edge])])
            }
            paths[Int(number)] = longest.addingSaturated(nanoseconds[Int(number)])
        }
        return paths
    }
}

extension Int64 {
    /// The sum, or the largest number when it does not fit.
    package func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
