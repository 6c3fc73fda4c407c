import Bank
import CanonicalForm
import Checkpoints
import PlanIR
import Surroundings

/// What a run that is given up may have left behind that nothing tells any more, since records of it are damaged.
enum Unread {
    /// What to say of damaged journals: which resources may still stand still.
    static func failures(_ faults: [CheckpointError], _ ir: PlanIR, _ operation: OperationKind) -> [ResourceFailure] {
        guard !faults.isEmpty else { return [] }
        let masks = ir.graph(operation).workMasks(ofResources: ir.resources.count)
        let quieting = ir.resources.indices.filter { masks[$0] & (1 << Hook.prepareBegin.rawValue) != 0 }
        let names = quieting.prefix(5).map { "'\(ir.resources[$0].identity)'" }.joined(separator: ", ")
        let more = quieting.count > 5 ? " and \(quieting.count - 5) more" : ""
        let subject = quieting.isEmpty ? "whatever it had quiesced" : "of \(names)\(more), what it had quiesced"
        return faults.map { fault in
            ResourceFailure(
                resource: "", hook: "", message: "\(fault); \(subject) and that record told may still stand still")
        }
    }

    /// What to say when the plan itself cannot be read.
    static func failure(_ fault: any Error) -> ResourceFailure {
        ResourceFailure(
            resource: "", hook: "",
            message: "\(fault); without it nothing could be undone, and what the run had quiesced may still stand still"
        )
    }

    /// Whether an error says that a record is missing or not what was written.
    static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case CheckpointError.damaged, ExecutionError.damaged: true
        default: false
        }
    }
}

/// Gives up an unfinished checkpoint whose plan cannot be read, so that nothing of it can be undone: it is recorded that it
/// failed, why, and what may be left of it.
struct BlindGivingUp {
    let environment: ExecutionEnvironment
    let index: CheckpointIndex
    /// Why it is given up.
    let reason: String
    /// What is wrong with its plan.
    let fault: any Error

    /// Claims an epoch behind `newest`, and records it there. A commit record that says `available` stands.
    func run(after newest: UInt32) async throws -> CommitRecord {
        let (collection, id) = (environment.collection, index.id)
        let (now, random) = (environment.now(), environment.random)
        try environment.writeGuard.ensureMayWrite()
        let epoch = try await uncancelled {
            try await collection.claim(id, after: newest, now: now, random: random)
        }
        if let commit = try await collection.commit(id), index.origin == nil || commit.status == .available {
            return try await Confirmation(environment, index).repeating(commit, in: epoch)
        }
        let failures = [ResourceFailure(resource: "", hook: "", message: reason), Unread.failure(fault)]
        environment.observer.observe(.noticed(failures[1].message))
        let commit = CommitRecord(
            checkpoint: id, epoch: epoch, status: .error, finished: now, resources: [], failures: failures,
            contentBytes: 0, journalSegments: 0, definitions: .packs([]))
        try await collection.ensureNotDeleted(id, wanted: "unfinished to be given up")
        try environment.writeGuard.ensureMayWrite()
        let index = index
        try await uncancelled {
            try await collection.commit(commit)
            try await collection.publish(index)
        }
        return commit
    }
}
