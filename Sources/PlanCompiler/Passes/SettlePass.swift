import Diagnostics
import Manifests
import PlanLanguage
import Project
import YAMLSource

/// Gives lints the levels of the project, and keeps quiet what comments allow.
///
/// A comment goes before a level: what it allows is also allowed where the project makes it an error. The command line's
/// levels go before the project's. Errors have no level.
enum SettlePass {
    @Sendable static func run(_ compiler: inout Compiler) {
        // What is kept quiet stays a secret in the excerpts of the other diagnostics.
        compiler.sources.hideSecrets(of: compiler.diagnostics.all)
        var allowances = compiler.allowances
        // Comments first, since what they silence decides which of them silence nothing.
        compiler.diagnostics.settle { diagnostic in
            guard LintNames.isLint(diagnostic.code), let silenced = allowances.silence(diagnostic) else {
                return .told(diagnostic.severity)
            }
            return .silenced(reason: silenced.reason, comment: silenced.comment)
        }
        let judged = judgedSources(compiler)
        for diagnostic in allowances.unused(in: compiler.sources, where: judged.contains) {
            compiler.diagnostics.add(diagnostic)
        }
        compiler.allowances = allowances
        giveLevels(&compiler)
    }

    private static func giveLevels(_ compiler: inout Compiler) {
        let levels = compiler.levels
        let projects = compiler.projects.projects
        let projectOfSource = compiler.projectOfSource
        compiler.diagnostics.settle { diagnostic in
            guard LintNames.isLint(diagnostic.code) else { return .told(.error) }
            let project = diagnostic.range.flatMap { projectOfSource[$0.source] }.map { projects[$0] }
            let severity: Severity?
            if levels[diagnostic.code] != nil {
                severity = levels.severity(of: diagnostic.code)
            } else if let project {
                severity = project.levels.severity(of: diagnostic.code)
            } else {
                severity = diagnostic.code.severity
            }
            return severity.map { .told($0) } ?? .dropped
        }
    }

    /// The files that were checked through: only there can be said that a comment silences nothing. Where an error
    /// stopped the work half way, a lint may only not have come to it.
    private static func judgedSources(_ compiler: Compiler) -> Set<SourceID> {
        var sound: Set<SourceID> = []
        var faulty: Set<SourceID> = []
        for diagnostic in compiler.diagnostics.all where diagnostic.severity == .error {
            if let range = diagnostic.range { faulty.insert(range.source) }
        }
        for unit in compiler.plans {
            var files = [unit.plan.node.tree.source]
            // What a provider holds is judged when a plan uses it.
            if let provider = unit.provider?.node.tree.source, compiler.inputSources.contains(provider) {
                files.append(provider)
            }
            if unit.isFaulty { faulty.formUnion(files) } else { sound.formUnion(files) }
        }
        return sound.subtracting(faulty)
    }
}
