import Bank
import CanonicalForm

/// What a listing says of one restore or verification.
package struct OperationSummary: Sendable, Hashable {
    package let id: CheckpointID
    /// How it stands, `nil` when its records cannot be read.
    package let standing: OperationStanding?
    package let status: OperationStatus
    /// Why it is not `success`, where there is something to say.
    package let message: String
    /// Whether its checkpoint is not there any more.
    package var isOrphaned = false

    /// What was asked for, `nil` when that cannot be read.
    package var index: OperationIndex? { standing?.index }
    /// How it ended, `nil` while it has not.
    package var commit: OperationCommit? { standing.flatMap { $0.isOpen ? nil : $0.commit } }
    /// Whether `cairn resume` goes on with it: a restore that failed or was cut off, or a verification that was cut off.
    package var isResumable: Bool {
        guard status == .fail, !isOrphaned, let standing else { return false }
        return standing.index.kind == "restore" || (standing.index.kind == "verify" && standing.isOpen)
    }
}

extension CheckpointCollection {
    /// The restores and verifications, newest first; at most `limit`.
    package func operations(limit: Int = .max) async throws -> [OperationSummary] {
        var summaries: [OperationSummary] = []
        for id in try await operationIDs() { summaries.append(try await operation(id)) }
        summaries.sort { a, b in
            let (first, second) = (a.index?.started.milliseconds ?? 0, b.index?.started.milliseconds ?? 0)
            return (first, a.id) > (second, b.id)
        }
        return Array(summaries.prefix(limit))
    }

    /// The restore or verification whose id begins with `prefix`.
    package func operation(prefix: String) async throws -> OperationSummary {
        let ids = try await operationIDs(prefix: prefix)
        switch ids.count {
        case 0: throw CheckpointError.unknownOperation(prefix)
        case 1: return try await operation(ids[0])
        default: throw CheckpointError.ambiguous(prefix, ids)
        }
    }

    /// The ids of all operations, or of those that begin so, ascending.
    package func operationIDs(prefix: String? = nil) async throws -> [CheckpointID] {
        let prefix = prefix?.lowercased()
        if let prefix, let id = CheckpointID(prefix) {
            do {
                return try await bank.names(below: OperationKeys(id).all, after: nil, limit: 1).names.isEmpty
                    ? [] : [id]
            } catch let error as BankError where error.unreadable != nil {
                return [id]
            }
        }
        return try await bank.allNames(below: CheckpointLayout.operations).compactMap { name in
            guard let id = CheckpointID(name), prefix.map({ !$0.isEmpty && name.hasPrefix($0) }) ?? true else {
                return nil
            }
            return id
        }
    }

    /// What a restore or a verification is, and how it went; damage is named, not thrown.
    package func operation(_ id: CheckpointID) async throws -> OperationSummary {
        let standing: OperationStanding
        do { standing = try await legibly { try await self.standing(id) } } catch let error as CheckpointError {
            return OperationSummary(id: id, standing: nil, status: .damaged, message: error.description)
        }
        let (status, message) = state(standing)
        guard status == .fail else {
            return OperationSummary(id: id, standing: standing, status: status, message: message)
        }
        // What was deleted can be restored no more.
        let isOrphaned = try await bank.size(CheckpointKeys(standing.index.checkpoint).index) == nil
        let fate = isOrphaned ? "the checkpoint is gone, so that it cannot be resumed" : ""
        return OperationSummary(
            id: id, standing: standing, status: status,
            message: [message, fate].filter { !$0.isEmpty }.joined(separator: "; "), isOrphaned: isOrphaned)
    }

    private func state(_ standing: OperationStanding) -> (OperationStatus, String) {
        if let commit = standing.commit, !standing.isOpen {
            guard let due = commit.dueReverts.first else {
                return (commit.status, commit.failures.first?.description ?? "")
            }
            return (
                commit.status,
                "what it had begun could not be undone, and may still stand still (\(due)); 'cairn gc' tries again"
            )
        }
        guard hasEnded(standing.owner) else { return (.inProgress, "") }
        return (
            .fail,
            "its executor (process \(standing.owner.process) on \(standing.owner.host)) ended before it was done"
        )
    }
}
