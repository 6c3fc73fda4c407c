package import Bank
package import CanonicalForm
package import Checkpoints
import CommandPlugin
package import Diagnostics
import DirectoryBank
package import Engine
import FilesPlugin
package import Manifests
import NoopPlugin
import PluginKit
import ServicePlugin
import YAMLSource

/// Why a provider cannot be used.
package enum ProviderError: Error, Sendable, CustomStringConvertible {
    /// There is no provider of this name; the others are named, and where was looked.
    case unknown(String, known: [String], places: [String])
    /// Several providers could be meant.
    case ambiguous(known: [String])
    /// Several files hold a provider of this name.
    case duplicate(String, places: [String])
    /// No provider was found at all.
    case none(places: [String])
    /// The manifest has faults.
    case faulty(DiagnosticList, SourceMap)

    package var description: String {
        switch self {
        case .unknown(let name, let known, let places):
            let list = known.isEmpty ? "none" : known.joined(separator: ", ")
            return "there is no provider '\(name)' in \(places.joined(separator: ", ")) (found: \(list))"
        case .ambiguous(let known):
            return "there are several providers (\(known.joined(separator: ", "))); say which with --provider NAME"
        case .duplicate(let name, let places):
            return
                "there are several providers '\(name)' in \(places.joined(separator: ", ")); rename or remove all but one"
        case .none(let places):
            return
                "no provider manifest was found in \(places.joined(separator: ", ")); name its directory with --providers"
        case .faulty: return "the provider manifest has faults"
        }
    }
}

