import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import Wording
import Manifests
import Notifications
import PlanIR
import PluginKit
import ProtectionService
import YAMLSource
import Wording

/// `--dry-run` of the commands that run something.
struct DryRunOption: ParsableArguments {
    @Flag(help: "Say what would be run and what it needs that is not there, and change nothing.")
    var dryRun = false
}

extension Protect {
    /// What this run would do; a bank that is not there is one finding among the others.
    func preview(_ compiled: CompiledPlan) async throws {
        let registry = try providers.registry(beside: plan)
        let manifest = try registry.provider(compiled.ir.provider.name)
        let location = try registry.bank(of: manifest)
        let dryRun = DryRun(plugins: try registry.plugins(of: manifest), jobs: options.jobs ?? 4)
        let told = await NotificationChecks.check(compiled.ir.notifications + manifest.notifications)
        let report: DryRunReport
        do {
            let opened = try await OpenedProvider(registry, manifest.name.value)
            for notice in opened.notices(for: compiled.ir) {
                StandardStream.error.write("note: \(Words.harmless(notice))\n")
            }
            report = await dryRun.protect(
                compiled.ir, bank: opened.collection.bank, bankFindings: told,
                earlierBytes: await opened.earlierStoredBytes(of: compiled.ir.plan))
        } catch let error as BankError {
            report = await dryRun.protect(
                compiled.ir, bank: nil, bankFindings: [BankCheck.unavailable(location.place, error)] + told)
        }
        try report.show(output)
    }
}

extension OpenedProvider {
    /// What an earlier checkpoint of a plan takes in the bank, for dry runs.
    func earlierStoredBytes(of plan: String) async -> Int64? {
        let filter = CheckpointCollection.Filter(plan: plan, provider: manifest.name.value)
        return try? await collection.last(filter, thorough: false).checkpoint.storedBytes
    }
}

extension DryRunReport {
    /// Prints the report and exits with 1 when something is unmet.
    func show(_ output: OutputFormat) throws {
        switch output {
        case .json: StandardStream.output.write(JSONValue.object(json).prettyText)
        case .text: StandardStream.output.write(words)
        }
        if count(.unmet) > 0 { throw ExitCode(ExitStatus.failed) }
    }

    var json: JSONObject {
        [
            "dryRun": true, "operation": .string(operation.rawValue), "plan": .string(plan),
            "provider": .string(provider), "checkpoint": checkpoint.map { .string($0.text) } ?? .null,
            "resources": .integer(Int64(resources)), "bankBytes": bankBytes.map { .integer($0) } ?? .null,
            "unmet": .integer(Int64(count(.unmet))), "doubtful": .integer(Int64(count(.doubtful))),
            "preconditions": .array(
                findings.map { finding in
                    var object = finding.precondition.json
                    object["resource"] = finding.resource.isEmpty ? .null : .string(finding.resource)
                    return .object(object)
                }),
            "activities": .array(
                activities.map { ["resource": .string($0.identity), "hook": .string($0.hook.name)] }),
            "places": .array(
                places.map { resource, place in
                    [
                        "resource": .string(resource), "place": .string(place.path),
                        "content": .string(place.content.rawValue), "bytes": .integer(place.bytes),
                        "room": place.room.map { .integer($0) } ?? .null,
                    ]
                }),
        ]
    }

    /// Where a restore would put things.
    private var places: [(resource: String, place: RestorePlace)] {
        findings.compactMap { finding in finding.precondition.place.map { (finding.resource, $0) } }
    }

    private static let shownPlaces = 200

    /// Where each resource would go, and what is there now.
    private var placesTable: String {
        guard !places.isEmpty else { return "" }
        var text = Words.table(
            ["RESOURCE", "WOULD GO TO", "THERE NOW", "BYTES", "ROOM"],
            places.prefix(Self.shownPlaces).map { resource, place in
                [
                    resource, Words.harmless(place.path), place.content.words, Words.bytes(place.bytes),
                    place.room.map { Words.bytes($0) } ?? "?",
                ]
            })
        if places.count > Self.shownPlaces {
            text += "and \(places.count - Self.shownPlaces) more; --output json has all\n"
        }
        return text
    }

    private static let shownDoubts = 20

    var words: String {
        var text = "would \(operation.rawValue) "
        text += checkpoint.map { "checkpoint \($0) of plan '\(plan)'" } ?? "plan '\(plan)' with provider '\(provider)'"
        text += ": \(Words.count(resources, "resource")), \(activities.count) "
        text += activities.count == 1 ? "activity" : "activities"
        if let bankBytes { text += ", about \(Words.bytes(bankBytes)) into the bank" }
        text = Words.harmless(text) + "\n"
        text += placesTable
        // All that would fail, and of what is doubtful enough to see what it is about.
        let doubtful = findings.filter { $0.precondition.state == .doubtful }
        let told = findings.filter { $0.precondition.state == .unmet } + doubtful.prefix(Self.shownDoubts)
        if !told.isEmpty {
            text += Words.table(
                ["STATE", "RESOURCE", "FINDING"],
                told.map {
                    [
                        $0.precondition.state.rawValue, $0.resource.isEmpty ? "-" : $0.resource,
                        $0.precondition.words,
                    ]
                })
        }
        if doubtful.count > Self.shownDoubts {
            text += "and \(doubtful.count - Self.shownDoubts) more that are doubtful; --output json has all\n"
        }
        return text + Precondition.tally(met: count(.met), doubtful: count(.doubtful), unmet: count(.unmet))
            + "; nothing was changed\n"
    }
}

extension RestorePlace.Content {
    var words: String {
        switch self {
        case .absent: "nothing"
        case .empty: "empty"
        case .occupied: "something"
        case .unknown: "?"
        }
    }
}

extension Precondition {
    var json: JSONObject {
        [
            "subject": .string(subject), "state": .string(state.rawValue), "finding": .string(finding),
            "advice": .string(advice), "bankBytes": bankBytes.map { .integer($0) } ?? .null,
        ]
    }

    /// Subject, finding and advice as a sentence.
    var words: String { advice.isEmpty ? "\(subject) \(finding)" : "\(subject) \(finding); \(advice)" }

    /// `12 met, 1 doubtful, none unmet`
    static func tally(met: Int, doubtful: Int, unmet: Int) -> String {
        func word(_ count: Int) -> String { count == 0 ? "none" : "\(count)" }
        return "\(word(met)) met, \(word(doubtful)) doubtful, \(word(unmet)) unmet"
    }
}
