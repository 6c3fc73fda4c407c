package import Diagnostics
package import Manifests
package import PlanIR
package import PlanLanguage
package import Project
package import YAMLSource

/// Compiles plans: one run over the files given, with all faults of all of them.
package struct Compiler: Sendable {
    /// Every file that was read.
    package var sources = SourceMap()
    package var diagnostics = DiagnosticList()
    /// The plugins and banks known.
    var catalogue: PluginCatalogue
    /// The providers found.
    var providers = ProviderDirectory()
    /// The plans found, in order of the files.
    package var plans: [PlanUnit] = []
    /// The files to check.
    let inputs: [InputFile]
    /// The inventories with which plans are compiled.
    package var inventories: [SourceText] = []
    /// Whether some of them could not be read or are for no plan, which has been reported.
    package var lacksInventories = false
    /// Whether a plan that discovers dependents must have an inventory.
    package var requiresInventory = false
    /// The inventories among the inputs, by `FileSource.identity` of their files.
    var loadedInventories: [LoadedInventories] = []
    let providerDirectories: [String]
    /// Whether the inputs are all plans and providers of a project, so that what none of them uses is unused.
    package var coversProject = false
    /// What lints may look at beyond the inputs.
    package var machine = MachineView.thisMachine
    /// What could not be checked on this machine, each said once.
    package var remarks: [String] = []
    /// Whether plans without errors become IRs; all that can be found out about them is found out without.
    let makesIR: Bool
    /// Where providers are read from.
    let files: any FileSource
    /// The projects of the files.
    var projects: ProjectSet
    /// The project of each file that was read.
    var projectOfSource: [SourceID: Int] = [:]
    /// The files of the inputs.
    var inputSources: Set<SourceID> = []
    /// What comments allow.
    var allowances = Allowances()
    /// The levels that go before those of the projects.
    package var levels = LintLevels()
    /// The time that each pass took.
    package private(set) var timings: [PassTiming] = []

    /// A compiler over `inputs`; providers are looked for in `providerDirectories`, else where the project says, else
    /// beside each plan. Without `makesIR` it finds the same faults, and its plans get no IR.
    package init(
        inputs: [SourceText], providerDirectories: [String], catalogue: PluginCatalogue = PluginCatalogue(),
        files: any FileSource = HostFiles(), projects: ProjectSet.Choice = .none, makesIR: Bool = true
    ) {
        self.makesIR = makesIR
        var set = ProjectSet(projects, files: files)
        var found: [InputFile] = []
        for text in inputs {
            let directory = Paths.directory(of: text.name)
            let project = set.project(of: directory, sources: &sources, into: &diagnostics)
            found.append(InputFile(text: text, isFound: false, project: project))
        }
        self.inputs = found
        self.projects = set
        self.catalogue = catalogue
        self.providerDirectories = providerDirectories
        self.files = files
    }

    /// A compiler over what was found on the host.
    package init(_ found: InputFinder, providerDirectories: [String], makesIR: Bool = true) {
        self.makesIR = makesIR
        sources = found.sources
        diagnostics = found.diagnostics
        projects = found.projects
        inputs = found.inputs
        catalogue = PluginCatalogue()
        self.providerDirectories = providerDirectories
        files = found.files
    }

    /// The inventories of one input.
    struct LoadedInventories: Sendable {
        let file: String
        var inventories: [Inventory]
        /// Whether the file has faults.
        var isFaulty: Bool
    }

    /// How many files were checked.
    package var fileCount: Int { inputs.count }

    /// The directories in which providers were looked for.
    package var searchedProviderDirectories: [String] { plans.flatMap(\.searchedDirectories) }

    /// Runs passes in order. Each reports all that it finds and goes on.
    package mutating func run(_ passes: [Pass] = Pass.pipeline) {
        for pass in passes {
            let timing = PassTiming.measure(pass.name) { pass.run(&self) }.timing
            timings.append(timing)
        }
    }

    /// Whether anything found is an error.
    package var hasErrors: Bool { diagnostics.hasErrors }

    /// Whether a project wants its warnings to count as findings, and has any.
    package var isStrict: Bool {
        diagnostics.all.contains { diagnostic in
            diagnostic.severity == .warning
                && diagnostic.range.flatMap { projectOfSource[$0.source] }.map { projects.projects[$0].isStrict }
                    == true
        }
    }

    /// Works on each plan by itself, and remembers in which of them errors were met.
    mutating func forEachPlan(_ work: (_ position: Int, _ compiler: inout Compiler) -> Void) {
        for position in plans.indices {
            let before = diagnostics.errorsMet
            work(position, &self)
            if diagnostics.errorsMet != before { plans[position].isFaulty = true }
        }
    }
}

