import Bank
import CanonicalForm
import Checkpoints
import PlanIR

/// The records of an unfinished checkpoint, by which a run is gone on with or given up.
extension CheckpointAudit {
    private static let wayOut = "; 'cairn gc' gives the run up with what can be read"

    /// What is missing or damaged among the plan, the claims and the journals. While an executor may be at work, what is
    /// missing may still come.
    func unfinishedRecords(
        _ index: CheckpointIndex, _ objects: [BankKey], _ hasEnded: Bool
    ) async throws -> [BankFinding] {
        let keys = CheckpointKeys(id)
        let bank = collection.bank
        var findings: [BankFinding] = []
        func add(_ kind: BankFinding.Kind, _ key: BankKey, _ message: String) {
            // What may be whole is not given up.
            findings.append(BankFinding(kind, key, id, message + (kind == .unreadable ? "" : Self.wayOut)))
        }
        let claims = Set(
            objects.filter { $0.segments[2] == "epochs" }.compactMap { CheckpointKeys.epoch(of: $0) })
        var ir: PlanIR?
        do {
            ir = try await plans.plan(of: index, try await collection.irBytes(index))
        } catch CheckpointError.damaged(_, let reason) {
            if try await bank.size(keys.ir) != nil {
                add(.recordDamaged, keys.ir, "cannot be read: \(reason)")
            } else if hasEnded, !claims.isEmpty {
                // Whoever claims an epoch has written the plan before.
                add(.recordMissing, keys.ir, "is missing")
            }
        } catch CheckpointError.unreadable(_, let reason) {
            add(.unreadable, keys.ir, "cannot be read: \(reason)")
        } catch let error where !(error is BankError) && !(error is CancellationError) {
            add(.recordDamaged, keys.ir, "cannot be read: \(error)")
        }
        for epoch in claims.sorted() {
            let key = keys.epoch(epoch)
            do { _ = try await collection.epoch(epoch, of: id) } catch let error as CheckpointError {
                guard try await bank.size(key) != nil else { continue }
                let finding = BankFinding(error, at: key, id)
                add(finding.kind, key, finding.message)
            }
        }
        let contents = Set(objects.compactMap { CheckpointKeys.epoch(ofContent: $0.segments[2]) }).sorted()
        for epoch in contents where hasEnded && !claims.contains(epoch) {
            add(.recordMissing, keys.epoch(epoch), "is missing, although something was written in this epoch")
        }
        for epoch in contents {
            for journal in [keys.journal(ofEpoch: epoch), keys.copyJournal(ofEpoch: epoch)] {
                let audit = JournalAudit(bank: bank, ir: ir, journal: journal)
                for fault in try await audit.faults(objects) {
                    add(fault.kind, fault.key, fault.message)
                }
            }
        }
        return findings
    }
}

/// Looks at the segments of one journal.
struct JournalAudit {
    /// What is wrong with one of them.
    struct Fault {
        let key: BankKey
        let kind: BankFinding.Kind
        let message: String
    }

    let bank: any Bank
    /// The plan that it is about, where that can be read.
    let ir: PlanIR?
    /// The key below which it lies.
    let journal: BankKey

    /// All that is wrong with those among `objects`, in their order.
    func faults(_ objects: [BankKey]) async throws -> [Fault] {
        var faults: [Fault] = []
        let present = Set(objects)
        for number in JournalSegments.numbers(upTo: objects, of: journal) {
            let key = try JournalSegments.key(number, of: journal)
            // A listing may be behind.
            var isThere = present.contains(key)
            if !isThere { isThere = try await bank.size(key) != nil }
            guard isThere else {
                faults.append(
                    Fault(key: key, kind: .recordMissing, message: "is missing, although later segments are there"))
                continue
            }
            let bytes: [UInt8]
            do { bytes = try await bank.get(key, longest: ObjectLimit.bulk) } catch BankError.notFound {
                continue
            } catch let error as BankError {
                guard let finding = BankFinding(error, nil) else { throw error }
                faults.append(Fault(key: key, kind: finding.kind, message: finding.message))
                continue
            }
            do {
                if let ir {
                    _ = try JournalSegment(opening: bytes, number: number, of: ir)
                } else {
                    _ = try SealedRecord(
                        opening: bytes, format: JournalSegment.format, versions: 1...JournalSegment.version)
                }
            } catch {
                faults.append(Fault(key: key, kind: .recordDamaged, message: "cannot be read: \(error)"))
            }
        }
        return faults
    }
}
