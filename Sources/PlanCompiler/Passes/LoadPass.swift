import Diagnostics
import Manifests
import PlanLanguage
import Project
import Timings
import YAMLSource

/// Parses the files, finds plans and manifests in them, and reads the providers that the plans may name.
enum LoadPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        var providers: [ProviderManifest] = []
        for input in compiler.inputs { load(input, &providers, &compiler) }
        readProviderDirectories(&compiler)
        for (document, kind) in compiler.providers.plugins { declare(document, kind, &compiler) }
        // A provider is checked when all plugins are known.
        for provider in providers { BindPluginsPass.checkProvider(provider, &compiler) }
    }

    private static func load(_ input: InputFile, _ providers: inout [ProviderManifest], _ compiler: inout Compiler) {
        let text = input.text
        let errorsBefore = compiler.diagnostics.errorsMet
        let source = compiler.sources.add(text)
        compiler.inputSources.insert(source)
        if let project = input.project { compiler.projectOfSource[source] = project }
        let tree = YAMLParser.parse(text, as: source, into: &compiler.diagnostics)
        let isReadable = compiler.diagnostics.errorsMet == errorsBefore
        let documents = tree.documents.filter { !$0.isEmptyDocument }
        if documents.isEmpty && isReadable && !input.isFound {
            compiler.diagnostics.add(
                Diagnostic(
                    .emptyDocument, "there is no document in this file",
                    at: SourceRange(source: source, start: 0, end: 0)))
        }
        // What could not be read may be the provider that a plan names.
        var hidesProvider = !isReadable
        defer { if hidesProvider { compiler.providers.addUnreadable(text) } }
        var inventories: Compiler.LoadedInventories?
        for document in documents {
            if input.isFound && !document.isOfCairn { continue }
            let before = compiler.diagnostics.errorsMet
            switch DocumentKind.read(document, into: &compiler.diagnostics) {
            case .plan:
                if let plan = PlanDecoder.decode(document, into: &compiler.diagnostics) {
                    var unit = PlanUnit(plan: plan, file: text.name)
                    unit.isFaulty = !isReadable || compiler.diagnostics.errorsMet != before
                    compiler.plans.append(unit)
                }
            case .provider:
                var faults = DiagnosticList()
                if let provider = ProviderManifest.decode(document, into: &faults) {
                    let directory = Paths.directory(of: text.name)
                    compiler.providers.add(
                        provider, with: faults, in: compiler.files.identity(of: directory.isEmpty ? "." : directory),
                        isForAll: !input.isFound)
                    providers.append(provider)
                } else {
                    hidesProvider = true
                }
                compiler.diagnostics.merge(faults)
            case .inventory:
                // What is met here is only checked; plans are compiled with those that the command line names.
                let inventory = InventoryDecoder.decode(document, into: &compiler.diagnostics)
                if let file = compiler.files.identity(of: text.name) {
                    inventories =
                        inventories ?? Compiler.LoadedInventories(file: file, inventories: [], isFaulty: false)
                    if let inventory { inventories?.inventories.append(inventory) }
                }
            case .plugin: declare(document, .plugin, &compiler)
            case .bankPlugin: declare(document, .bankPlugin, &compiler)
            case .project:
                // One that is in force has been read as such; this one is only checked.
                let directory = Paths.directory(of: text.name)
                let resolved = compiler.files.identity(of: directory.isEmpty ? "." : directory) ?? directory
                _ = ProjectFile(
                    document, in: resolved, shown: directory, files: compiler.files, into: &compiler.diagnostics)
            case .timings: _ = TimingsDecoder.decode(document, into: &compiler.diagnostics)
            case nil: hidesProvider = true
            }
        }
        if var inventories {
            inventories.isFaulty = compiler.diagnostics.errorsMet != errorsBefore
            compiler.loadedInventories.append(inventories)
        }
        compiler.allowances.read(tree, into: &compiler.diagnostics)
    }

    private static func declare(_ document: LocatedNode, _ kind: DocumentKind, _ compiler: inout Compiler) {
        compiler.catalogue.declare(document, kind, sources: &compiler.sources, into: &compiler.diagnostics)
    }

    private static func readProviderDirectories(_ compiler: inout Compiler) {
        let given = compiler.providerDirectories
        if compiler.plans.isEmpty && given.isEmpty { return }
        // A manifest that was given as an input must not be found a second time.
        let known = Set(compiler.inputs.compactMap { compiler.files.identity(of: $0.text.name) })
        var placesOfDirectory: [String: [String]] = [:]
        for position in compiler.plans.indices {
            let unit = compiler.plans[position]
            let project = compiler.projectOfSource[unit.plan.node.tree.source]
            let directory = Paths.directory(of: unit.file)
            let places: [String]
            if !given.isEmpty {
                places = given
            } else if let named = project.flatMap({ compiler.projects.projects[$0].providerDirectories }) {
                places = named
                compiler.plans[position].mayMissProviders =
                    project.map { compiler.projects.projects[$0].missesProviders } ?? false
            } else if let found = placesOfDirectory[directory] {
                places = found
            } else {
                places = ProviderDirectory.places(given: [], beside: unit.file, files: compiler.files)
                placesOfDirectory[directory] = places
            }
            let treesBefore = compiler.providers.trees.count
            for place in places {
                compiler.providers.read(
                    place, isGiven: !given.isEmpty, except: known, files: compiler.files,
                    sources: &compiler.sources, into: &compiler.diagnostics)
            }
            for tree in compiler.providers.trees[treesBefore...] {
                if let project { compiler.projectOfSource[tree.source] = project }
                compiler.allowances.read(tree, into: &compiler.diagnostics)
            }
            compiler.plans[position].providerDirectories = places.filter(compiler.providers.directories.contains)
            compiler.plans[position].searchedDirectories = places
            compiler.plans[position].providerPlaces = places.compactMap(compiler.files.identity)
        }
    }
}
