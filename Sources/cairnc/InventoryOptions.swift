import ArgumentParser
import Diagnostics
import PlanCompiler
import YAMLSource

/// The inventories of plans that discover dependents.
struct InventoryOptions: ParsableArguments {
    @Option(
        name: .customLong("inventory"),
        help: ArgumentHelp(
            "Compile with what this inventory says was found (repeatable).",
            discussion: "Each is for the plan that it names. 'cairn inventory' writes them.", valueName: "file"))
    var files: [String] = []
}

extension Compiler {
    /// Before a run: reads the inventories with which plans are compiled, and says whether a plan needs one.
    mutating func takeInventories(_ paths: [String], areRequired: Bool = false) {
        requiresInventory = areRequired
        var faults = DiagnosticList()
        inventories = paths.compactMap { SourceReader.read($0, into: &faults) }
        lacksInventories = inventories.count < paths.count
        diagnostics.merge(faults)
    }
}
