package import Checkpoints
package import PlanIR

/// A place of its own that a rehearsal restores into.
package protocol ScratchPlace: Sendable {
    /// The empty directory to restore into.
    var content: String { get }

    /// Removes it with all that is in it, also when the task was cancelled.
    func remove() async throws
}

extension Rehearsal {
    /// A rehearsal from its beginning to its end: in a place that `making` makes and that is removed whatever happens; then
    /// the checkpoint is deleted. With `keeps`, or when anything failed, it stays for people to look at.
    ///
    /// What is thrown leaves the checkpoint to the next rehearsal of the plan, or to the garbage collection.
    package static func run(
        _ environment: ExecutionEnvironment, ir: PlanIR, irBytes: [UInt8], earlier: CommitRecord? = nil, keeps: Bool,
        making: () async throws -> any ScratchPlace
    ) async throws -> RehearsalReport {
        let scratch = try await making()
        let rehearsal = Rehearsal(environment, ir: ir, irBytes: irBytes, scratch: scratch.content)
        let result: Result<RehearsalReport, any Error>
        do { result = .success(try await rehearsal.run(earlier: earlier)) } catch { result = .failure(error) }
        var fault: String?
        do { try await scratch.remove() } catch {
            fault = String(describing: error)
            environment.observer.observe(.noticed(String(describing: error)))
        }
        var report = try result.get()
        if let fault { report.failures.append(fault) }
        // One that failed is kept, so that it can be looked into.
        if !keeps && report.isProven(acceptsVerified: true) {
            await rehearsal.deleteCheckpoint(&report)
        } else {
            await rehearsal.keepCheckpoint(&report)
        }
        return report
    }
}
