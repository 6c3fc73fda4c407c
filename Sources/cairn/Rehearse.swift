import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import Glibc
import Manifests
import PlanIR
import PluginKit
import ProtectionService
import Surroundings
import Wording
import YAMLSource

/// `cairn rehearse`
struct Rehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves a plan's backup: protects, restores into a scratch place, compares, and cleans up.",
        discussion: """
            Everything that the plan names is saved into a checkpoint of its own and restored into a new directory that \
            only you may enter. What cannot be restored elsewhere is read back and checked instead, and the report says \
            so. The directory is removed in any case, and the checkpoint when all is well. The exit code is 0 only when \
            every resource is proven. Services are brought to a standstill as in any protect run. What a rehearsal of the \
            plan has left behind that was killed is removed first.

            EXAMPLES
              cairn rehearse shop.ir --dry-run
              cairn rehearse shop.ir
              cairn rehearse shop.ir --scratch /mnt/large --output json
              cairn rehearse shop.ir --accept-verified
            """)

    @OptionGroup var providers: ProviderOptions
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption

    @Flag(help: "Keep the checkpoint; it is never the last one of its plan, and no retention counts it.")
    var keep = false

    @Option(
        help: ArgumentHelp(
            "Restore into a new directory below this one; by default below TMPDIR, or /tmp.", valueName: "dir"))
    var scratch: String?

    @Flag(help: "Be content with what was verified only, since it cannot be restored elsewhere.")
    var acceptVerified = false

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The compiled plan, as 'cairnc compile' writes it.")
    var plan: String

    func validate() throws { try options.check(output) }

    func run() async throws {
        let compiled = try CompiledPlan(reading: plan)
        if compiled.ir.needsInventory { throw ExecutionError.needsInventory(plan: compiled.ir.plan) }
        if dryRun.dryRun { return try await preview(compiled) }
        let provider = try await OpenedProvider(try providers.registry(beside: plan), compiled.ir.provider.name)
        let earlier = await provider.earlierCommit(of: compiled.ir.plan)
        let (keeps, ir, bytes, place) = (keep, compiled.ir, compiled.bytes, ScratchDirectory.place(scratch))
        let report = try await ProgressDisplay.showing(options, provider, quiet: output == .json) { environment in
            for notice in provider.notices(for: ir) { environment.observer.observe(.noticed(notice)) }
            return try await environment.leased { environment in
                await provider.sweepRehearsals(of: ir.plan, in: place, environment)
                return try await Rehearsal.run(environment, ir: ir, irBytes: bytes, earlier: earlier, keeps: keeps) {
                    do {
                        return try ScratchDirectory.make(
                            below: place,
                            ScratchRecord(
                                bank: provider.format.id, plan: ir.plan, owner: environment.collection.owner,
                                created: environment.now()))
                    } catch { throw MessageFailure("\(error)") }
                }
            }
        }
        switch output {
        case .json:
            StandardStream.output.write(JSONValue.object(report.json(acceptsVerified: acceptVerified)).prettyText)
        case .text: options.results.write(report.words(acceptsVerified: acceptVerified))
        }
        if report.wasCancelled { throw ExitCode(ExitStatus.cancelled) }
        if !report.isProven(acceptsVerified: acceptVerified) { throw ExitCode(ExitStatus.failed) }
    }

    /// What the run would need: what protecting needs, and room in the scratch place.
    private func preview(_ compiled: CompiledPlan) async throws {
        let registry = try providers.registry(beside: plan)
        let provider = try await OpenedProvider(registry, compiled.ir.provider.name)
        let earlier = await provider.earlierCommit(of: compiled.ir.plan)
        let report = await DryRun(plugins: provider.plugins, jobs: options.jobs ?? 4).protect(
            compiled.ir, bank: provider.collection.bank,
            bankFindings: [scratchFinding(needed: earlier?.contentBytes)],
            earlierBytes: await provider.earlierStoredBytes(of: compiled.ir.plan))
        try report.show(output)
    }

    private func scratchFinding(needed: Int64?) -> Precondition {
        let place = ScratchDirectory.place(scratch)
        let subject = "the scratch place \(place)"
        guard access(place, W_OK | X_OK) == 0 else {
            return Precondition(
                subject, .unmet, "cannot be written to: \(String(cString: strerror(errno)))",
                advice: "name another one with --scratch DIR")
        }
        var volume = statvfs()
        guard statvfs(place, &volume) == 0 else {
            return Precondition(subject, .doubtful, "does not say how much room it has")
        }
        let room = Int64(clamping: volume.f_bavail).multipliedReportingOverflow(by: Int64(clamping: volume.f_frsize))
        let free = room.overflow ? .max : room.partialValue
        guard let needed else {
            return Precondition(
                subject, .doubtful, "has room for \(Words.bytes(free)), and no earlier run tells how much is needed",
                advice: "see that all that the plan saves has room there")
        }
        return Precondition(
            subject, free >= needed ? .met : .unmet,
            "has room for \(Words.bytes(free)), and \(Words.bytes(needed)) were saved last time",
            advice: free >= needed ? "" : "name another one with --scratch DIR")
    }
}

