package import Bank
package import CanonicalForm
package import Checkpoints
package import PlanIR
package import PluginKit
package import Surroundings

/// A plugin with the manifest that it comes with.
package struct LoadedPlugin: Sendable {
    package let plugin: any ProtectionPlugin
    /// The version in the manifest: it changes when older protection definitions can no longer be read.
    package let version: Int64
    /// The digest of the manifest.
    package let digest: SHA256Digest

    package init(plugin: any ProtectionPlugin, version: Int64, digest: SHA256Digest) {
        self.plugin = plugin
        self.version = version
        self.digest = digest
    }
}

/// How many activities run at a time.
package struct Concurrency: Sendable, Hashable {
    /// In all.
    package var jobs: Int
    /// Of the resources of some plugins, by name.
    package var plugins: [String: Int]
    /// Of the resources of some types.
    package var types: [String: Int]

    package init(jobs: Int, plugins: [String: Int] = [:], types: [String: Int] = [:]) {
        self.jobs = jobs
        self.plugins = plugins
        self.types = types
    }
}

/// What an operation needs of its surroundings.
package struct ExecutionEnvironment: Sendable {
    package var collection: CheckpointCollection
    /// The plugins by name.
    package var plugins: [String: LoadedPlugin]
    package var concurrency: Concurrency
    package var observer: any RunObserver
    package var clock: any RunClock
    package var random: any RunRandom
    /// Asked before each write that others rely on.
    package var writeGuard: any WriteGuard
    package var control: RunControl
    /// What a failure means for the rest of a run; `nil` for what the plan says.
    package var onFailure: FailurePolicy?
    /// How long running activities may take to finish when a run stops, in nanoseconds.
    package var grace: Int64
    /// How long the lease lasts under which an operation runs, and when it is renewed.
    package var leaseTerms = LeaseTerms.standard
    /// How old a mark of deletion must be before anything is removed from a bank whose listings may be behind, in
    /// milliseconds by the store's clock.
    package var listingMargin = DeleteOperation.listingMargin
    /// The faults that a test plants; none in a program.
    package var faults = PlantedFaults()

    package init(
        collection: CheckpointCollection, plugins: [String: LoadedPlugin], concurrency: Concurrency,
        observer: any RunObserver, clock: any RunClock = SystemClock(), random: any RunRandom = SystemRandom(),
        writeGuard: any WriteGuard = NoGuard(), control: RunControl = RunControl(), onFailure: FailurePolicy? = nil,
        grace: Int64 = 0
    ) {
        self.collection = collection
        self.plugins = plugins
        self.concurrency = concurrency
        self.observer = observer
        self.clock = clock
        self.random = random
        self.writeGuard = writeGuard
        self.control = control
        self.onFailure = onFailure
        self.grace = grace
    }

    package var bank: any Bank { collection.bank }

    /// The time for records.
    package func now() -> Timestamp { Timestamp(milliseconds: clock.wallMilliseconds) }

    /// A new id.
    func newID() -> CheckpointID { CheckpointID(random: random) }
}

/// Mistakes that a test has the engine make, to show that its simulation finds them.
package struct PlantedFaults: Sendable, Hashable {
    /// An undo note is not waited for.
    package var skipsUndoDurability = false
    /// The checkpoint is committed before its definitions are durable.
    package var commitsEarly = false
    /// A resume takes over activities that were begun only.
    package var adoptsUnfinished = false
    /// A deletion does not look behind its mark whether someone has begun to use the checkpoint, or pinned it.
    package var looksOnce = false
    /// The marker of a rehearsal's checkpoint goes when that is recorded, and not when it is decided whether it stays.
    package var settlesRehearsals = false
    /// A check of a bank takes for a fault what it has seen once.
    package var believesOneLook = false
    /// A repair takes an entry for stray whose checkpoint was not there when it listed them.
    package var believesListing = false

    package init() {}
}

/// Why an operation could not begin or end as it should.
package enum ExecutionError: Error, Sendable, CustomStringConvertible {
    /// The IR is bound to a plugin that this program does not have.
    case unknownPlugin(String)
    /// The plugin's manifest is not the one that the plan was compiled against.
    case manifestChanged(plugin: String, compiled: SHA256Digest, present: SHA256Digest)
    /// The plugin's saved data have changed since the checkpoint was made.
    case versionChanged(plugin: String, saved: Int64, present: Int64)
    /// A record that the operation needs is not what was written.
    case damaged(BankKey, String)
    /// The plan was compiled without the inventory that it needs.
    case needsInventory(plan: String)
    /// All activities have ended, but the outcome could not be recorded.
    case notCommitted(CheckpointID, reason: String)
    /// All has been copied, but that could not be recorded.
    case notCopied(CheckpointID, reason: String)
    /// Not everything that was left behind could be undone, so that the checkpoint stays as it is.
    case notReverted(CheckpointID, failures: [ResourceFailure])
    /// Not everything that a restore or verification left behind could be undone.
    case operationNotReverted(CheckpointID, failures: [ResourceFailure])
    /// An activity lasted longer than it may, in nanoseconds.
    case timedOut(Int64)
    /// Undoing lasted longer than it may, in nanoseconds.
    case revertTimedOut(Int64)
    /// Someone did not want to wait for undoing any longer.
    case revertAbandoned
    /// The bank no longer takes note of what happens.
    case journalFailed(reason: String)

    package var description: String {
        switch self {
        case .unknownPlugin(let name): "the plan needs the plugin '\(name)', which this cairn does not have"
        case .manifestChanged(let plugin, let compiled, let present):
            "the plan was compiled against another manifest of the plugin '\(plugin)' (\(compiled)) than this cairn has "
                + "(\(present)); compile the plan again"
        case .versionChanged(let plugin, let saved, let present):
            "the checkpoint was made by version \(saved) of the plugin '\(plugin)', and this cairn has version \(present); "
                + "use the cairn that made it"
        case .damaged(let key, let reason): "bank object '\(key)' is damaged: \(reason)"
        case .needsInventory(let plan):
            "the plan '\(plan)' discovers dependents and was compiled without an inventory, so what it would protect is "
                + "not known; make one with 'cairn inventory PLAN.ir -o INVENTORY.yaml', and compile the plan with "
                + "'cairnc compile PLAN.yaml --inventory INVENTORY.yaml -o PLAN.ir'"
        case .notCommitted(let id, let reason):
            "the outcome of checkpoint \(id) could not be recorded, so it cannot be restored: \(reason); "
                + "'cairn resume \(id)' goes on where it stopped"
        case .notCopied(let id, let reason):
            "the copy of checkpoint \(id) could not be recorded, so it cannot be restored: \(reason); copy it again to go on"
        case .notReverted(let id, let failures):
            "what checkpoint \(id) left behind could not be undone: "
                + failures.map(\.description).joined(separator: "; ") + "; mend that, and run the same command again"
        case .operationNotReverted(let id, let failures):
            "what operation \(id) left behind could not be undone: "
                + failures.map(\.description).joined(separator: "; ") + "; mend that, and run the same command again"
        case .timedOut(let limit): "it lasted longer than its timeout of \(Self.seconds(limit))"
        case .revertTimedOut(let limit):
            "undoing it lasted longer than \(Self.seconds(limit)) and was ended; 'cairn gc' tries again"
        case .revertAbandoned: "undoing it was ended by a further signal; 'cairn gc' tries again"
        case .journalFailed(let reason): "the bank takes no note of what happens any more: \(reason)"
        }
    }

    private static func seconds(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000) s" }
        return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst()) s"
    }
}
