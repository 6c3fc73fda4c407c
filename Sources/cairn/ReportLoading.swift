import ArgumentParser
import CanonicalForm
import Checkpoints
import Engine
import PlanIR
import RunReports

/// How a report is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown, html
}

extension RunReport {
    /// The report in a format.
    func rendered(as format: ReportFormat) -> String {
        switch format {
        case .text: text
        case .json: JSONValue.object(json).prettyText
        case .markdown: markdown
        case .html: html
        }
    }

    /// The report of a checkpoint: by its commit record and definitions, or else by its journal, as far as that goes.
    static func load(_ summary: CheckpointSummary, _ collection: CheckpointCollection) async throws -> RunReport {
        switch summary.status {
        case .available, .error:
            guard let commit = try await collection.commit(summary.id) else {
                return try await unfinished(summary, collection)
            }
            var report = RunReport(
                commit, plan: summary.plan, provider: summary.provider, started: summary.created)
            await report.addDefinitions(of: commit, collection)
            return report
        case .protecting, .waitCopying, .copying: return try await unfinished(summary, collection)
        case .deleting, .errorDeleting, .damaged:
            var report = RunReport(
                operation: .protect, id: summary.id.text, checkpoint: summary.id.text, plan: summary.plan,
                status: summary.status.rawValue)
            report.provider = summary.provider
            report.started = summary.created
            report.note = summary.message
            return report
        }
    }

    /// Adds where a copy comes from, and what to do about one that is not whole.
    mutating func addOrigin(_ summary: CheckpointSummary, _ collection: CheckpointCollection) async {
        // A record that cannot be read is a fault that was told.
        guard let index = try? await collection.index(summary.id), let origin = index.origin else { return }
        self.origin = origin
        switch summary.status {
        case .error:
            operation = .copy
            next = index.copyAgain
        case .waitCopying, .copying, .available, .protecting, .deleting, .errorDeleting, .damaged: break
        }
    }

    /// Adds what the protection definitions say; one that cannot be read is a fault of the report.
    mutating func addDefinitions(of commit: CommitRecord, _ collection: CheckpointCollection) async {
        let packs = DefinitionPacks(commit.checkpoint, commit, collection)
        for position in commit.resources.indices {
            do {
                if let record = try await packs.definitionIfSaved(position) { resources[position].add(record) }
            } catch {
                // Resources share a pack, and its fault is told once.
                if faults.last != "\(error)" { faults.append("\(error)") }
            }
        }
    }

    private static func unfinished(
        _ summary: CheckpointSummary, _ collection: CheckpointCollection
    ) async throws -> RunReport {
        var identities: [String] = []
        var histories: [ResourceHistory] = []
        var fault: String?
        var operation = OperationKind.protect
        do {
            let index = try await collection.index(summary.id)
            if index.origin != nil { operation = .copy }
            let ir = try await LoadedCheckpoint.loadIR(index, from: collection)
            identities = ir.resources.map(\.identity)
            let history =
                operation == .copy
                ? try await collection.copyJournal(before: .max, summary.id, ir)
                : try await collection.journal(summary.id, ir)
            histories = ResourceHistory.of(history.events, resources: identities.count)
        } catch {
            fault = String(describing: error)
        }
        var report = RunReport.unfinished(
            operation, id: summary.id.text, checkpoint: summary.id.text, plan: summary.plan, provider: summary.provider,
            started: summary.created, status: summary.status.rawValue, note: summary.message, identities: identities,
            histories)
        if let fault { report.faults.append(fault) }
        return report
    }

    /// The report of a restore or a verification.
    static func load(_ summary: OperationSummary, _ collection: CheckpointCollection) async throws -> RunReport {
        guard let index = summary.index else {
            var report = RunReport(
                operation: .restore, id: summary.id.text, checkpoint: "?", plan: "?", status: summary.status.rawValue)
            report.note = summary.message
            return report
        }
        let kind = OperationKind(rawValue: index.kind) ?? .restore
        var identities: [String] = []
        var histories: [ResourceHistory] = []
        // The journal tells durations and sizes; the checkpoint that it is about may be gone.
        if let standing = summary.standing, let checkpoint = try? await collection.index(index.checkpoint),
            let ir = try? await LoadedCheckpoint.loadIR(checkpoint, from: collection),
            let events = try? await collection.operationJournal(standing, ir)
        {
            let all = ResourceHistory.of(events, resources: ir.resources.count)
            let wanted = Set(index.only)
            for (resource, history) in zip(ir.resources, all)
            where wanted.isEmpty || wanted.contains(resource.identity) {
                identities.append(resource.identity)
                histories.append(history)
            }
        }
        var request = summary.standing.map { Request($0, isResumable: summary.isResumable) }
        if let next = request?.next { request?.next = ProposedCommands.whole(next) }
        if let commit = summary.commit {
            var report = RunReport(
                commit, operation: kind, checkpoint: index.checkpoint.text, plan: index.plan, started: index.started,
                histories: histories)
            report.request = request
            return report
        }
        var report = RunReport.unfinished(
            kind, id: summary.id.text, checkpoint: index.checkpoint.text, plan: index.plan, provider: nil,
            started: index.started, status: summary.status.rawValue, note: summary.message, identities: identities,
            histories)
        report.request = request
        return report
    }
}
