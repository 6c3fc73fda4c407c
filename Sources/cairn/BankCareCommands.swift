import ArgumentParser
import Bank
import BankCare
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Foundation
import ProtectionService
import Surroundings
import Wording

extension BankCommand {
    /// `cairn bank check`
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Looks at everything in a bank, and mends what it can.",
            discussion: """
                Compares records, indices, markers and the sizes of all artifacts with each other; with --read-data it \
                reads every byte. It may run beside everything. --repair writes indices and markers anew and removes what \
                leads nowhere; it never touches what was saved. docs/bank-care.md has what is found and what it means. \
                The exit code is 1 when something is left to be done.

                EXAMPLES
                  cairn bank check
                  cairn bank check --read-data --output json
                  cairn bank check --repair
                """)

        @OptionGroup var provider: ProviderChoice

        @Flag(help: "Read all artifacts and compare their digests.")
        var readData = false

        @Flag(help: "Mend what follows from other records.")
        var repair = false

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func run() async throws {
            let opened = try await provider.open()
            let (scope, repair) = (readData ? BankAudit.Scope.data : .records, repair)
            let started = ContinuousClock.now
            let (findings, tally) = try await opened.audit(scope, repairs: repair, shows: output == .text)
            let seconds = started.duration(to: .now) / .seconds(1)
            switch output {
            case .json: StandardStream.output.write(tally.json(findings).prettyText)
            case .text:
                let data = readData ? ", \(Words.bytes(tally.bytesRead)) read" : ""
                StandardStream.error.write(
                    "\(Words.count(tally.checkpoints, "checkpoint")), \(Words.count(tally.objects, "object"))\(data) "
                        + "in \(Words.duration(seconds)): \(tally.words)\n")
            }
            if tally.left > 0 { throw ExitCode(ExitStatus.failed) }
        }
    }

    /// `cairn bank reindex`
    struct Reindex: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rebuilds the indices of a bank from its checkpoints.",
            discussion: """
                Writes entries that are missing or damaged, removes those that lead nowhere, and puts those of earlier \
                versions where listings find them quickly. It may run beside everything, and again at any time.

                EXAMPLES
                  cairn bank reindex --dry-run
                  cairn bank reindex
                """)

        @OptionGroup var provider: ProviderChoice

        @Flag(help: "Say what would be done, and change nothing.")
        var dryRun = false

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func run() async throws {
            let opened = try await provider.open()
            let (findings, tally) = try await opened.audit(.indices, repairs: !dryRun, shows: output == .text)
            switch output {
            case .json: StandardStream.output.write(tally.json(findings).prettyText)
            case .text:
                let count = findings.count
                let words =
                    count == 0
                    ? "the indices are as they should be"
                    : dryRun
                        ? "\(Words.count(count, "entry", "entries")) would be mended"
                        : "\(tally.mended) of \(Words.count(count, "entry", "entries")) mended"
                StandardStream.error.write("\(Words.count(tally.checkpoints, "checkpoint")): \(words)\n")
            }
            if !dryRun, tally.mended < findings.count { throw ExitCode(ExitStatus.failed) }
        }
    }
}

extension OpenedProvider {
    /// Runs an audit; one that repairs under a lease. With `shows`, findings are printed as they come.
    fileprivate func audit(
        _ scope: BankAudit.Scope, repairs: Bool, shows: Bool
    ) async throws -> ([BankFinding], AuditTally) {
        let collection = collection
        @Sendable func run(_ writeGuard: any WriteGuard, _ now: Int64) async throws -> ([BankFinding], AuditTally) {
            let audit = BankAudit(
                collection, scope: scope, repairs: repairs, writeGuard: writeGuard,
                processors: ProcessInfo.processInfo.activeProcessorCount, now: now)
            var findings: [BankFinding] = []
            let tally = try await audit.run { finding in
                findings.append(finding)
                if shows { StandardStream.output.write(finding.words) }
            }
            return (findings, tally)
        }
        guard repairs else { return try await run(NoGuard(), Timestamp.now().milliseconds) }
        let keeper = LeaseKeeper(bank: collection.bank, owner: collection.owner, clock: SystemClock())
        try await keeper.acquire()
        // The lease was just written, and tells the store's time.
        let lease = try CheckpointLayout.lease(collection.owner.id)
        let now = try await collection.bank.modified(lease) ?? Timestamp.now().milliseconds
        return try await keeper.hold { try await run(keeper, now) }
    }
}

extension BankFinding {
    /// One finding as lines of text.
    fileprivate var words: String {
        var text = "\(kind.severity.rawValue): \(kind.rawValue): '\(Words.harmless(key))' \(Words.harmless(message))\n"
        switch state {
        case .mended: text += "    mended\n"
        case .failed: text += "    could not be mended: \(Words.harmless(failure))\n"
        case .found: text += "    \(kind.meaning); \(advice)\n"
        }
        return text
    }

    private var advice: String {
        ProposedCommands.naming(kind.advice.replacingOccurrences(of: "ID", with: checkpoint?.text ?? "ID"))
    }

    fileprivate var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "severity": .string(kind.severity.rawValue), "key": .string(key),
            "checkpoint": checkpoint.map { .string($0.text) } ?? .null, "message": .string(message),
            "meaning": .string(kind.meaning), "repair": kind.repair.map { .string($0) } ?? .null,
            "advice": .string(advice), "state": .string(state.rawValue), "failure": .string(failure),
        ]
    }
}

extension AuditTally {
    fileprivate func json(_ findings: [BankFinding]) -> JSONValue {
        [
            "checkpoints": .integer(Int64(checkpoints)), "objects": .integer(Int64(objects)),
            "bytesRead": .integer(bytesRead), "mended": .integer(Int64(mended)), "left": .integer(Int64(left)),
            "findings": .array(findings.map(\.json)),
        ]
    }

    /// `nothing is wrong`, or how much of what.
    fileprivate var words: String {
        let parts = BankFinding.Severity.allCases.compactMap { severity -> String? in
            let count = kinds.reduce(0) { $0 + ($1.key.severity == severity ? $1.value : 0) }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        if parts.isEmpty { return "nothing is wrong" }
        return parts.joined(separator: ", ") + (mended > 0 ? "; \(mended) mended, \(left) left" : "")
    }
}