/// One step of compilation.
package struct Pass: Sendable {
    package let name: String
    let run: @Sendable (inout Compiler) -> Void

    /// The pipeline, top to bottom; each line says why it stands where it does.
    package static let pipeline: [Pass] = [
        // First, since everything else needs the documents; a file that cannot be read does not stop the others.
        Pass(name: "load", run: LoadPass.run),
        // Before names are resolved, since what was found has names, too.
        Pass(name: "graft-inventories", run: GraftInventoriesPass.run),
        // Names can only be resolved when all resources of a plan are known.
        Pass(name: "resolve-names", run: ResolveNamesPass.run),
        // The graph needs resolved names; cycles are found here, so that later passes may rely on an order.
        Pass(name: "build-resource-graph", run: ResourceGraphPass.run),
        // Needs the graph, because plugins say under which parents a type may stand.
        Pass(name: "bind-plugins", run: BindPluginsPass.run),
        // Needs the bindings, because plugins say what they can find; parameters may be for what is not found yet.
        Pass(name: "check-discoveries", run: DiscoveryPass.run),
        // Needs the bindings, because the schemas are the plugins'.
        Pass(name: "check-parameters", run: CheckParametersPass.run),
        // Needs resolved parameters, because a hook's presence may depend on them.
        Pass(name: "lower-to-activities", run: LowerPass.run),
        // Needs the bindings and the resolved parameters; what would lose data is no fault of the plan's form.
        Pass(name: "lint", run: LintPass.run),
        // Last before anything is written: the compiler trusts its own output no more than the executor does.
        verify,
        // Needs all plans with their providers, because it compares them with each other.
        Pass(name: "compare-plans", run: ComparePlansPass.run),
        // Behind everything that reports: it gives lints their levels, and keeps quiet what comments allow.
        Pass(name: "settle-lints", run: SettlePass.run),
    ]

    /// Checks the compiled plans as the executor will.
    package static let verify = Pass(name: "verify-ir", run: VerifyPass.run)
}

/// One plan on its way through the passes.
package struct PlanUnit: Sendable {
    package private(set) var plan: Plan
    /// The name of the plan's file.
    package let file: String
    /// The directories in which the plan's provider is looked for: those that were read, all, and all resolved.
    var providerDirectories: [String] = []
    var searchedDirectories: [String] = []
    var providerPlaces: [String] = []
    /// Whether the project names provider directories that are not there, which has been reported.
    var mayMissProviders = false
    /// Whether errors were met in the plan, or in what it names.
    package var isFaulty = false
    /// The plan's name.
    package var name: String { plan.name.value }
    /// How many activities the plan's provider lets run at the same time.
    package var concurrency: ConcurrencyLimits { provider?.concurrency ?? .none }
    /// The plan's resources that can be worked with: the first of each identity, in plan order.
    package var resources: ResourceUnits
    /// What is known of the dependents that resources discover.
    var discovery = PlanDiscovery()
    /// How resources are found by name.
    var names = ResourceNames()
    /// Whether the resource graph is free of cycles.
    package internal(set) var isAcyclic = true
    var provider: ProviderManifest?
    /// The plugins bound, in the order of their first use.
    var plugins: [PluginManifest] = []
    var parameterSets = ParameterSets()
    /// The activity graph of each operation, when nothing is wrong with the plan.
    package var graphs: [ActivityGraph] = []
    /// What the plan compiled to, when nothing is wrong with it and an IR is wanted.
    package var ir: PlanIR?

    init(plan: Plan, file: String) {
        self.plan = plan
        self.file = file
        resources = ResourceUnits(plan.resources)
    }

    /// Goes on with other resources than those that the plan declares by itself.
    mutating func use(_ table: ResourceTable) {
        plan = plan.with(table)
        resources = ResourceUnits(table)
    }

    /// The resource that `TYPE#ID` names.
    func resource(identity: String) -> Int32? {
        var identity = identity
        return identity.withUTF8 { names.resource(identity: $0, types: resources.declarations.types) }
    }

    /// What the plugin of a type says of it, by the type's number; `nil` when no plugin takes it.
    func support(ofType type: Int32) -> PluginManifest.ResourceType? {
        let plugin = resources.pluginOfType.isEmpty ? -1 : resources.pluginOfType[Int(type)]
        return plugin < 0 ? nil : plugins[Int(plugin)].resourceType(resources.declarations.types[Int(type)])
    }
}
