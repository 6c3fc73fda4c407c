package import CanonicalForm

/// The record that makes a store a bank: who it is and what its writes promise; kept at the key `format`.
package struct BankFormat: Sendable, Hashable {
    /// The key of the record.
    package static let key = BankKey(unchecked: "format")
    /// The name in the record's member `format`.
    package static let formatName = "cairn.bank"
    /// The format version that this program reads and writes.
    package static let formatVersion: Int64 = 1
    /// The length of a bank's id, in characters.
    package static let idLength = 16

    /// The bank's own id: 16 lower-case digits of Crockford's base 32, random.
    package let id: String
    /// What the probe found that the bank's writes promise.
    package let consistency: ConsistencyLevel
    /// When the bank was made, as its maker wrote it.
    package let created: String

    /// A format record's content.
    package init(id: String, consistency: ConsistencyLevel, created: String) {
        self.id = id
        self.consistency = consistency
        self.created = created
    }

    /// Probes the consistency level of a store and makes it a bank.
    ///
    /// Throws `bankExists` when it is one already, also when someone else was quicker, and whatever the store throws.
    package static func initialize(bank: any Bank, created: String) async throws -> BankFormat {
        guard try await bank.size(key) == nil else { throw BankError.bankExists(place: bank.place) }
        let format = BankFormat(
            id: CrockfordBase32.random(length: idLength), consistency: try await ConsistencyProbe(bank: bank).run(),
            created: created)
        do {
            try await bank.putOnce(key, format.record.bytes)
        } catch BankError.conditionFailed {
            throw BankError.bankExists(place: bank.place)
        }
        // Where conditions mean nothing, several may come this far: the record that stayed tells who has made it.
        guard try await open(bank: bank) == format else { throw BankError.bankExists(place: bank.place) }
        return format
    }

    /// Reads the format record of a bank.
    ///
    /// Throws `noBank` when there is none, `damaged` when it is not as it was written, `unknownFormat` when a newer
    /// program wrote it.
    package static func open(bank: any Bank) async throws -> BankFormat {
        let bytes: [UInt8]
        do {
            bytes = try await bank.get(key, longest: ObjectLimit.record)
        } catch BankError.notFound {
            throw BankError.noBank(place: bank.place)
        }
        do {
            let record = try SealedRecord(opening: bytes, format: formatName, version: formatVersion)
            return try BankFormat(record: record.content)
        } catch .unknownFormat(let found, let expected) {
            throw BankError.unknownFormat(key, found: found, expected: expected)
        } catch {
            throw BankError.damaged(key, reason: error.description)
        }
    }

    /// The sealed form that is stored.
    package var record: SealedRecord {
        SealedRecord(
            format: BankFormat.formatName, version: BankFormat.formatVersion,
            [
                "bank": .string(id), "consistency": .string(consistency.rawValue), "created": .string(created),
            ])
    }

    private init(record: JSONObject) throws(SealedRecordError) {
        id = try record.string("bank")
        guard CrockfordBase32.isValid(id, length: BankFormat.idLength) else {
            throw .malformed(member: "bank", expected: "16 lower-case digits of Crockford's base 32")
        }
        guard let level = ConsistencyLevel(rawValue: try record.string("consistency")) else {
            throw .malformed(
                member: "consistency",
                expected: ConsistencyLevel.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "))
        }
        consistency = level
        created = try record.string("created")
    }
}
