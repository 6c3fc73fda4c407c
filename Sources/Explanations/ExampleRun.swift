import Diagnostics
import Manifests
package import PlanCompiler
import PlanIR
import Project
import YAMLSource

/// What `cairnc check` finds in an example: the compiler runs over its files, which need not be on a disk.
package struct ExampleRun {
    package let compiler: Compiler

    /// Runs the compiler over `example`.
    package init(_ example: Example) {
        let files = MemoryFiles(example.allFiles.map { ($0.name, $0.bytes) })
        let plugins = example.pluginManifests.map { file in
            (name: Self.pluginName(file.name), manifest: SourceText(name: file.name, bytes: file.bytes))
        }
        var faults = DiagnosticList()
        let inputs = example.checked.compactMap { SourceReader.read($0, from: files, into: &faults) }
        var compiler = Compiler(
            inputs: inputs, providerDirectories: [], catalogue: PluginCatalogue(adding: plugins), files: files,
            projects: .nearest)
        compiler.diagnostics.merge(faults)
        compiler.coversProject = example.coversProject
        compiler.inventories = example.inventories.compactMap { SourceReader.read($0, from: files, into: &faults) }
        compiler.requiresInventory = example.isCompiled
        let onMachine = example.machineFiles
        compiler.machine = MachineView(
            status: { path in
                onMachine.first { $0.path == path }.map { MachineView.FileStatus(device: 1, mode: $0.mode) }
            }, resolve: { path in onMachine.contains { $0.path == path } ? path : nil })
        compiler.run()
        if example.isDamaged { Self.damage(&compiler) }
        self.compiler = compiler
    }

    /// The text that `cairnc check` prints for the faults; empty when there are none.
    package func text(color: Bool = false) -> String {
        TextRenderer(sources: compiler.sources, color: color).render(compiler.diagnostics.sorted)
    }

    /// `files` of `plugins/files.plugin.yaml`.
    private static func pluginName(_ path: String) -> String {
        String(path.dropFirst(Example.pluginDirectory.count).prefix { $0 != "." })
    }

    /// Loses an edge of each compiled plan, and checks the plans again.
    private static func damage(_ compiler: inout Compiler) {
        for position in compiler.plans.indices {
            guard let graph = compiler.plans[position].ir?.graphs.first else { continue }
            var edges: [(from: Int32, to: Int32)] = []
            for number in 0..<Int32(graph.count) { edges += graph.successors(of: number).map { (number, $0) } }
            compiler.plans[position].ir?.graphs[0] = ActivityGraph(
                activities: graph.activities, edges: Array(edges.dropLast()))
        }
        compiler.run([Pass.verify])
    }
}
