import Foundation
import Synchronization
import Testing

/// Whether Thread Sanitizer sees what it should, and only that: part of the build of scripts/test-sanitize alone.
@Suite struct SanitizerTests {
    private final class Guarded: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    private final class Unguarded: @unchecked Sendable {
        var number = 0
    }

    /// Threads that all want one lock at the same time, so that it is handed over by the kernel.
    private static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread {
                            body(number)
                            continuation.resume()
                        }.start()
                    }
                }
            }
        }
    }

    @Test func whatALockGuardsIsNoRace() async {
        let guarded = Guarded()
        await Self.onThreads(8) { number in
            for step in 0..<5000 {
                guarded.numbers.withLock { numbers in
                    if numbers.count > 50 { numbers = [] }
                    numbers.append(number * step)
                }
            }
        }
        #expect(guarded.numbers.withLock { !$0.isEmpty })
    }

    /// Run by the script alone, which wants to be told of it.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["CAIRN_PLANT_RACE"] == "1", "scripts/test-sanitize does"))
    func whatNoLockGuardsIsARace() async {
        let unguarded = Unguarded()
        await Self.onThreads(4) { _ in
            for _ in 0..<1000 { unguarded.number += 1 }
        }
        #expect(unguarded.number > 0)
    }
}
