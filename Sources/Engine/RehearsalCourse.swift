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
    /// the checkpoint is deleted. With `keeps` it stays, and when anything failed it stays for a while, for people to look at.
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
        if keeps {
            await rehearsal.keepCheckpoint(&report)
        } else if report.isProven(acceptsVerified: true) {
            await rehearsal.deleteCheckpoint(&report)
        } else {
            // So that it can be looked into; but every night one more would fill the bank.
            await rehearsal.leaveCheckpoint(&report)
        }
        return report
    }
}
