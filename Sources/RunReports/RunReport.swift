package import CanonicalForm
package import Checkpoints
package import PlanIR
package import PluginKit

/// What there is to say of one run, of whatever operation: for people, for programs and for notifications.
package struct RunReport: Sendable, Hashable {
    /// How long one hook took.
    package struct Duration: Sendable, Hashable {
        package let hook: Hook
        package let milliseconds: Int64

        package init(hook: Hook, milliseconds: Int64) {
            self.hook = hook
            self.milliseconds = milliseconds
        }
    }

    /// What there is to say of one resource.
    package struct Resource: Sendable, Hashable {
        /// `TYPE#ID`
        package let identity: String
        /// The word of the record for how it ended; while the run is not recorded, how far it came.
        package var status: String
        /// The hook that failed; empty when none did.
        package var hook = ""
        package var message = ""
        /// Of a restore, what its place is like now: `whole`, `partial` or `untouched`.
        package var place: String?
        /// In the order of the hooks; without those that did not run.
        package var durations: [Duration] = []
        package var contentBytes: Int64?
        package var storedBytes: Int64?
        package var plugin: String?
        package var definition: JSONObject?
        package var artifacts: [ArtifactSummary] = []
        package var warningCount: Int64 = 0
        /// The first of the warnings.
        package var warnings: [ActivityWarning] = []

        package init(identity: String, status: String) {
            self.identity = identity
            self.status = status
        }
    }

    /// What was asked of a restore or a verification.
    package struct Request: Sendable, Hashable {
        /// The directory below which things go; `nil` for their original places.
        package let target: String?
        package let overwrite: Bool
        /// Empty for all resources.
        package let only: [String]
        package let parameters: [ParameterOverride]
        /// How often it was begun.
        package let beginnings: Int
        /// Whether `cairn resume` goes on with it.
        package let isResumable: Bool

        /// What the records of an operation say.
        package init(_ standing: OperationStanding, isResumable: Bool) {
            target = standing.index.target
            overwrite = standing.index.overwrite
            only = standing.index.only
            parameters = standing.index.parameters
            beginnings = standing.epochs.count
            self.isResumable = isResumable && standing.index.saysTarget
        }
    }

    package var operation: OperationKind
    /// The id of the operation's record; for `protect`, the checkpoint's.
    package var id: String
    package var checkpoint: String
    package var plan: String
    /// The provider, where a record names it.
    package var provider: String?
    package var started: Timestamp?
    package var finished: Timestamp?
    /// `available`, `error`, `success`, `fail`, or what the run is while it has no record of its end.
    package var status: String
    /// Why it is not well, where the failures do not say it.
    package var note = ""
    package var contentBytes: Int64?
    package var storedBytes: Int64?
    package var failures: [ResourceFailure] = []
    /// Of a restore or a verification, what was asked for.
    package var request: Request?
    /// Where the checkpoint was copied from; `nil` when it was made in its bank.
    package var origin: CheckpointOrigin?
    /// The command that helps a checkpoint that is not available; `nil` when there is none or none is needed.
    package var next: String?
    /// What people have said of the checkpoint; `nil` for other operations.
    package var annotations: CheckpointAnnotations?
    /// Records that could not be read.
    package var faults: [String] = []
    package var resources: [Resource] = []

    package init(operation: OperationKind, id: String, checkpoint: String, plan: String, status: String) {
        self.operation = operation
        self.id = id
        self.checkpoint = checkpoint
        self.plan = plan
        self.status = status
    }

    /// Whether the run reached what it was for.
    package var isSuccess: Bool { status == "available" || status == "success" || status == "deleted" }
    package var warningCount: Int64 { resources.reduce(0) { $0 + $1.warningCount } }
    /// How long it took; `nil` while it is not known.
    package var milliseconds: Int64? {
        guard let started, let finished else { return nil }
        return max(0, finished.milliseconds - started.milliseconds)
    }
}

extension RunReport {
    /// The report of a committed protect run.
    package init(
        _ commit: CommitRecord, plan: String, provider: String, started: Timestamp?,
        definitions: [String: DefinitionRecord] = [:], faults: [String] = []
    ) {
        self.init(
            operation: .protect, id: commit.checkpoint.text, checkpoint: commit.checkpoint.text, plan: plan,
            status: commit.status.rawValue)
        self.provider = provider
        self.started = started
        finished = commit.finished
        contentBytes = commit.contentBytes
        storedBytes = commit.storedBytes
        failures = commit.failures
        self.faults = faults
        resources = commit.resources.map { entry in
            var resource = Resource(identity: entry.resource, status: entry.status.rawValue)
            resource.hook = entry.hook
            resource.message = entry.message
            resource.durations = zip(Hook.allCases, entry.milliseconds).filter { $0.1 >= 0 }.map {
                Duration(hook: $0.0, milliseconds: $0.1)
            }
            resource.contentBytes = entry.contentBytes
            resource.storedBytes = entry.bytes
            resource.warningCount = entry.warnings
            if let definition = definitions[entry.resource] { resource.add(definition) }
            return resource
        }
    }

