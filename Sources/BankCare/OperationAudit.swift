import Bank
import CanonicalForm
import Checkpoints
import PlanIR

/// Looks at all objects of one restore or verification.
struct OperationAudit {
    let collection: CheckpointCollection
    let index: OperationIndex

    private var keys: OperationKeys { OperationKeys(index.id) }
    private var bank: any Bank { collection.bank }

    /// What is damaged among its records, and what is none of them.
    func findings() async throws -> [BankFinding] {
        var findings: [BankFinding] = []
        func add(_ kind: BankFinding.Kind, _ key: BankKey, _ message: String) {
            findings.append(BankFinding(kind, key, index.checkpoint, message))
        }
        let objects = try await bank.allKeys(below: keys.all)
        var journals: [BankKey] = []
        for key in objects where key != keys.index {
            switch sort(of: key) {
            case .record(let open):
                let bytes: [UInt8]
                do { bytes = try await bank.get(key, longest: ObjectLimit.bulk) } catch BankError.notFound {
                    continue
                } catch let error as BankError {
                    guard let finding = BankFinding(error, index.checkpoint) else { throw error }
                    findings.append(finding)
                    continue
                }
                do { try open(bytes) } catch { add(.recordDamaged, key, "cannot be read: \(error)") }
            case .segment(let journal): if journals.last != journal { journals.append(journal) }
            case .stray:
                guard try await bank.size(key) != nil else { continue }
                add(.strayObject, key, "is nothing that a restore or verification has")
            }
        }
        for journal in journals {
            for fault in try await JournalAudit(bank: bank, ir: nil, journal: journal).faults(objects) {
                add(fault.kind, fault.key, fault.message)
            }
        }
        return findings
    }

    private enum Sort {
        case record(([UInt8]) throws -> Void)
        /// A segment of the journal below a key.
        case segment(BankKey)
        case stray
    }

    /// What an object is, by its key.
    private func sort(of key: BankKey) -> Sort {
        let id = index.id
        let names = key.segments.dropFirst(2).map(String.init)
        if key == keys.onlyCommit { return .record { _ = try OperationCommit(opening: $0) } }
        if names.count == 2, let epoch = CheckpointKeys.epoch(of: key) {
            if key == keys.epoch(epoch) {
                return .record { bytes in
                    let record = try EpochRecord(opening: bytes, of: .operation)
                    try Self.ensure(record.id == id && record.epoch == epoch)
                }
            }
            if key == keys.commit(ofEpoch: epoch) {
                return .record { bytes in
                    let record = try OperationCommit(opening: bytes)
                    try Self.ensure(record.id == id && record.epoch == epoch)
                }
            }
        }
        if names.count == 2, names[0] == "places", let identity = BankKey.text(decoding: names[1]) {
            return .record { bytes in try Self.ensure(bytes == Array("\(identity)\n".utf8)) }
        }
        guard let name = names.last, name.hasSuffix(".json"), name.utf8.count >= 13, UInt32(name.dropLast(5)) != nil
        else {
            return .stray
        }
        if names.count == 2, names[0] == "journal" { return .segment(keys.onlyJournal) }
        if names.count == 3, names[1] == "journal", let epoch = CheckpointKeys.epoch(ofContent: names[0]) {
            return .segment(keys.journal(ofEpoch: epoch))
        }
        return .stray
    }

    private static func ensure(_ isRight: Bool) throws {
        guard isRight else { throw SealedRecordError.malformed(member: "content", expected: "that of its key") }
    }
}
