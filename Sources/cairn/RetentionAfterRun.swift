import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import PlanIR
import Retention
import Wording

/// Whether a run that has made a checkpoint applies the plan's retention policy.
struct RetentionOption: ParsableArguments {
    @Flag(name: .customLong("no-retain"), help: "Remove no older checkpoints afterwards, whatever the plan's policy.")
    var isOff = false
}

/// What has become of the retention policy behind a protect run.
enum RetentionAfterRun: Sendable {
    /// The plan has no policy.
    case none
    /// The command line forbids it.
    case off
    /// The run did not succeed: nothing is removed on the strength of a failed run.
    case skipped
    case applied(RetentionReport)
    /// It could not be applied, or not to the end.
    case failed(String)

    /// Applies the policy of `ir` after a run that ended with `report`. A failure is told and thrown nowhere: the
    /// checkpoint is there all the same.
    static func apply(
        _ option: RetentionOption, _ ir: PlanIR, provider: String, after report: ProtectReport,
        _ environment: ExecutionEnvironment
    ) async -> RetentionAfterRun {
        guard report.commit.status == .available, !report.wasCancelled else { return .skipped }
        if option.isOff { return .off }
        do {
            let policy = try RetentionPolicy(ir)
            if policy.keepsEverything { return .none }
            return .applied(
                try await environment.leased(goesByAge: true) { environment in
                    try await environment.retention(ir.plan, provider, policy).run()
                })
        } catch is CancellationError {
            return .failed("it was interrupted")
        } catch {
            return .failed(String(describing: error))
        }
    }

    /// Lines for people; empty when there is nothing to say.
    func words(plan: String) -> String {
        switch self {
        case .none, .off, .skipped: return ""
        case .applied(let report):
            var text = ""
            if report.removed > 0 { text += "retention: \(report.summary(dryRun: false))" }
            for checkpoint in report.checkpoints {
                guard case .failed(let reason) = checkpoint.outcome else { continue }
                text += "notice: retention could not remove checkpoint \(checkpoint.id): \(Words.harmless(reason))\n"
            }
            return text
        case .failed(let reason):
            return ProposedCommands.naming(
                "notice: the retention policy was not applied, or not to the end: \(Words.harmless(reason)); the "
                    + "checkpoint is available all the same, and 'cairn retain --plan \(plan)' applies the policy\n")
        }
    }

    var json: JSONValue {
        switch self {
        case .none: ["status": "none"]
        case .off: ["status": "off"]
        case .skipped: ["status": "skipped"]
        case .applied(let report):
            [
                "status": report.failed == 0 ? "applied" : "incomplete", "removed": .integer(Int64(report.removed)),
                "failed": .integer(Int64(report.failed)),
                "kept": .integer(Int64(report.checkpoints.count - report.removed)),
            ]
        case .failed(let reason): ["status": "failed", "message": .string(reason)]
        }
    }
}
