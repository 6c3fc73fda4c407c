internal import PlanIR
package import RunRecords
internal import Scheduling
package import Timings

extension Drawing {
    /// The number that an activity has in the graph of its operation.
    private func number(_ node: Node) -> Int32 {
        switch node.kind {
        case .start: ActivityGraph.start
        case .finish: ActivityGraph.finish
        case .resource, .activity: ActivityOrder.number(node.resource, node.hook)
        }
    }

    /// Sets what is said of a node.
    mutating func note(_ text: String, at position: Int) {
        guard !text.isEmpty else { return }
        nodes[position].note = Int32(notes.count)
        notes.append(text)
    }

    /// Marks the longest path through the operation by these durations. In the resource view, a resource is on it when
    /// one of its activities is.
    package mutating func markCriticalPath(_ estimate: EstimatedWeights) throws(ViewError) {
        let path: CriticalPath
        do { path = try CriticalPath(plan.graph(operation), estimate.weights) } catch {
            throw .cyclic("the critical path")
        }
        let isMeasured = estimate.measured > 0
        switch view {
        case .activities:
            var isOnPath = [Bool](repeating: false, count: plan.graph(operation).count)
            for number in path.activities { isOnPath[Int(number)] = true }
            for position in nodes.indices {
                let number = number(nodes[position])
                if isOnPath[Int(number)] { nodes[position].marks.insert(.critical) }
                let weight = estimate.weights[number]
                if isMeasured && weight > 0 {
                    let isGuessed = estimate.origins[Int(number)] != .given
                    note((isGuessed ? "≈ " : "") + DurationWords.text(weight), at: position)
                }
            }
            let drawn = Set(nodes.map { self.number($0) })
            markEdges(alongPath: path.activities.filter(drawn.contains))
        case .resources:
            var isOnPath = [Bool](repeating: false, count: plan.resources.count)
            for number in path.activities {
                if let activity = plan.graph(operation).activity(number) { isOnPath[Int(activity.resource)] = true }
            }
            for position in nodes.indices where isOnPath[Int(nodes[position].resource)] {
                nodes[position].marks.insert(.critical)
            }
            for position in edges.indices
            where isOnPath[Int(nodes[Int(edges[position].from)].resource)]
                && isOnPath[Int(nodes[Int(edges[position].to)].resource)]
            {
                edges[position].marks.insert(.critical)
            }
        }
        captions.append(
            isMeasured
                ? "critical path of \(DurationWords.text(path.length))"
                : "critical path of \(path.length / ActivityWeights.second) activities")
    }

    private mutating func markEdges(alongPath path: [Int32]) {
        var next: [Int32: Int32] = [:]
        for (number, following) in zip(path, path.dropFirst()) { next[number] = following }
        for position in edges.indices {
            let from = number(nodes[Int(edges[position].from)])
            if next[from] == number(nodes[Int(edges[position].to)]) { edges[position].marks.insert(.critical) }
        }
    }

    /// Marks what became of everything in a run. In the resource view, a resource is as its worst activity.
    package mutating func mark(_ record: RunRecord) {
        let outcomes = record.outcomes(of: plan.graph(operation), in: plan)
        switch view {
        case .activities:
            for position in nodes.indices {
                guard let outcome = outcomes[Int(number(nodes[position]))] else { continue }
                nodes[position].marks.insert(Self.mark(outcome.state))
                note(Self.words(outcome.duration, outcome.message), at: position)
            }
        case .resources:
            for position in nodes.indices {
                let all = Hook.allCases.compactMap { hook in
                    outcomes[Int(ActivityOrder.number(nodes[position].resource, hook))]
                }
                guard !all.isEmpty else { continue }
                let marks = all.reduce(into: Marks()) { $0.insert(Self.mark($1.state)) }
                let worst: [Marks] = [.failed, .cancelled, .running, .skipped, .done]
                if let mark = worst.first(where: { marks.contains($0) }) { nodes[position].marks.insert(mark) }
                let durations = all.compactMap(\.duration)
                let total = durations.isEmpty ? nil : durations.reduce(Int64(0)) { $0.addingSaturated($1) }
                note(Self.words(total, all.first { $0.state == .failed }?.message ?? ""), at: position)
            }
        }
        captions.append(record.end.map { "run \(record.checkpoint): \($0.status)" } ?? "run \(record.checkpoint)")
    }

    private static func mark(_ state: RunRecord.State?) -> Marks {
        switch state {
        case .done: .done
        case .failed: .failed
        case .cancelled, .reverted: .cancelled
        case .running: .running
        case nil: .skipped
        }
    }

    private static func words(_ duration: Int64?, _ message: String) -> String {
        [duration.map { DurationWords.text($0) }, message.isEmpty ? nil : message]
            .compactMap { $0 }.joined(separator: ": ")
    }
}
