import ArgumentParser
import CanonicalForm
import CommandLineSupport
import Engine
import PlanIR
import ProtectionService
import Wording

/// `cairn inventory`
struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Asks what there is to protect below the resources of a plan that say 'discover'.",
        discussion: """
            Takes a compiled plan, also one that 'cairnc compile --without-inventory' wrote, and writes what the plugins \
            find as an inventory, with which the plan is compiled. What cannot be told in full is an error: then \
            nothing is written, and the exit code is 1.

            EXAMPLES
              cairnc compile shop.yaml --without-inventory -o shop.ir
              cairn inventory shop.ir -o shop.inventory.yaml
              cairnc compile shop.yaml --inventory shop.inventory.yaml -o shop.ir
            """)

    @OptionGroup var providers: ProviderOptions

    @Option(name: .customShort("o"), help: "Write the inventory to this file instead of standard output.")
    var file: String?

    @Option(name: [.short, .long], help: "How many resources are asked for at a time.")
    var jobs = 4

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The compiled plan, as 'cairnc compile' writes it.")
    var plan: String

    func validate() throws {
        guard (1...1024).contains(jobs) else { throw ValidationError("--jobs is 1 to 1024.") }
    }

    func run() async throws {
        let ir = try CompiledPlan(reading: plan).ir
        let registry = try providers.registry(beside: plan)
        let plugins = try registry.providedPlugins(of: try registry.provider(ir.provider.name))
        let inventory: Inventory
        do { inventory = try await InventoryRun(ir, plugins: plugins, jobs: jobs).inventory() } catch let error
            as InventoryFailure
        {
            for failure in error.failures { StandardStream.error.write("cairn: \(Words.harmless(failure))\n") }
            let count = Words.count(error.failures.count, "resource")
            StandardStream.error.write("no inventory was written: \(count) could not be asked for in full\n")
            throw ExitCode(ExitStatus.failed)
        }
        if let file, file != "-" {
            try OutputFile.write(inventory.yaml, to: file)
            if output == .json { StandardStream.output.write(inventory.json.prettyText) }
        } else {
            switch output {
            case .json: StandardStream.output.write(inventory.json.prettyText)
            case .text: StandardStream.output.write(inventory.yaml)
            }
        }
        let place = file.map { $0 == "-" ? "" : "\($0): " } ?? ""
        StandardStream.error.write(
            inventory.discovered.isEmpty
                ? "\(place)no resource of plan '\(ir.plan)' says 'discover', so there was nothing to ask for\n"
                : "\(place)\(Words.count(inventory.dependentCount, "dependent")) found below "
                    + "\(Words.count(inventory.discovered.count, "resource")) of plan '\(ir.plan)'\n")
    }
}
