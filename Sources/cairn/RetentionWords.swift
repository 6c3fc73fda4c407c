import CanonicalForm
import Checkpoints
import Engine
import PlanIR
import Retention
import Schedules
import Wording

extension RetentionReport {
    /// A line for each checkpoint: what becomes of it, and why.
    func table(dryRun: Bool) -> String {
        Words.table(
            ["CHECKPOINT", "CREATED", "STATUS", dryRun ? "WOULD" : "DONE", "REASON"],
            checkpoints.map { checkpoint in
                [
                    checkpoint.id.text, checkpoint.created.description, checkpoint.status.rawValue,
                    checkpoint.word(dryRun: dryRun), Words.harmless(reason(checkpoint)),
                ]
            })
    }

    /// One line about all of them.
    func summary(dryRun: Bool) -> String {
        if policy.keepsEverything { return "the plan '\(plan)' has no retention policy, so all its checkpoints stay\n" }
        let going = dryRun ? checkpoints.count { $0.outcome == .toGo } : removed
        var text =
            "\(Words.count(going, "checkpoint")) of plan '\(plan)' \(dryRun ? "would be" : going == 1 ? "was" : "were")"
        text += " removed, \(checkpoints.count - going) \(checkpoints.count - going == 1 ? "stays" : "stay")"
        if failed > 0 {
            text += ProposedCommands.naming("; \(failed) could not be removed: 'cairn gc' and 'cairn delete' try again")
        }
        return text + "\n"
    }

    private func reason(_ checkpoint: RetainedCheckpoint) -> String {
        switch checkpoint.outcome {
        case .spared(let reason), .failed(let reason): reason
        default: words(checkpoint).joined(separator: "; ")
        }
    }

    private func words(_ checkpoint: RetainedCheckpoint) -> [String] {
        checkpoint.decision.words(policy, in: zone)
    }

    func json(dryRun: Bool) -> JSONObject {
        [
            "plan": .string(plan), "timezone": .string(policy.timeZone), "dryRun": .bool(dryRun),
            "removed": .integer(Int64(removed)), "failed": .integer(Int64(failed)),
            "checkpoints": .array(
                checkpoints.map { checkpoint in
                    var object: JSONObject = [
                        "checkpoint": .string(checkpoint.id.text), "created": .string(checkpoint.created.description),
                        "status": .string(checkpoint.status.rawValue),
                        "decision": checkpoint.decision.isKept ? "keep" : "remove",
                        "outcome": .string(checkpoint.outcome.code),
                        "reasons": checkpoint.decision.json(policy, in: zone),
                    ]
                    switch checkpoint.outcome {
                    case .spared(let message), .failed(let message): object["message"] = .string(message)
                    default: break
                    }
                    return .object(object)
                }),
        ]
    }
}

extension RetentionDecision {
    /// All reasons, in a few words each.
    func words(_ policy: RetentionPolicy, in zone: TimeZoneRules) -> [String] {
        let moment = RetentionMoment(milliseconds: candidate.created, in: zone)
        return reasons.map { $0.words(policy, at: moment) }
    }

    /// All reasons, for programs.
    func json(_ policy: RetentionPolicy, in zone: TimeZoneRules) -> JSONValue {
        .array(
            zip(reasons, words(policy, in: zone)).map { ["code": .string($0.code), "words": .string($1)] })
    }
}

extension RetainedCheckpoint {
    fileprivate func word(dryRun: Bool) -> String {
        switch outcome {
        case .kept, .spared: dryRun ? "stay" : "stays"
        case .toGo: dryRun ? "go" : "goes"
        case .removed: "removed"
        case .marked: "marked"
        case .failed: "failed"
        }
    }
}

extension RetainedCheckpoint.Outcome {
    /// A word for programs.
    fileprivate var code: String {
        switch self {
        case .kept: "kept"
        case .toGo: "toGo"
        case .removed: "removed"
        case .marked: "marked"
        case .spared: "spared"
        case .failed: "failed"
        }
    }
}
