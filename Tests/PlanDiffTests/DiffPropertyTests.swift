import CanonicalForm
import PlanDiff
import PlanIR
import PlanTestSupport
import SeededRandom
import Testing

/// Random plans and random changes of them: laws that every difference obeys.
struct DiffPropertyTests {
    /// A random plan as data, so that changes of it can be made.
    private struct Sketch {
        struct Item {
            var id: Int
            var type: Int
            var path: Int
            var level: Int
            var name: Int?
            var dependents: [Int]
        }
        var items: [Item]
        var keepLast: Int?
        var triggers: [Int]

        init(_ generator: inout SeededGenerator) {
            let count = Int.random(in: 1...9, using: &generator)
            items = (0..<count).map { position in
                let later = (position + 1..<max(position + 1, count)).filter { _ in
                    Int.random(in: 0..<4, using: &generator) == 0
                }
                return Item(
                    id: position, type: Int.random(in: 0..<2, using: &generator),
                    path: Int.random(in: 0..<6, using: &generator), level: Int.random(in: 1...3, using: &generator),
                    name: Bool.random(using: &generator) ? Int.random(in: 0..<3, using: &generator) : nil,
                    dependents: later)
            }
            keepLast = Bool.random(using: &generator) ? Int.random(in: 1...3, using: &generator) : nil
            triggers = (0..<Int.random(in: 0..<3, using: &generator)).map { $0 }
        }

        /// A number that no resource has.
        private var freeID: Int { 1 + (items.map(\.id).max() ?? 0) }

        mutating func change(_ generator: inout SeededGenerator) {
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                guard let position = items.indices.randomElement(using: &generator) else { return }
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: items[position].level = Int.random(in: 1...3, using: &generator)
                case 1: items[position].path = Int.random(in: 0..<6, using: &generator)
                case 2: items[position].id = freeID
                case 3 where items.count > 1:
                    items.remove(at: position)
                    // Numbers of dependents are positions.
                    for other in items.indices {
                        items[other].dependents = items[other].dependents.filter { $0 != position }
                            .map { $0 > position ? $0 - 1 : $0 }
                    }
                case 4: items[position].dependents = []
                case 5: keepLast = Int.random(in: 1...3, using: &generator)
                case 6: triggers = [Int.random(in: 0..<3, using: &generator)]
                default:
                    items.append(
                        Item(id: freeID, type: 0, path: 7, level: 1, name: nil, dependents: []))
                }
            }
        }

        var text: String {
            var lines = ""
            for item in items {
                lines += "  - id: r\(item.id)\n"
                lines += "    type: \(item.type == 0 ? "Host::FileSystem::Directory" : "Test::Thing")\n"
                if let name = item.name { lines += "    name: Name \(name)\n" }
                lines += "    properties: {path: /p\(item.path)}\n    parameters: {level: \(item.level)}\n"
                if !item.dependents.isEmpty {
                    let list = item.dependents.map { "r\(items[$0].id)" }.joined(separator: ", ")
                    lines += "    dependsOn: [\(list)]\n"
                }
            }
            if let keepLast { lines += "retention: {keepLast: \(keepLast)}\n" }
            if !triggers.isEmpty {
                lines += "triggers:\n"
                for trigger in triggers {
                    lines += "  - {name: t\(trigger), cron: \"\(trigger) * * * *\", operation: protect}\n"
                }
            }
            return lines
        }
    }

    /// What must be the same in both when the sides are exchanged.
    private func expectMirror(_ diff: PlanDiff, _ back: PlanDiff, _ place: Comment) {
        #expect(diff.resources.added == back.resources.removed, place)
        #expect(diff.resources.removed == back.resources.added, place)
        #expect(
            Set(diff.renamed.map { [$0.old, $0.new] }) == Set(back.renamed.map { [$0.new, $0.old] }), place)
        #expect(diff.edges.added == back.edges.removed && diff.edges.removed == back.edges.added, place)
        #expect(diff.triggers.added == back.triggers.removed && diff.triggers.removed == back.triggers.added, place)
        #expect(diff.plugins.added == back.plugins.removed && diff.plugins.removed == back.plugins.added, place)
        #expect(diff.isReordered == back.isReordered && diff.unchangedCount == back.unchangedCount, place)
        #expect(diff.retention == back.retention.map { ValueChange(path: $0.path, old: $0.new, new: $0.old) }, place)
        #expect(diff.isEmpty == back.isEmpty && diff.groups.count == back.groups.count, place)
    }

    @Test func lawsHold() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        var changed = 0
        for round in 0..<300 {
            let place: Comment = "seed \(seed), round \(round)"
            var sketch = Sketch(&generator)
            let old = try #require(CompiledPlans.ir(sketch.text), place)
            if Bool.random(using: &generator) {
                sketch = Sketch(&generator)
            } else {
                sketch.change(&generator)
            }
            let new = try #require(CompiledPlans.ir(sketch.text), place)
            #expect(PlanDiff(old: old, new: old).isEmpty, place)

            let diff = PlanDiff(old: old, new: new)
            expectMirror(diff, PlanDiff(old: new, new: old), place)
            // It is empty exactly when nothing but the sources is different.
            var same = new
            same.sources = old.sources
            #expect(diff.isEmpty == (same == old), place)
            if !diff.isEmpty { changed += 1 }

            // Every resource of either side is counted once.
            let kept = diff.resources.changed.count + diff.unchangedCount
            #expect(kept + diff.resources.added.count == new.resources.count, place)
            #expect(kept + diff.resources.removed.count == old.resources.count, place)
            // A change of a group is one of each of its members, and nothing is lost by grouping.
            let all = diff.resources.changed.reduce(0) { $0 + $1.changes.count }
            let grouped = diff.groups.reduce(0) { $0 + $1.resources.count * $1.changes.count }
            let single = diff.ungrouped.reduce(0) { $0 + $1.changes.count }
            #expect(all == grouped + single, place)
            #expect(diff.groups.allSatisfy { $0.resources.count > 1 }, place)
            for removed in diff.resources.removed {
                #expect(diff.losses.contains { $0.resources == [removed.identity] }, place)
            }
            #expect(try JSONValue(parsing: Array(DiffJSON.render(diff).utf8)).objectValue != nil, place)
        }
        #expect(changed > 100, "seed \(seed)")
    }
}