    /// The report of a run of `operation` that has no record of its end yet: how far it came, by its journal.
    package static func unfinished(
        _ operation: OperationKind, id: String, checkpoint: String, plan: String, provider: String?,
        started: Timestamp?, status: String, note: String, identities: [String], _ histories: [ResourceHistory]
    ) -> RunReport {
        var report = RunReport(operation: operation, id: id, checkpoint: checkpoint, plan: plan, status: status)
        report.provider = provider
        report.started = started
        report.note = note
        report.resources = zip(identities, histories).map { identity, history in
            var resource = Resource(identity: identity, status: "waiting")
            resource.add(history)
            // Where nobody works on it any more, nothing runs.
            if resource.status == "running", status != "protecting", status != "in-progress" {
                resource.status = "interrupted"
            }
            return resource
        }
        report.contentBytes = report.resources.reduce(0) { $0 + ($1.contentBytes ?? 0) }
        return report
    }

    /// The report of a restore or a verification that has ended.
    package init(
        _ commit: OperationCommit, operation: OperationKind, checkpoint: String, plan: String, started: Timestamp?,
        histories: [ResourceHistory] = []
    ) {
        self.init(
            operation: operation, id: commit.id.text, checkpoint: checkpoint, plan: plan,
            status: commit.status.rawValue)
        self.started = started
        finished = commit.finished
        failures = commit.failures
        resources = commit.resources.enumerated().map { position, entry in
            var resource = Resource(identity: entry.resource, status: entry.status.rawValue)
            if position < histories.count { resource.add(histories[position]) }
            resource.status = entry.status.rawValue
            resource.message = entry.message
            let failures = commit.failures.filter { $0.resource == entry.resource }
            resource.hook = (failures.first { !$0.isOfRevert } ?? failures.first)?.hook ?? ""
            resource.warningCount = entry.warnings.count
            resource.warnings = entry.warnings.warnings
            if operation == .restore {
                resource.place = entry.status == .success ? "whole" : entry.isBegun ? "partial" : "untouched"
            }
            // The records of before left that to the journal.
            if !entry.milliseconds.isEmpty {
                resource.contentBytes = entry.contentBytes
                resource.durations = zip(Hook.allCases, entry.milliseconds).filter { $0.1 >= 0 }.map {
                    Duration(hook: $0.0, milliseconds: $0.1)
                }
            }
            return resource
        }
        if resources.contains(where: { $0.contentBytes != nil }) {
            contentBytes = resources.reduce(0) { $0 + ($1.contentBytes ?? 0) }
        }
    }
}

extension RunReport.Resource {
    /// Adds what the protection definition says.
    package mutating func add(_ record: DefinitionRecord) {
        plugin = record.plugin
        definition = record.definition
        artifacts = record.artifacts.map(\.summary)
        warnings = record.warnings.warnings
    }

    /// Adds what a journal says: how far it came, and how long that took.
    package mutating func add(_ history: ResourceHistory) {
        var count: Int64 = 0
        var bytes: Int64 = 0
        for hook in Hook.allCases {
            let known = history[hook]
            if known.isOpen {
                status = "running"
                self.hook = hook.name
            } else if known.result != nil, status == "waiting" {
                status = "begun"
            }
            if let result = known.result {
                durations.append(.init(hook: hook, milliseconds: result.milliseconds))
                count += result.warnings.count
                warnings += result.warnings.warnings
                bytes += result.contentBytes
            } else if let started = known.started, let ended = known.ended {
                durations.append(
                    .init(hook: hook, milliseconds: max(0, ended.milliseconds - started.milliseconds)))
            }
            if known.result == nil, known.failure == nil { count += Int64(known.retries.count) }
            if let failure = known.failure {
                status = "failed"
                self.hook = hook.name
                message = failure
            }
        }
        count += history.failedWarnings.count
        warnings += history.failedWarnings.warnings
        warningCount = count
        contentBytes = bytes
        if history.wasReverted { status = "reverted" }
        if let failure = history.revertFailure {
            status = "revert failed"
            self.hook = "revert"
            message = failure
        }
    }
}
