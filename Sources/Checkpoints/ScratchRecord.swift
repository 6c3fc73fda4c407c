package import CanonicalForm

/// Whose a rehearsal's scratch directory is: `owner.json` in it, written before anything else.
///
/// It lies outside of banks, and is a record in their form, so that a torn one is not believed.
package struct ScratchRecord: Sendable, Hashable {
    package static let format = "cairn.scratch"

    /// The id of the bank that the rehearsal's checkpoint is in.
    package let bank: String
    package let plan: String
    package let owner: Owner
    package let created: Timestamp

    package init(bank: String, plan: String, owner: Owner, created: Timestamp) {
        self.bank = bank
        self.plan = plan
        self.owner = owner
        self.created = created
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        bank = try content.string("bank")
        plan = try content.string("plan")
        owner = try Owner(try content.object("owner"))
        created = try content.timestamp("created")
    }

    package var bytes: [UInt8] {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "bank": .string(bank), "plan": .string(plan), "owner": owner.json,
                "created": .string(created.description),
            ]
        ).bytes
    }
}
