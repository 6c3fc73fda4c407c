import Bank
package import CanonicalForm

/// How a restore or a verification ended, or that it has not.
package enum OperationStatus: String, Sendable, Hashable, CaseIterable {
    case inProgress = "in-progress"
    case success
    case fail
    /// Its records cannot be read; never written.
    case damaged
}

/// `operations/<id>/index.json`: a restore or a verification that was started.
package struct OperationIndex: Sendable, Hashable {
    package static let format = "cairn.operation"

    package let id: CheckpointID
    /// `restore` or `verify`.
    package let kind: String
    package let checkpoint: CheckpointID
    package let plan: String
    package let started: Timestamp
    package let owner: Owner

    package init(
        id: CheckpointID, kind: String, checkpoint: CheckpointID, plan: String, started: Timestamp, owner: Owner
    ) {
        self.id = id
        self.kind = kind
        self.checkpoint = checkpoint
        self.plan = plan
        self.started = started
        self.owner = owner
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        id = try content.checkpointID("id")
        kind = try content.string("kind")
        checkpoint = try content.checkpointID("checkpoint")
        plan = try content.string("plan")
        started = try content.timestamp("started")
        owner = try Owner(try content.object("owner"))
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "id": .string(id.text), "kind": .string(kind), "checkpoint": .string(checkpoint.text),
                "plan": .string(plan), "started": .string(started.description), "owner": owner.json,
            ])
    }
}

/// `operations/<id>/commit.json`: how a restore or a verification ended.
package struct OperationCommit: Sendable, Hashable {
    package static let format = "cairn.operation-commit"

    /// How it ended for one resource.
    package struct ResourceEntry: Sendable, Hashable {
        package let resource: String
        package let status: OperationStatus
        package let message: String
        package let warnings: WarningList

        package init(resource: String, status: OperationStatus, message: String, warnings: WarningList) {
            self.resource = resource
            self.status = status
            self.message = message
            self.warnings = warnings
        }
    }

    package let id: CheckpointID
    package let status: OperationStatus
    package let finished: Timestamp
    package let resources: [ResourceEntry]
    package let failures: [ResourceFailure]

    package init(
        id: CheckpointID, status: OperationStatus, finished: Timestamp, resources: [ResourceEntry],
        failures: [ResourceFailure]
    ) {
        self.id = id
        self.status = status
        self.finished = finished
        self.resources = resources
        self.failures = failures
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        id = try content.checkpointID("id")
        guard let status = OperationStatus(rawValue: try content.string("status")),
            status == .success || status == .fail
        else { throw .malformed(member: "status", expected: "success or fail") }
        self.status = status
        finished = try content.timestamp("finished")
        var entries: [ResourceEntry] = []
        for value in try content.array("resources") {
            guard let object = value.objectValue,
                let status = OperationStatus(rawValue: try object.string("status"))
            else { throw .malformed(member: "resources", expected: "resources with a status") }
            entries.append(
                ResourceEntry(
                    resource: try object.string("resource"), status: status, message: try object.string("message"),
                    warnings: try WarningList(try object.object("warnings"))))
        }
        resources = entries
        var list: [ResourceFailure] = []
        for value in try content.array("failures") {
            guard let object = value.objectValue else { throw .malformed(member: "failures", expected: "objects") }
            list.append(try ResourceFailure(object))
        }
        failures = list
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "id": .string(id.text), "status": .string(status.rawValue),
                "finished": .string(finished.description), "failures": .array(failures.map(\.json)),
                "resources": .array(
                    resources.map {
                        [
                            "resource": .string($0.resource), "status": .string($0.status.rawValue),
                            "message": .string($0.message), "warnings": $0.warnings.json,
                        ]
                    }),
            ])
    }
}

extension CheckpointCollection {
    /// Records that a restore or a verification begins.
    package func begin(_ operation: OperationIndex) async throws {
        try await bank.putOnce(CheckpointLayout.operationIndex(operation.id), operation.record.bytes)
    }

    /// Records how a restore or a verification ended.
    package func end(_ commit: OperationCommit) async throws {
        try await bank.putOnce(CheckpointLayout.operationCommit(commit.id), commit.record.bytes)
    }
}
