import Bank
import CanonicalForm

/// What a listing says of one restore or verification.
package struct OperationSummary: Sendable, Hashable {
    package let id: CheckpointID
    /// What was started, `nil` when that record cannot be read.
    package let index: OperationIndex?
    /// How it ended, `nil` while it has not.
    package let commit: OperationCommit?
    package let status: OperationStatus
    /// Why it is not `success`, where there is something to say.
    package let message: String
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
        let prefix = prefix.lowercased()
        let ids = try await operationIDs().filter { !prefix.isEmpty && $0.text.hasPrefix(prefix) }
        switch ids.count {
        case 0: throw CheckpointError.unknownOperation(prefix)
        case 1: return try await operation(ids[0])
        default: throw CheckpointError.ambiguous(prefix, ids)
        }
    }

    private func operationIDs() async throws -> [CheckpointID] {
        var ids: [CheckpointID] = []
        for key in try await bank.allKeys(below: CheckpointLayout.operations) {
            let segments = key.segments
            guard segments.count > 1, let id = CheckpointID(segments[1]), ids.last != id else { continue }
            ids.append(id)
        }
        return ids
    }

    private func operation(_ id: CheckpointID) async throws -> OperationSummary {
        var index: OperationIndex?
        do {
            let found = try await read(CheckpointLayout.operationIndex(id)) { try OperationIndex(opening: $0) }
            index = found
            let key = CheckpointLayout.operationCommit(id)
            guard try await bank.size(key) != nil else {
                guard hasEnded(found.owner) else {
                    return OperationSummary(id: id, index: found, commit: nil, status: .inProgress, message: "")
                }
                return OperationSummary(
                    id: id, index: found, commit: nil, status: .fail,
                    message: "its executor (process \(found.owner.process) on \(found.owner.host)) "
                        + "ended before it was done")
            }
            let commit = try await read(key) { try OperationCommit(opening: $0) }
            return OperationSummary(
                id: id, index: found, commit: commit, status: commit.status,
                message: commit.failures.first?.description ?? "")
        } catch let error as CheckpointError {
            return OperationSummary(id: id, index: index, commit: nil, status: .damaged, message: error.description)
        }
    }
}
