import Bank
import CanonicalForm
package import Checkpoints
import PlanIR
import PluginKit
import Surroundings

/// Copies an available checkpoint into another bank, under the same id.
///
/// What arrives there needs nothing of the origin: definitions, IR, journal and artifacts come along, each checked
/// against its digest on the way, and the commit record is written last. A copy that was broken off goes on in a later
/// epoch, and takes over what earlier ones have brought there.
package struct CopyOperation: Sendable {
    let environment: ExecutionEnvironment
    let source: CopySide
    let target: CopySide
    let id: CheckpointID
    /// Whether the owner of an epoch has certainly ended.
    let isGone: @Sendable (Owner) async throws -> Bool

    /// A copy of checkpoint `id`. `environment` is that of the target, whose plugins must be able to restore the copy.
    package init(
        _ environment: ExecutionEnvironment, checkpoint id: CheckpointID, from source: CopySide, to target: CopySide,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.source = source
        self.target = target
        self.id = id
        let collection = target.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// Runs the copy. A failing artifact or hook gives a report; what is thrown is a reason not to begin, or a failure of
    /// the other bank, after which the copy goes on when it is run again.
    package func run() async throws -> CopyReport {
        try ensureOtherBank()
        guard try await source.collection.summary(id) != nil else { throw CheckpointError.unknown(id.text) }
        return try await environment.using(id, of: source.collection, .copy) { try await copy() }
    }

    private func ensureOtherBank() throws {
        guard source.bankID != target.bankID else {
            throw CopyError.sameBank(place: target.collection.bank.place)
        }
    }

    private func copy() async throws -> CopyReport {
        let (checkpoint, definitions) = try await read()
        for name in try changedPlugins(checkpoint) {
            environment.observer.observe(
                .noticed("the manifest of the plugin '\(name)' has changed since this checkpoint was made"))
        }
        let standing = try await standing(checkpoint, definitions)
        if case .there(let there) = standing { return try await complete(there, checkpoint, definitions) }
        try environment.writeGuard.ensureMayWrite()
        let index = try await begin(checkpoint, standing)
        let collection = target.collection
        let (now, random) = (environment.now(), environment.random)
        // What is still being deleted of an earlier copy under this id must not lie where this one will.
        let newest = try await collection.epochs(id).last ?? CheckpointCollection.copyEpochs(random)
        let epoch = try await uncancelled { try await collection.claim(id, after: newest, now: now, random: random) }
        // An epoch that is recorded as failed may be swept any time: only later ones are taken over from.
        let committed = try await collection.commit(id)
        if let committed, committed.status == .available {
            // An earlier copier's last write took effect late. It counts, once it stands behind all claims.
            let there = try await LoadedCheckpoint.load(id, from: collection)
            try compare(definitions, try await there.definitions(in: collection))
            let confirmed = try await Confirmation(environment, index).repeating(committed, in: epoch)
            await tidy(checkpoint, confirmed)
            return report(checkpoint, definitions, .alreadyThere)
        }
        let earlier = try await collection.epochs(id).filter { $0 > committed?.epoch ?? 0 && $0 < epoch }
        let run = CopyRun(
            environment: environment, source: source, target: target, checkpoint: checkpoint,
            definitions: definitions, index: index, epoch: epoch, earlier: earlier, isGone: isGone)
        return try await run.run()
    }

    /// Removes what a commit record of the target does not name, and then the marker; what fails is left to `cairn gc`.
    func tidy(_ checkpoint: LoadedCheckpoint, _ commit: CommitRecord) async {
        do {
            try await Leftovers(target.collection, checkpoint.ir, commit, isGone: isGone).remove()
            try await target.collection.settle(id)
        } catch {
            environment.observer.observe(
                .noticed("what earlier copiers had left half-written is not all removed yet: \(error)"))
        }
    }

    /// Throws when the target's provider has not the plugins, in the right versions, to restore the checkpoint; returns
    /// the names of those whose manifests differ.
    func changedPlugins(_ checkpoint: LoadedCheckpoint) throws -> [String] {
        do { return try checkpoint.checkBindings(environment.plugins) } catch ExecutionError.unknownPlugin(let name) {
            throw CopyError.lacksPlugin(name, provider: target.provider)
        }
    }

    // MARK: The source

    /// The checkpoint and its definitions, as they are in the source.
    func read() async throws -> (LoadedCheckpoint, [DefinitionRecord]) {
        try ensureOtherBank()
        let checkpoint = try await available()
        // Before anything is written, so that damage in them leaves no trace in the other bank.
        return (checkpoint, try await checkpoint.definitions(in: source.collection))
    }

    /// The checkpoint, which must be available.
    private func available() async throws -> LoadedCheckpoint {
        guard let summary = try await source.collection.summary(id) else { throw CheckpointError.unknown(id.text) }
        guard summary.status == .available else {
            throw CheckpointError.wrongStatus(
                id, summary.status, wanted: "available to be copied", reason: summary.message)
        }
        return try await LoadedCheckpoint.load(id, from: source.collection)
    }

    // MARK: The target

    /// What the target has under the checkpoint's id.
    enum Standing: Sendable {
        /// Nothing, or all but the index record.
        case none
        /// The same checkpoint, available.
        case there(CopyThere)
        /// A copy that was broken off, has failed, or has lost its IR, with its index record.
        case begun(CheckpointIndex)
    }

    /// Finds out what the target has; throws `CopyError` for what is in the way of a copy.
    func standing(
        _ checkpoint: LoadedCheckpoint, _ definitions: [DefinitionRecord]
    ) async throws -> Standing {
        let collection = target.collection
        guard let summary = try await collection.summary(id) else { return .none }
        if summary.status == .damaged, try await lacksOnlyIndex(checkpoint, definitions) { return .none }
        switch summary.status {
        case .deleting, .errorDeleting, .damaged:
            throw CopyError.inTheWay(id, summary.status, place: target.words, provider: target.provider)
        case .protecting, .waitCopying, .copying, .available, .error: break
        }
        let index = try await collection.index(id)
        if let difference = Self.difference(checkpoint.index, index) {
            throw CopyError.otherCheckpoint(id, place: target.words, difference: difference)
        }
        if summary.status == .available {
            let hasIR = try await collection.bank.size(CheckpointKeys(id).ir) != nil
            if index.origin != nil, !hasIR { return .begun(index) }
            let there = try await LoadedCheckpoint.load(id, from: collection)
            let found = try await there.definitions(in: collection)
            try compare(definitions, found)
            return .there(try await CopyThere.look(at: there, found, in: collection, isGone: isGone))
        }
        guard index.origin != nil else {
            throw CopyError.otherCheckpoint(id, place: target.words, difference: "it was made there")
        }
        let owner = try await collection.newestEpoch(id)?.owner ?? index.owner
        guard try await isGone(owner) else { throw CopyError.begunElsewhere(id, place: target.words) }
        return .begun(index)
    }

    /// What tells two index records of one id apart; `nil` when they are of the same checkpoint.
    static func difference(_ source: CheckpointIndex, _ target: CheckpointIndex) -> String? {
        if source.irDigest != target.irDigest { return "it was made by another plan" }
        if source.created != target.created { return "it was made at \(target.created), and not at \(source.created)" }
        if source.plan != target.plan { return "it is of plan '\(target.plan)'" }
        return nil
    }

    /// Whether the target has a whole copy but for its index record, and maybe its IR.
    ///
    /// These are the only objects that every copy under this id has under the same names. So they are what a delete of an
    /// earlier copy can hit that takes effect very late. They follow from what the source has, and are written again.
    private func lacksOnlyIndex(
        _ checkpoint: LoadedCheckpoint, _ definitions: [DefinitionRecord]
    ) async throws -> Bool {
        let (collection, keys) = (target.collection, CheckpointKeys(id))
        // In this order: a deletion that has removed the one has the other until nothing else is left.
        guard try await collection.bank.size(keys.index) == nil, try await collection.bank.size(keys.tombstone) == nil,
            let commit = try await collection.commit(id), commit.status == .available,
            commit.resources.map(\.resource) == checkpoint.ir.resources.map(\.identity),
            // What was made there begins with epoch 1, and copies do not.
            let first = try await collection.epochs(id).first, first > 1
        else { return false }
        let packs = DefinitionPacks(id, commit, collection)
        try compare(definitions, try await packs.definitions(ofFirst: definitions.count))
        return true
    }

    /// Throws unless what both banks have committed is the same, down to the digests of all artifacts.
    private func compare(_ definitions: [DefinitionRecord], _ found: [DefinitionRecord]) throws {
        for (definition, other) in zip(definitions, found) {
            func place(_ artifact: DefinitionRecord.Artifact) -> [String] {
                [artifact.summary.name, "\(artifact.summary.digest)", "\(artifact.record)"]
            }
            guard
                other.resource == definition.resource, other.definition == definition.definition,
                other.artifacts.map(place) == definition.artifacts.map(place)
            else {
                throw CopyError.otherCheckpoint(
                    id, place: target.words, difference: "what it has of '\(definition.resource)' is not the same")
            }
        }
    }

    /// Writes what the copy begins with, and returns its index record.
    private func begin(_ checkpoint: LoadedCheckpoint, _ standing: Standing) async throws -> CheckpointIndex {
        let collection = target.collection
        let ir = try await source.collection.irBytes(checkpoint.index)
        if case .begun(let index) = standing {
            try await uncancelled { try await collection.recreateCopy(index, ir: ir) }
            return index
        }
        let index = CheckpointIndex(
            id: id, plan: checkpoint.index.plan, provider: target.provider, created: checkpoint.index.created,
            owner: collection.owner, irDigest: checkpoint.index.irDigest, resources: checkpoint.index.resources,
            origin: CheckpointOrigin(bank: source.bankID, provider: source.provider, copied: environment.now()),
            isRehearsal: checkpoint.index.isRehearsal)
        do {
            try await uncancelled { try await collection.createCopy(index, ir: ir) }
        } catch BankError.conditionFailed {
            throw CopyError.begunElsewhere(id, place: target.words)
        }
        return index
    }

    func report(
        _ checkpoint: LoadedCheckpoint, _ definitions: [DefinitionRecord], _ outcome: CopyReport.Outcome,
        _ tally: ArtifactCopy.Tally = .init()
    ) -> CopyReport {
        CopyReport(
            checkpoint: id, plan: checkpoint.ir.plan, from: source.provider, to: target.provider, outcome: outcome,
            failures: [], resources: definitions.count,
            artifacts: definitions.reduce(0) { $0 + $1.artifacts.count }, tally: tally,
            wasCancelled: false)
    }
}
