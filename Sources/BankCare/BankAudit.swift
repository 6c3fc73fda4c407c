internal import Bank
import CanonicalForm
package import Checkpoints
package import Engine

/// Figures of an audit.
package struct AuditTally: Sendable, Hashable {
    package var checkpoints = 0
    package var objects = 0
    /// Bytes of artifacts that were read.
    package var bytesRead: Int64 = 0
    /// Findings by kind.
    package var kinds: [BankFinding.Kind: Int] = [:]
    package var mended = 0
    /// Findings about which something is left to be done.
    package var left = 0

    package init() {}
}

/// Looks at everything that is in a bank, compares it, and mends what follows from other records.
///
/// It may run beside everything. Its time is linear in the number of objects; its memory holds some 200 bytes for each
/// checkpoint, and the keys of the few that it looks at.
package struct BankAudit: Sendable {
    /// What is looked at.
    package enum Scope: Sendable, Hashable {
        /// Indices, and the records that they follow from.
        case indices
        /// Everything, but of artifacts only the sizes.
        case records
        /// Everything, and every byte.
        case data
    }

    private let collection: CheckpointCollection
    private let scope: Scope
    private let repairs: Bool
    private let writeGuard: any WriteGuard
    private let processors: Int
    /// The time by the store's clock, where it tells, in milliseconds since 1970.
    private let now: Int64
    /// The faults that a test plants; none in a program.
    package var faults = PlantedFaults()

    /// An audit of a bank. With `repairs` it mends what it can, as long as `writeGuard` lets it. `now` is the time by the
    /// store's clock.
    package init(
        _ collection: CheckpointCollection, scope: Scope, repairs: Bool, writeGuard: any WriteGuard = NoGuard(),
        processors: Int = 2, now: Int64
    ) {
        self.collection = collection
        self.scope = scope
        self.repairs = repairs
        self.writeGuard = writeGuard
        self.processors = max(1, processors)
        self.now = now
    }

    private var bank: any Bank { collection.bank }

    private var depth: CheckpointAudit.Depth {
        switch scope {
        case .indices: .indices
        case .records: .records
        case .data: .data
        }
    }

    /// Runs it and hands over what it finds, in a fixed order: checkpoints by their ids, indices, operations, leases, the
    /// rest.
    package func run(_ report: (BankFinding) async throws -> Void) async throws -> AuditTally {
        var tally = AuditTally()
        let repair = BankRepair(collection: collection, writeGuard: writeGuard)
        func found(_ finding: BankFinding) async throws {
            if scope == .indices, !finding.kind.isOfIndices { return }
            let finding = repairs ? try await repair.mend(finding) : finding
            tally.kinds[finding.kind, default: 0] += 1
            if finding.state == .mended { tally.mended += 1 }
            if finding.isLeft { tally.left += 1 }
            try await report(finding)
        }
        var known: [CheckpointID: KnownCheckpoint] = [:]
        try await checkpoints { verdict in
            tally.checkpoints += verdict.exists ? 1 : 0
            tally.objects += verdict.objects
            tally.bytesRead += verdict.bytesRead
            if let index = verdict.index, !verdict.isBeingDeleted {
                known[verdict.id] = KnownCheckpoint(
                    plan: index.plan, provider: index.provider, created: index.created, isSettled: verdict.isSettled)
            }
            for finding in verdict.findings { try await found(finding) }
        }
        if scope != .indices { try await strays(found) }
        var indices = IndexAudit(collection, known: known, faults: faults)
        known = [:]
        try await indices.run(found)
        guard scope != .indices else { return tally }
        try await operations(found)
        try await leases(found)
        let survey = try await bank.survey()
        if survey.leftovers > 0 {
            try await found(BankFinding(.staleTemporaries, ".tmp", nil, "holds \(survey.leftovers) half-written files"))
        }
        if survey.hasReserve == false {
            try await found(BankFinding(.reserveMissing, ".reserve", nil, "is not there"))
        }
        return tally
    }

    // MARK: Checkpoints

    private func checkpoints(_ body: (CheckpointVerdict) async throws -> Void) async throws {
        var ids = Set(try await bank.allNames(below: CheckpointLayout.checkpoints).compactMap { CheckpointID($0) })
        ids.formUnion(try await collection.markedIDs())
        var rest = ids.sorted()[...]
        ids = []
        let (collection, depth, plans, readers) = (collection, depth, AuditedPlans(), processors * 2)
        let faults = faults
        while !rest.isEmpty {
            try Task.checkCancellation()
            let part = rest.prefix(64)
            rest = rest.dropFirst(64)
            let verdicts = try await concurrentMap(part, width: depth == .data ? 2 : 12) { id in
                try await CheckpointAudit(
                    collection: collection, id: id, depth: depth, plans: plans, readers: readers, faults: faults
                ).verdict()
            }
            for verdict in verdicts { try await body(verdict) }
        }
    }

    private func strays(_ report: (BankFinding) async throws -> Void) async throws {
        let places = ["format", "checkpoints", "indices", "leases", "operations"]
        for name in try await bank.allNames(below: nil) where !places.contains(name) {
            let isProbe = name == "probe"
            // An empty directory is no object.
            let holdsObjects = try await bank.holdsObjects(try BankKey(name))
            guard holdsObjects else { continue }
            try await report(
                BankFinding(
                    .strayObject, name, nil,
                    isProbe ? "is left of a program that made the bank" : "is nothing that a bank has"))
        }
        for name in try await bank.allNames(below: CheckpointLayout.checkpoints) where CheckpointID(name) == nil {
            guard try await bank.holdsObjects(try CheckpointLayout.checkpoints.appending(name)) else { continue }
            try await report(
                BankFinding(.strayObject, "\(CheckpointLayout.checkpoints)/\(name)", nil, "is no checkpoint"))
        }
    }

    // MARK: Operations and leases

    private func operations(_ report: (BankFinding) async throws -> Void) async throws {
        for name in try await bank.allNames(below: CheckpointLayout.operations) {
            let all = try CheckpointLayout.operations.appending(name)
            do { guard try await bank.holdsObjects(all) else { continue } } catch let error as BankError {
                guard let finding = BankFinding(error, nil) else { throw error }
                try await report(finding)
                continue
            }
            guard let id = CheckpointID(name) else {
                try await report(BankFinding(.strayObject, all, nil, "is no restore and no verification"))
                continue
            }
            let index: OperationIndex
            do {
                index = try await collection.read(OperationKeys(id).index, longest: ObjectLimit.bulk) {
                    try OperationIndex(opening: $0)
                }
            } catch let error as CheckpointError {
                let key = OperationKeys(id).index
                let isMissing = try await bank.size(key) == nil
                try await report(
                    isMissing
                        ? BankFinding(.recordMissing, key, nil, error.reason) : BankFinding(error, at: key, nil))
                continue
            }
            if index.id != id {
                try await report(
                    BankFinding(.recordsDisagree, OperationKeys(id).index, index.checkpoint, "is of another operation"))
                continue
            }
            let standing: OperationStanding
            do { standing = try await collection.standing(id) } catch let error as CheckpointError {
                let fault = BankFinding(error, at: OperationKeys(id).index, index.checkpoint)
                let rest = try await OperationAudit(collection: collection, index: index).findings()
                if !rest.contains(where: { $0.key == fault.key }) { try await report(fault) }
                for finding in rest { try await report(finding) }
                continue
            }
            for finding in try await OperationAudit(collection: collection, index: index).findings() {
                try await report(finding)
            }
            guard standing.isOpen, collection.hasEnded(standing.owner) else { continue }
            try await report(
                BankFinding(
                    .operationUnfinished, all, index.checkpoint,
                    "is a \(index.kind) whose process \(standing.owner.process) on \(standing.owner.host) has ended"))
        }
    }

    private func leases(_ report: (BankFinding) async throws -> Void) async throws {
        for name in try await bank.allNames(below: CheckpointLayout.leases) {
            let key = try CheckpointLayout.leases.appending(name)
            let bytes: [UInt8]
            do { bytes = try await bank.get(key, longest: ObjectLimit.record) } catch BankError.notFound {
                continue
            } catch let error as BankError {
                guard let finding = BankFinding(error, nil) else { throw error }
                try await report(finding)
                continue
            }
            let lease: LeaseRecord
            do { lease = try LeaseRecord(opening: bytes) } catch {
                try await report(BankFinding(.leaseExpired, key, nil, "cannot be read: \(error)"))
                continue
            }
            let owner = "process \(lease.owner.process) on \(lease.owner.host)"
            if collection.hasEnded(lease.owner) {
                try await report(BankFinding(.leaseExpired, key, nil, "is of \(owner), which has ended"))
            } else if let written = try await bank.modified(key), now - written > 2 * lease.expireWindow {
                try await report(
                    BankFinding(.leaseExpired, key, nil, "was not renewed by \(owner) for \((now - written) / 1000) s"))
            }
        }
    }
}

extension BankFinding.Kind {
    /// Whether rebuilding the indices is about it.
    var isOfIndices: Bool {
        switch self {
        case .entryMissing, .entryStray, .entryDamaged, .entryUndated: true
        default: false
        }
    }
}
