import CommandLineSupport
import ArgumentParser
import Diagnostics
import PlanCompiler
import PlanIR
import Reports
import YAMLSource

/// `cairnc compile`
struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compile",
        abstract: "Compiles a plan into the file that cairn runs.",
        discussion: """
            The same inputs give the same bytes. A plan with errors writes nothing. A plan that discovers dependents \
            needs an inventory of them; without one, what is written is only for 'cairn inventory', which makes it.

            EXAMPLES
              cairnc compile plans/shop.yaml -o shop.ir
              cairnc compile plans/shop.yaml > shop.ir
              cairnc compile plans/shop.yaml --without-inventory -o shop.ir
              cairnc compile plans/shop.yaml --inventory shop.inventory.yaml -o shop.ir
            """)

    @OptionGroup var options: CompilerOptions

    @OptionGroup var inventory: InventoryOptions

    @Flag(help: "Leave out what the plan discovers: what is written is only for 'cairn inventory'.")
    var withoutInventory = false

    @Option(name: [.short, .long], help: "Write the compiled plan to this file instead of standard output.")
    var output: String?

    @Argument(help: "The file with the plan; - reads standard input.")
    var plan: String

    func validate() throws {
        if withoutInventory && !inventory.files.isEmpty {
            throw ValidationError("--inventory and --without-inventory exclude each other")
        }
    }

    func run() throws {
        let (compiler, ir) = try options.compileOne(
            plan, inventories: inventory.files, needsThem: !withoutInventory)
        options.printFaults(of: compiler)
        let (encoded, timing) = PassTiming.measure("encode") { ir.encoded }
        options.printTiming(timing)
        let (bytes, digest) = encoded
        guard let output, output != "-" else {
            StandardStream.output.write(bytes)
            return
        }
        try Interruption.deferred { try OutputFile.write(bytes, to: output) }
        let working = ir.graph(.protect).activities.count { !$0.isBarrier }
        StandardStream.error.write(
            "\(output): plan '\(ir.plan)', \(ir.resources.count) resource\(ir.resources.count == 1 ? "" : "s"), \(working) protect \(working == 1 ? "activity" : "activities"), \(digest)\n"
        )
    }
}

extension CompilerOptions {
    /// Compiles a file that holds exactly one plan; prints the faults and throws when there is no IR.
    func compileOne(
        _ path: String, from files: any FileSource = HostFiles(), inventories: [String] = [], needsThem: Bool = false
    ) throws -> (Compiler, PlanIR) {
        let compiler = compile([path], from: files, inventories: inventories, needsThem: needsThem)
        guard !compiler.hasErrors else {
            printFaults(of: compiler)
            throw ExitCode(Report(sources: compiler.sources, diagnostics: compiler.diagnostics.all).outcome.rawValue)
        }
        guard let ir = try onlyPlan(of: compiler, in: path)?.ir else {
            printFaults(of: compiler)
            throw MessageFailure("'\(path)' holds no plan")
        }
        return (compiler, ir)
    }

    /// The plan of a file that may hold one; throws when it holds several.
    func onlyPlan(of compiler: Compiler, in path: String) throws -> PlanUnit? {
        guard compiler.plans.count <= 1 else {
            let names = compiler.plans.map { "'\($0.name)'" }.joined(separator: ", ")
            throw MessageFailure(
                "'\(path)' holds \(compiler.plans.count) plans (\(names)); put each in a file of its own")
        }
        return compiler.plans.first
    }
}
