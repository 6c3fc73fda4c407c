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

/// A parameter that the command line gives for a restore or a verification.
package struct ParameterOverride: Sendable, Hashable {
    /// `TYPE#ID`, or `TYPE` for all resources of the type.
    package let target: String
    package let key: String
    package let value: JSONValue

    package init(target: String, key: String, value: JSONValue) {
        self.target = target
        self.key = key
        self.value = value
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        guard let value = object["value"] else { throw .malformed(member: "parameters", expected: "values") }
        self.init(target: try object.string("target"), key: try object.string("key"), value: value)
    }

    /// The members of the record.
    package var json: JSONValue { ["target": .string(target), "key": .string(key), "value": value] }
}

/// `operations/<id>/index.json`: a restore or a verification that was started.
package struct OperationIndex: Sendable, Hashable {
    package static let format = "cairn.operation"
    package static let version: Int64 = 2

    package let id: CheckpointID
    /// `restore` or `verify`.
    package let kind: String
    package let checkpoint: CheckpointID
    package let plan: String
    package let started: Timestamp
    /// Who runs the first epoch.
    package let owner: Owner
    /// The directory below which things are restored; `nil` for their original places.
    package var target: String?
    /// Whether what exists may be replaced.
    package var overwrite = false
    /// The resources that it is about, `TYPE#ID` in the order of the IR; empty when it is about all.
    package var only: [String] = []
    /// What the command line set. Secrets are in it as references only.
    package var parameters: [ParameterOverride] = []
    /// Whether the record says where things are restored: those of the first version do not.
    package private(set) var saysTarget = true

    package init(
        id: CheckpointID, kind: String, checkpoint: CheckpointID, plan: String, started: Timestamp, owner: Owner,
        target: String? = nil, overwrite: Bool = false, only: [String] = [], parameters: [ParameterOverride] = []
    ) {
        self.id = id
        self.kind = kind
        self.checkpoint = checkpoint
        self.plan = plan
        self.started = started
        self.owner = owner
        self.target = target
        self.overwrite = overwrite
        self.only = only
        self.parameters = parameters
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let (content, version) = try SealedRecord.content(of: bytes, format: Self.format, upTo: Self.version)
        id = try content.checkpointID("id")
        kind = try content.string("kind")
        checkpoint = try content.checkpointID("checkpoint")
        plan = try content.string("plan")
        started = try content.timestamp("started")
        owner = try Owner(try content.object("owner"))
        guard version > 1 else {
            saysTarget = false
            return
        }
        target = content["target"] == .null ? nil : try content.string("target")
        guard let overwrite = content["overwrite"]?.boolValue else {
            throw .malformed(member: "overwrite", expected: "true or false")
        }
        self.overwrite = overwrite
        var identities: [String] = []
        for value in try content.array("only") {
            guard let identity = value.stringValue else { throw .malformed(member: "only", expected: "resources") }
            identities.append(identity)
        }
        only = identities
        var overrides: [ParameterOverride] = []
        for value in try content.array("parameters") {
            guard let object = value.objectValue else { throw .malformed(member: "parameters", expected: "objects") }
            overrides.append(try ParameterOverride(object))
        }
        parameters = overrides
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: Self.version,
            [
                "id": .string(id.text), "kind": .string(kind), "checkpoint": .string(checkpoint.text),
                "plan": .string(plan), "started": .string(started.description), "owner": owner.json,
                "target": target.map { .string($0) } ?? .null, "overwrite": .bool(overwrite),
                "only": .array(only.map { .string($0) }), "parameters": .array(parameters.map(\.json)),
            ])
    }
}

