import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// Parses the files, finds plans and providers in them, and reads the providers that the plans may name.
enum LoadPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        for text in compiler.inputs { load(text, &compiler) }
        let given = compiler.providerDirectories
        if compiler.plans.isEmpty && given.isEmpty { return }
        // A provider that was given as an input must not be found a second time.
        let known = Set(compiler.inputs.compactMap { compiler.files.identity(of: $0.name) })
        for unit in compiler.plans {
            for place in ProviderDirectory.places(given: given, beside: unit.file, files: compiler.files) {
                compiler.providers.read(
                    place, isGiven: !given.isEmpty, except: known, files: compiler.files,
                    sources: &compiler.sources, into: &compiler.diagnostics)
            }
        }
    }

    private static func load(_ text: SourceText, _ compiler: inout Compiler) {
        let before = compiler.diagnostics.all.count
        let source = compiler.sources.add(text)
        let tree = YAMLParser.parse(text, as: source, into: &compiler.diagnostics)
        let documents = tree.documents
        if documents.isEmpty && compiler.diagnostics.all.count == before {
            compiler.diagnostics.add(
                Diagnostic(
                    .emptyDocument, "there is no document in this file",
                    at: SourceRange(source: source, start: 0, end: 0)))
        }
        for document in documents where !document.isNull || documents.count == 1 {
            switch DocumentKind.read(document, into: &compiler.diagnostics) {
            case .plan:
                if let plan = PlanDecoder.decode(document, into: &compiler.diagnostics) {
                    compiler.plans.append(PlanUnit(plan: plan, file: text.name))
                }
            case .provider:
                if let provider = ProviderManifest.decode(document, into: &compiler.diagnostics) {
                    compiler.providers.add(provider)
                    BindPluginsPass.checkProvider(provider, &compiler)
                }
            case .plugin, .bankPlugin:
                compiler.diagnostics.add(
                    Diagnostic(
                        .unknownKind,
                        "a \(document["kind"]?.text ?? "") manifest comes with its plugin and is not checked here",
                        at: document["kind"]?.range ?? document.headRange))
            case nil: break
            }
        }
    }
}
