import Bank
package import Checkpoints
import Diagnostics
import Engine
import Manifests
import Notifications
package import PluginKit
import YAMLSource

/// What a look at a provider found.
package struct DoctorReport: Sendable {
    /// What a finding is about.
    package enum Area: Sendable, Hashable {
        case provider
        case plugin(String)
        case notifications
        case bank
        case checkpoints

        /// The area in a word or two.
        package var words: String {
            switch self {
            case .provider: "provider"
            case .plugin(let name): "plugin \(name)"
            case .notifications: "notifications"
            case .bank: "bank"
            case .checkpoints: "checkpoints"
            }
        }
    }

    /// One thing that was looked at.
    package struct Finding: Sendable, Hashable {
        package let area: Area
        package let precondition: Precondition
    }

    /// The provider's name, where it could be found.
    package let provider: String?
    package let findings: [Finding]

    /// How many findings are in a state.
    package func count(_ state: Precondition.State) -> Int {
        findings.reduce(0) { $0 + ($1.precondition.state == state ? 1 : 0) }
    }
}

/// Looks at all that a provider needs, and at what crashes have left in its bank. It changes nothing.
package struct Doctor: Sendable {
    private let registry: ProviderRegistry
    private let owner: Owner
    private let hasEnded: @Sendable (Owner) -> Bool
    private let now: Timestamp

    /// A doctor for the providers of a registry; `hasEnded` says whether an executor has certainly ended.
    package init(
        _ registry: ProviderRegistry, owner: Owner, hasEnded: @escaping @Sendable (Owner) -> Bool, now: Timestamp
    ) {
        self.registry = registry
        self.owner = owner
        self.hasEnded = hasEnded
        self.now = now
    }

    /// Looks at the provider of a name, or at the only one there is.
    package func examine(_ name: String?) async -> DoctorReport {
        let manifest: ProviderManifest
        do { manifest = try registry.provider(name) } catch {
            return DoctorReport(
                provider: name,
                findings: [finding(.provider, "the provider manifest", error, advice: "correct the manifest")])
        }
        var findings = [
            DoctorReport.Finding(
                area: .provider,
                precondition: Precondition("the provider manifest '\(manifest.name.value)'", .met, "can be read"))
        ]
        do {
            for plugin in try registry.providedPlugins(of: manifest) {
                let area = DoctorReport.Area.plugin(plugin.manifest.name)
                findings.append(
                    DoctorReport.Finding(
                        area: area,
                        precondition: Precondition(
                            "the plugin '\(plugin.manifest.name)'", .met, "is there, version \(plugin.manifest.version)"
                        )))
                for precondition in await plugin.loaded.plugin.hostPreconditions() {
                    findings.append(DoctorReport.Finding(area: area, precondition: precondition))
                }
            }
        } catch {
            findings.append(finding(.provider, "its plugins", error, advice: "correct the provider manifest"))
        }
        findings += await NotificationChecks.check(manifest.notifications).map {
            DoctorReport.Finding(area: .notifications, precondition: $0)
        }
        findings += await bankFindings(manifest)
        return DoctorReport(provider: manifest.name.value, findings: findings)
    }

    private func finding(
        _ area: DoctorReport.Area, _ subject: String, _ error: any Error, advice: String
    ) -> DoctorReport.Finding {
        let reason: String
        if case ProviderError.faulty(let faults, _) = error, let first = faults.sorted.first {
            reason = first.message
        } else {
            reason = "\(error)"
        }
        return DoctorReport.Finding(
            area: area, precondition: Precondition(subject, .unmet, "cannot be used: \(reason)", advice: advice))
    }

    private func bankFindings(_ manifest: ProviderManifest) async -> [DoctorReport.Finding] {
        let location: BankLocation
        do { location = try registry.bank(of: manifest) } catch {
            return [finding(.bank, "the bank's settings", error, advice: "correct 'bank' in the provider manifest")]
        }
        let bank: any Bank
        let format: BankFormat
        do { (bank, format) = try await location.open() } catch {
            return [DoctorReport.Finding(area: .bank, precondition: BankCheck.unavailable(location.place, error))]
        }
        let check = BankCheck(bank)
        var found = [Self.described(format, bank.place), await check.rights(needed: true), await check.room(for: [])]
        for other in [await check.reserve(), await check.clock(now: now.milliseconds), await check.leftovers()] {
            if let other { found.append(other) }
        }
        let collection = CheckpointCollection(
            bank: bank, owner: owner, consistency: .compareAndSwap, hasEnded: hasEnded)
        let checkpoints = await CheckpointHealth(collection, hasEnded: hasEnded, now: now).findings()
        return found.map { DoctorReport.Finding(area: .bank, precondition: $0) }
            + checkpoints.map { DoctorReport.Finding(area: .checkpoints, precondition: $0) }
    }

    private static func described(_ format: BankFormat, _ place: String) -> Precondition {
        let subject = "the bank at \(place)"
        let finding =
            "is bank \(format.id), made \(format.created), with the consistency \(format.consistency.rawValue)"
        guard format.consistency == .listOnly else { return Precondition(subject, .met, finding) }
        return Precondition(
            subject, .doubtful, finding, advice: "let one executor at a time use it: its store settles no races")
    }
}
