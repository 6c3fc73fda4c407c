import Engine
import Foundation
import PlanIR
import PluginKit
@testable import RunDisplay
import SeededRandom
import Testing
import Wording

private func activity(_ resource: Int, _ hook: Hook = .main, _ name: String? = nil) -> EventActivity {
    EventActivity(resource: resource, identity: name ?? "Host::FileSystem::Directory#r\(resource)", hook: hook)
}

private func beginning(_ resources: Int, bytes: Int64? = nil, nanoseconds: Int64? = nil) -> RunEvent {
    .began(
        RunBeginning(
            operation: .protect, id: "x", checkpoint: "x", plan: "shop", provider: "local", resources: resources,
            activities: resources * 4, jobs: 4, expectedBytes: bytes, expectedNanoseconds: nanoseconds))
}

private func seconds(_ count: Int64) -> Int64 { count * 1_000_000_000 }

@Suite("The picture of a run") struct RunViewTests {
    @Test("counts resources by how far they have come") func phases() {
        var view = RunView()
        view.take(beginning(6), at: 0)
        view.take(.activityStarted(activity(0, .prepareBegin), attempt: 1), at: 1)
        view.take(.activityStarted(activity(1), attempt: 1), at: 1)
        view.take(.activityStarted(activity(2, .complete), attempt: 1), at: 1)
        view.take(.activityFinished(activity(2, .complete)), at: 2)
        view.take(.resourceFinished(resource: 2, identity: "x", contentBytes: 0), at: 2)
        view.take(.activityStarted(activity(3), attempt: 1), at: 1)
        view.take(.activityFailed(activity(3), message: "no"), at: 3)
        // What failed stays so, and what is not of the plan disturbs nothing.
        view.take(.activityStarted(activity(3, .complete), attempt: 1), at: 4)
        view.take(.activityStarted(activity(99), attempt: 1), at: 4)
        view.take(.advanced(resource: 99, bytes: 5), at: 4)
        view.take(.expected(resource: -1 + 100, bytes: 5), at: 4)
        #expect(RunView.Phase.allCases.map { view.count($0) } == [2, 1, 1, 0, 1, 1])
    }

    @Test("is whole for any events in any order") func randomEvents() {
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var view = RunView()
            view.take(beginning(5, bytes: seed % 3 == 0 ? 100 : nil), at: 0)
            for step in 0..<60 {
                let resource = Int.random(in: 0..<6, using: &random)
                let hook = Hook.allCases[Int.random(in: 0..<4, using: &random)]
                let events: [RunEvent] = [
                    .activityStarted(activity(resource, hook), attempt: 1), .activityFinished(activity(resource, hook)),
                    .activityFailed(activity(resource, hook), message: "no"), .activityCancelled(activity(resource)),
                    .activityAdopted(activity(resource, hook)),
                    .expected(resource: resource, bytes: .random(in: -5...500, using: &random)),
                    .advanced(resource: resource, bytes: .random(in: -300...300, using: &random)),
                    .resourceFinished(resource: resource, identity: "x", contentBytes: 1), .reverting(resources: 2),
                ]
                view.take(events[Int.random(in: 0..<events.count, using: &random)], at: Int64(step) * 10_000_000)
                view.measure(at: Int64(step) * 10_000_000)
                #expect(RunView.Phase.allCases.reduce(0) { $0 + view.count($1) } == 5, "seed \(seed)")
                let (columns, rows) = (Int.random(in: 1...120, using: &random), Int.random(in: 1...20, using: &random))
                let frame = Frame(view, at: Int64(step) * 10_000_000, columns: columns, rows: rows)
                let lines = frame.text(colored: false)
                #expect(lines.count <= max(1, rows - 1), "seed \(seed)")
                #expect(lines.allSatisfy { Words.columns(of: $0) <= max(1, columns - 1) }, "seed \(seed)")
            }
        }
    }

    @Test("shows totals, rates and what is left") func figures() {
        var view = RunView()
        view.take(beginning(2, bytes: 4 << 20), at: 0)
        view.take(.activityStarted(activity(0), attempt: 1), at: 0)
        view.take(.activityStarted(activity(1, .main, "T::U#ev\u{1B}[2Jil"), attempt: 3), at: seconds(1))
        for second in Int64(1)...3 {
            view.take(.advanced(resource: 0, bytes: 1 << 20), at: seconds(second))
            view.measure(at: seconds(second))
        }
        let lines = Frame(view, at: seconds(3), columns: 100, rows: 10).text(colored: false)
        #expect(
            lines == [
                "protect shop  3.0 s  3.0 MiB of 4.0 MiB  1.0 MiB/s  about 1.0 s left",
                "0/2 resources  2 copying",
                "              main  3.0 MiB  1.0 MiB/s  3.0 s  Host::FileSystem::Directory#r0",
                "  main (attempt 3)                      2.0 s  T::U#ev␛[2Jil",
            ])
        let small = Frame(view, at: seconds(3), columns: 24, rows: 4).text(colored: false)
        #expect(small.count == 3 && small[2] == "  and 2 more")
        let colored = Frame(view, at: seconds(3), columns: 100, rows: 2).text(colored: true)
        #expect(colored.count == 1 && colored[0].hasPrefix("\u{1B}[1mprotect shop\u{1B}[m"))
    }

    @Test("tells what is left by earlier runs at first, and by this one's pace later") func left() throws {
        var view = RunView()
        view.take(beginning(10, nanoseconds: seconds(100)), at: 0)
        #expect(
            Frame(view, at: seconds(1), columns: 99, rows: 9).text(colored: false)[0].hasSuffix("about 1 min 39 s left")
        )
        for resource in 0..<5 {
            for hook in Hook.allCases {
                view.take(.activityStarted(activity(resource, hook), attempt: 1), at: 0)
                view.take(.activityFinished(activity(resource, hook)), at: seconds(20))
            }
        }
        // Half of it took 20 s; by earlier runs, 80 s are left.
        #expect(
            Frame(view, at: seconds(20), columns: 99, rows: 9).text(colored: false)[0].hasSuffix("about 50.0 s left"))
        var unknown = RunView()
        unknown.take(beginning(10), at: 0)
        #expect(!Frame(unknown, at: seconds(9), columns: 99, rows: 9).text(colored: false)[0].contains("left"))
    }

    @Test("costs as much for each event of a large run as of a small one") func growth() {
        func cost(_ resources: Int) -> Duration {
            var best = Duration.seconds(1000)
            for _ in 0..<3 {
                let activities = (0..<resources).map { activity($0) }
                var view = RunView()
                let start = ContinuousClock.now
                view.take(beginning(resources), at: 0)
                for activity in activities {
                    view.take(.activityStarted(activity, attempt: 1), at: 1)
                    view.take(.advanced(resource: activity.resource, bytes: 9), at: 1)
                    view.take(.activityFinished(activity), at: 2)
                }
                best = min(best, ContinuousClock.now - start)
            }
            return best
        }
        let (small, large) = (cost(2000), cost(20_000))
        #expect(large < small * 25, "\(small), \(large)")
    }
}
