import CanonicalForm
import Checkpoints
import Foundation
import PlanIR
import PluginKit
import Testing

@Suite("docs/bank-format.md")
struct BankFormatTests {
    static let id = CheckpointID.random()
    static let digest = SHA256Digest(of: [UInt8]())
    static let time = Timestamp(milliseconds: 0)
    static let owner = Owner(
        id: "a", host: "b", process: 1, boot: "c", processStart: 2, namespace: "d", machine: "e")
    static let failure = ResourceFailure(resource: "A::B#c", hook: "main", message: "no")
    static let summary = ArtifactSummary(name: "archive", size: 1, digest: digest)
    static let warnings: WarningList = {
        var list = WarningList()
        list.add(ActivityWarning(kind: "a", subject: "b", message: "c"))
        return list
    }()

    static let journal: SealedRecord = {
        let event = JournalEvent(resource: 0, hook: .main, time: time, .finished(HookResult(milliseconds: 1)))
        return opened(JournalSegment(number: 0, events: [event]).bytes)
    }()

    private static func opened(_ bytes: [UInt8]) -> SealedRecord {
        // What was written a line above can be opened.
        (try? SealedRecord(opening: bytes)) ?? SealedRecord([:])
    }

    /// One of each record, with something in every list.
    static let records: [SealedRecord] = [
        CheckpointIndex(
            id: id, plan: "shop", provider: "local", created: time, owner: owner, irDigest: digest, resources: 1,
            origin: CheckpointOrigin(bank: id.text, provider: "far", copied: time), isRehearsal: true
        ).record,
        EpochRecord(id, epoch: 1, owner: owner, started: time).record,
        journal,
        opened(
            DefinitionPack(
                checkpoint: id, number: 0,
                definitions: [
                    DefinitionRecord(
                        resource: "A::B#c", plugin: "files", pluginDigest: digest, definition: [:],
                        artifacts: [DefinitionRecord.Artifact(summary: summary, epoch: 1, record: digest)],
                        warnings: warnings)
                ]
            ).bytes),
        opened(
            CommitRecord(
                checkpoint: id, epoch: 1, status: .error, finished: time,
                resources: [
                    CommitRecord.ResourceEntry(
                        resource: "A::B#c", status: .error, hook: "main", message: "no", bytes: 0, contentBytes: 0,
                        warnings: 0, milliseconds: [1, 2, -1, -1])
                ], failures: [failure], contentBytes: 0, journalSegments: 1, definitions: .packs([digest])
            ).bytes),
        CheckpointLabels().record(of: id, changed: time),
        PinRecord(checkpoint: id, by: "ada@host", pinned: time, reason: "no").record,
        RehearsedRecord(checkpoint: id, owner: owner, ended: time).record,
        ResetIntent(checkpoint: id, stage: .over, owner: owner, since: time).record,
        UseRecord(checkpoint: id, kind: "restore", owner: owner, since: time).record,
        Tombstone(
            CheckpointSummary(
                id: id, plan: "shop", provider: "local", created: time, status: .available, resources: 1,
                storedBytes: 0, warnings: 0, message: ""),
            marked: time, owner: owner, stage: .marked, failure: failure
        ).record,
        OperationIndex(
            id: id, kind: "restore", checkpoint: id, plan: "shop", started: time, owner: owner, target: "/mnt",
            overwrite: true, only: ["A::B#c"],
            parameters: [ParameterOverride(target: "A::B", key: "d", value: 1)]
        ).record,
        EpochRecord(of: .operation, id, epoch: 1_048_577, owner: owner, started: time).record,
        OperationCommit(
            id: id, status: .fail, finished: time,
            resources: [
                OperationCommit.ResourceEntry(resource: "A::B#c", status: .fail, message: "no", warnings: warnings)
            ], failures: [failure]
        ).record,
        LeaseRecord(owner: owner, renewal: 1, renewed: time, expireWindow: 60_000).record,
        ArtifactRecord(
            summary: summary, partSize: 1, parts: [ArtifactRecord.Part(size: 1, digest: digest)]
        ).record,
    ]

    /// The tables of members, each with the text that stands between it and the table before.
    static func tables() throws -> [(lead: String, members: Set<String>)] {
        let text = try String(contentsOf: Page.root.appending(path: "docs/bank-format.md"), encoding: .utf8)
        var tables: [(lead: String, members: Set<String>)] = []
        var lead = ""
        var members: Set<String>?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "| member | value |" { members = [] }
            guard members != nil else {
                lead += line + "\n"
                continue
            }
            if line.hasPrefix("| `") {
                let cell = line.split(separator: "|")[0]
                for name in cell.matches(of: /`([a-zA-Z]+)`/) { members?.insert(String(name.1)) }
            } else if !line.hasPrefix("|"), let found = members {
                tables.append((lead, found))
                (lead, members) = ("", nil)
            }
        }
        return tables
    }

    private func names(_ value: JSONValue?) -> Set<String> { Set(value?.objectValue?.members.map(\.key) ?? []) }

    @Test("The members of each record are those of its table") func members() throws {
        for record in Self.records {
            let format = try #require(record.content["format"]?.stringValue)
            let table = try #require(try Self.tables().first { $0.lead.contains("\"format\": \"\(format)\"") })
            #expect(table.members == names(.object(record.content)).subtracting(["format", "version"]), "\(format)")
            let isSecond = [
                "cairn.checkpoint", "cairn.journal", "cairn.commit", "cairn.tombstone", "cairn.reset",
                "cairn.operation", "cairn.operation-commit",
            ].contains(format)
            #expect(record.content["version"] == (isSecond ? 2 : 1))
        }
    }

    @Test("The members of what stands in records are those of its table") func innerMembers() throws {
        let tables = try Self.tables()
        func table(_ lead: String) throws -> Set<String> {
            try #require(tables.first { $0.lead.contains(lead) }, "no table behind '\(lead)'").members
        }
        func inner(_ format: String, _ member: String) throws -> Set<String> {
            let record = try #require(Self.records.first { $0.content["format"]?.stringValue == format })
            let value = record.content[member]
            return names(value?.arrayValue?.first ?? value)
        }
        #expect(try table("An **owner**") == inner("cairn.checkpoint", "owner"))
        #expect(try table("An **origin**") == inner("cairn.checkpoint", "origin"))
        #expect(try table("A **failure**") == inner("cairn.commit", "failures"))
        #expect(try table("A definition in it is an object") == inner("cairn.definitions", "definitions"))
        let definition = try #require(
            Self.records.first { $0.content["format"] == "cairn.definitions" }?.content["definitions"]?.arrayValue?
                .first?
                .objectValue)
        #expect(try table("An artifact of it is an object") == names(definition["artifacts"]?.arrayValue?.first))
        let resources = tables.filter { $0.lead.contains("A resource in it is an object") }.map(\.members)
        #expect(
            try resources == [inner("cairn.commit", "resources"), inner("cairn.operation-commit", "resources")])
        #expect(names(definition["warnings"]) == ["count", "first"])
        #expect(WarningList.listed == 1000)
    }

    @Test("Every table is compared with a record") func noOtherTables() throws {
        // Those of the records, of what stands in them, and of the bank's own record.
        #expect(try Self.tables().count == Self.records.count + 7 + 1)
    }
}