/// The providers that the executor was given, and what it can make of them.
package struct ProviderRegistry: Sendable {
    private var sources = SourceMap()
    private var directory = ProviderDirectory()
    private let places: [String]

    /// The registry of plugins: a new one is a line here and its manifest.
    private static let plugins: [any ProtectionPlugin] = [
        CommandPlugin(), FilesPlugin(), NoopPlugin(), ServicePlugin(),
    ]

    /// Reads the providers of the directories given, else of `providers/` beside `file`, else of the system's.
    package init(directories given: [String], beside file: String?) throws {
        places = ProviderDirectory.places(given: given, beside: file)
        var faults = DiagnosticList()
        for place in places {
            directory.read(place, isGiven: !given.isEmpty, sources: &sources, into: &faults)
        }
        if faults.hasErrors { throw ProviderError.faulty(faults, sources) }
    }

    /// The providers found, in order.
    package var manifests: [ProviderManifest] { directory.entries.map(\.manifest) }

    /// The faults of files that hold no readable provider.
    package var unreadable: (faults: DiagnosticList, sources: SourceMap) { (directory.unreadable, sources) }

    /// The provider of a name, or the only one there is; its manifest is checked.
    package func provider(_ name: String?) throws -> ProviderManifest {
        if directory.entries.isEmpty && directory.unreadable.hasErrors {
            throw ProviderError.faulty(directory.unreadable, sources)
        }
        let names = directory.names
        guard !names.isEmpty else { throw ProviderError.none(places: places) }
        if name == nil && Set(names).count > 1 { throw ProviderError.ambiguous(known: names) }
        let wanted = name ?? names[0]
        let found = directory.entries(named: wanted)
        guard let entry = found.first else {
            // It may be the one in a file that cannot be read.
            if directory.unreadable.hasErrors { throw ProviderError.faulty(directory.unreadable, sources) }
            throw ProviderError.unknown(wanted, known: names, places: places)
        }
        guard found.count == 1 else { throw ProviderError.duplicate(wanted, places: places) }
        if entry.diagnostics.hasErrors { throw ProviderError.faulty(entry.diagnostics, sources) }
        return entry.manifest
    }

    /// The bank of a provider, before it is known whether anything is there.
    package func bank(of provider: ProviderManifest) throws -> BankLocation {
        var sources = sources
        var faults = DiagnosticList()
        var catalogue = PluginCatalogue()
        let plugin = provider.bankPlugin
        guard let manifest = catalogue.bank(plugin.value, sources: &sources, into: &faults) else {
            faults.add(
                Diagnostic(.unknownPlugin, "there is no bank plugin '\(plugin.value)'", at: plugin.range))
            throw ProviderError.faulty(faults, sources)
        }
        let config: SchemaInstance =
            provider.bankConfig.map { .node($0) } ?? .merged(MergedMapping(entries: [], head: plugin.range))
        let subject = Subject(.setting, of: "the bank '\(manifest.name)'")
        for fault in manifest.config.validate(config, as: subject, partial: false) { faults.add(fault) }
        if faults.hasErrors { throw ProviderError.faulty(faults, sources) }
        return BankLocation(
            plugin: plugin.value, config: provider.bankConfig?.jsonValue.objectValue ?? JSONObject())
    }

    /// The plugins that a provider uses, by name.
    package func plugins(of provider: ProviderManifest) throws -> [String: LoadedPlugin] {
        Dictionary(
            try providedPlugins(of: provider).map { ($0.manifest.name, $0.loaded) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The plugins that a provider uses, with their manifests, in its order.
    package func providedPlugins(of provider: ProviderManifest) throws -> [ProvidedPlugin] {
        var sources = sources
        var faults = DiagnosticList()
        var catalogue = PluginCatalogue()
        var provided: [ProvidedPlugin] = []
        for use in provider.plugins {
            guard let manifest = catalogue.plugin(use.name.value, sources: &sources, into: &faults),
                let plugin = Self.plugins.first(where: { $0.name == use.name.value })
            else {
                faults.add(Diagnostic(.unknownPlugin, "there is no plugin '\(use.name.value)'", at: use.name.range))
                continue
            }
            let loaded = LoadedPlugin(
                plugin: plugin, version: manifest.version, digest: manifest.digest, quiescing: manifest.quiescingRule)
            provided.append(ProvidedPlugin(loaded: loaded, manifest: manifest))
        }
        if faults.hasErrors { throw ProviderError.faulty(faults, sources) }
        return provided
    }
}

/// Where a provider's bank is.
package struct BankLocation: Sendable {
    package let plugin: String
    package let config: JSONObject

    /// The place in words, without secrets.
    package var place: String { config["path"]?.stringValue ?? plugin }

    /// Makes a new bank here; throws when there is one, or something else.
    package func initialize(now: Timestamp) async throws -> BankFormat {
        let bank = try DirectoryBank(path: place)
        if let stranger = DirectoryContents.names(in: place).first(where: { !Self.isOwn($0) }) {
            throw BankError.invalidPlace(
                place, reason: "the directory is in use: it holds '\(stranger)'; name one that is new or empty")
        }
        try await bank.createRoot()
        let format = try await BankFormat.initialize(bank: probed(bank), created: now.description)
        // Without it the bank is one all the same; 'cairn doctor' tells.
        _ = try? await bank.makeReserve()
        return format
    }

    /// The bank as its consistency is to be found out.
    private func probed(_ bank: DirectoryBank) throws -> any Bank {
        #if DEBUG
            if let weaker = try WeakerBank(at: place) { return weaker.over(bank) }
        #endif
        return bank
    }

    /// What a directory may hold that becomes a bank: what a bank consists of, and what file systems begin with.
    private static let ownNames: Set<String> = [
        ".lock", ".tmp", "checkpoints", "format", "indices", "leases", "lost+found", "operations", "probe",
    ]

    private static func isOwn(_ name: String) -> Bool {
        ownNames.contains(name) || name.hasPrefix(DirectoryBank.reservePrefix)
    }

    /// Opens the bank; throws `BankError.noBank` when there is none. With `toFree`, writes for which there is no room take
    /// its reserve.
    package func open(toFree: Bool = false) async throws -> (bank: any Bank, format: BankFormat) {
        var bank: any Bank = try DirectoryBank(path: place, givesUpReserve: toFree)
        var format = try await BankFormat.open(bank: bank)
        #if DEBUG
            if let weaker = try WeakerBank(at: place) { (bank, format) = (weaker.over(bank), weaker.format(format)) }
            if let points = CrashPoints() { return (CrashingBank(bank: bank, points: points), format) }
        #endif
        return (bank, format)
    }
}

extension ProviderRegistry {
    /// The resource types that a provider takes, with the plugin for each, in the order of the manifest.
    package func resourceTypes(of provider: ProviderManifest) -> [(type: String, plugin: String)] {
        var sources = sources
        var faults = DiagnosticList()
        var catalogue = PluginCatalogue()
        var types: [(type: String, plugin: String)] = []
        for use in provider.plugins {
            let manifest = catalogue.plugin(use.name.value, sources: &sources, into: &faults)
            for type in manifest?.resourceTypes ?? [] { types.append((type.type, use.name.value)) }
        }
        return types
    }
}

extension PluginManifest {
    /// Which resources the plugin brings to a standstill, by the traits of their types.
    fileprivate var quiescingRule: QuiescingRule? {
        guard resourceTypes.contains(where: { $0.traits.quiesces != .never }) else { return nil }
        return QuiescingRule { type, properties in
            resourceType(type)?.traits.quiesces.holds { properties[$0] != nil } ?? false
        }
    }
}