/// `operations/<id>/commits/<n>.json`: how an epoch of a restore or a verification ended.
package struct OperationCommit: Sendable, Hashable {
    package static let format = "cairn.operation-commit"
    package static let version: Int64 = 2

    /// How it ended for one resource.
    package struct ResourceEntry: Sendable, Hashable {
        package let resource: String
        package let status: OperationStatus
        /// Whether anything of it was begun: of a failed one, whether its place may be half changed.
        package let isBegun: Bool
        package let message: String
        /// Bytes of content handled.
        package let contentBytes: Int64
        /// How long the last attempt at each hook took, in milliseconds, in the order of the hooks; -1 for a hook that
        /// did not end. Empty when that is not known.
        package let milliseconds: [Int64]
        package let warnings: WarningList

        package init(
            resource: String, status: OperationStatus, isBegun: Bool = true, message: String, contentBytes: Int64 = 0,
            milliseconds: [Int64] = [], warnings: WarningList
        ) {
            self.resource = resource
            self.status = status
            self.isBegun = isBegun
            self.message = message
            self.contentBytes = contentBytes
            self.milliseconds = milliseconds
            self.warnings = warnings
        }

        init(_ object: JSONObject, version: Int64) throws(SealedRecordError) {
            guard let status = OperationStatus(rawValue: try object.string("status")) else {
                throw .malformed(member: "resources", expected: "resources with a status")
            }
            var isBegun = true
            var milliseconds: [Int64] = []
            if version > 1 {
                guard let begun = object["begun"]?.boolValue else {
                    throw .malformed(member: "resources.begun", expected: "true or false")
                }
                isBegun = begun
                for value in try object.array("ms") {
                    guard let value = value.integerValue else { throw .malformed(member: "ms", expected: "integers") }
                    milliseconds.append(value)
                }
            }
            self.init(
                resource: try object.string("resource"), status: status, isBegun: isBegun,
                message: try object.string("message"),
                contentBytes: version > 1 ? try object.integer("contentBytes") : 0, milliseconds: milliseconds,
                warnings: try WarningList(try object.object("warnings")))
        }

        var json: JSONValue {
            [
                "resource": .string(resource), "status": .string(status.rawValue), "begun": .bool(isBegun),
                "message": .string(message), "contentBytes": .integer(contentBytes),
                "ms": .array(milliseconds.map { .integer($0) }), "warnings": warnings.json,
            ]
        }
    }

    package let id: CheckpointID
    package let epoch: UInt32
    package let status: OperationStatus
    package let finished: Timestamp
    /// The resources that the operation is about, in the order of the IR.
    package let resources: [ResourceEntry]
    package let failures: [ResourceFailure]

    /// What could not be undone of what it had begun: it may still stand still, and its notes are due.
    package var dueReverts: [ResourceFailure] { failures.filter(\.isOfRevert) }

    package init(
        id: CheckpointID, epoch: UInt32 = 1, status: OperationStatus, finished: Timestamp, resources: [ResourceEntry],
        failures: [ResourceFailure]
    ) {
        self.id = id
        self.epoch = epoch
        self.status = status
        self.finished = finished
        self.resources = resources
        self.failures = failures
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let (content, version) = try SealedRecord.content(of: bytes, format: Self.format, upTo: Self.version)
        id = try content.checkpointID("id")
        epoch = version > 1 ? try content.uint32("epoch") : 1
        guard let status = OperationStatus(rawValue: try content.string("status")),
            status == .success || status == .fail
        else { throw .malformed(member: "status", expected: "success or fail") }
        self.status = status
        finished = try content.timestamp("finished")
        var entries: [ResourceEntry] = []
        for value in try content.array("resources") {
            guard let object = value.objectValue else { throw .malformed(member: "resources", expected: "objects") }
            entries.append(try ResourceEntry(object, version: version))
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
            format: Self.format, version: Self.version,
            [
                "id": .string(id.text), "epoch": .integer(Int64(epoch)), "status": .string(status.rawValue),
                "finished": .string(finished.description), "failures": .array(failures.map(\.json)),
                "resources": .array(resources.map(\.json)),
            ])
    }
}

extension SealedRecord {
    /// The content of a record of any version up to `latest`, and its version.
    static func content(
        of bytes: [UInt8], format: String, upTo latest: Int64
    ) throws(SealedRecordError) -> (JSONObject, version: Int64) {
        let content = try SealedRecord(opening: bytes).content
        let found = (content["format"]?.stringValue ?? "?", content["version"]?.integerValue ?? -1)
        guard found.0 == format, (1...latest).contains(found.1) else {
            throw .unknownFormat(found: "\(found.0) \(found.1)", expected: "\(format) \(latest)")
        }
        return (content, found.1)
    }
}