extension OpenedProvider {
    /// Removes what rehearsals of a plan have left behind that were killed, and says so. What fails keeps no one from
    /// rehearsing.
    func sweepRehearsals(of plan: String, in place: String, _ environment: ExecutionEnvironment) async {
        func tell(_ words: String) { environment.observer.observe(.noticed(words)) }
        let isGone = environment.ownerGlance()
        var quiet = environment
        quiet.observer = SilentObserver()
        do {
            for item in try await GarbageCollection(quiet, isGone: isGone).runRehearsals(of: plan)
            where item.action != .left {
                tell(
                    item.action == .failed
                        ? "checkpoint \(item.id) of a rehearsal that was cut off could not be removed: \(item.message)"
                        : "checkpoint \(item.id) was removed: \(item.message)")
            }
            for swept in try await ScratchSweep(bank: format.id, isGone: isGone).run(in: [place]) {
                switch swept.outcome {
                case .removed: tell("'\(swept.path)' was removed: \(swept.words)")
                case .left(let reason): tell("'\(swept.path)' was left: \(swept.words); \(reason)")
                case .failed(let reason): tell(reason)
                }
            }
        } catch { tell("what earlier rehearsals have left behind was not looked for: \(error)") }
    }
}

extension RehearsalReport {
    private func status(_ acceptsVerified: Bool) -> String {
        wasCancelled ? "cancelled" : isProven(acceptsVerified: acceptsVerified) ? "proven" : "unproven"
    }

    func json(acceptsVerified: Bool) -> JSONObject {
        func number(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }
        return [
            "version": 1, "operation": "rehearse", "plan": .string(plan), "checkpoint": .string(checkpoint.text),
            "kept": .bool(isKept), "status": .string(status(acceptsVerified)),
            "started": .string(started.description), "protectMilliseconds": .integer(protectMilliseconds),
            "restoreMilliseconds": number(restoreMilliseconds), "verifyMilliseconds": number(verifyMilliseconds),
            "restoredBytes": .integer(restoredBytes), "failures": .array(failures.map { .string($0) }),
            "resources": .array(
                resources.map { resource in
                    [
                        "resource": .string(resource.identity), "verdict": .string(resource.verdict.rawValue),
                        "note": .string(resource.note), "contentBytes": .integer(resource.contentBytes),
                        "milliseconds": number(resource.milliseconds),
                        "warnings": .array(
                            resource.warnings.map {
                                [
                                    "kind": .string($0.kind), "subject": .string($0.subject),
                                    "message": .string($0.message),
                                ]
                            }),
                    ]
                }),
        ]
    }

    func words(acceptsVerified: Bool) -> String {
        var text = Words.table(
            ["RESOURCE", "VERDICT", "CONTENT", "TIME", "NOTE"],
            resources.map { resource in
                [
                    resource.identity, resource.verdict.rawValue, Words.bytes(resource.contentBytes),
                    resource.milliseconds.map { Words.duration(Double($0) / 1000) } ?? "-",
                    Words.harmless(resource.note),
                ]
            })
        for resource in resources {
            for warning in resource.warnings { text += Words.warning(resource.identity, warning) + "\n" }
        }
        for failure in failures { text += "failed: \(Words.harmless(failure))\n" }
        text += "saving took \(Words.duration(Double(protectMilliseconds) / 1000))"
        if let restoreMilliseconds {
            text +=
                ", restoring \(Words.duration(Double(restoreMilliseconds) / 1000)) for \(Words.bytes(restoredBytes))"
        }
        if let verifyMilliseconds { text += ", verifying \(Words.duration(Double(verifyMilliseconds) / 1000))" }
        text += "\n"
        func count(_ verdict: RehearsedResource.Verdict) -> Int { resources.count { $0.verdict == verdict } }
        let summary = RehearsedResource.Verdict.allCases.filter { count($0) > 0 }.map { "\(count($0)) \($0.rawValue)" }
        text += "rehearsal of plan '\(plan)': \(status(acceptsVerified)); \(summary.joined(separator: ", "))\n"
        if count(.verified) > 0 && !acceptsVerified {
            text += "what is verified only was not restored; --accept-verified is content with that\n"
        }
        if isKept {
            text += "checkpoint \(checkpoint) of the rehearsal is kept; 'cairn delete \(checkpoint)' removes it\n"
        }
        return text
    }
}
