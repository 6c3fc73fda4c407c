import CommandLineSupport
import ArgumentParser
import Diagnostics
import GraphExport
import PlanIR
import YAMLSource

extension OperationKind: ExpressibleByArgument {}
extension GraphView: ExpressibleByArgument {}

/// `cairnc graph`
struct Graph: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Prints the graph of a plan or of a compiled plan.",
        discussion: """
            The resource view shows what depends on what; the activity view shows every step of an operation and what \
            it waits for.

            EXAMPLES
              cairnc graph plans/shop.yaml | dot -Tpng > shop.png
              cairnc graph shop.ir --view activities --operation restore | dot -Tsvg > restore.svg
              cairnc graph shop.ir --view activities --format json
            """)

    /// The language of the output.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case dot, json
    }

    @OptionGroup var options: CompilerOptions

    @OptionGroup var inventory: InventoryOptions

    @Option(help: "The operation whose activities are shown.")
    var operation: OperationKind = .protect

    @Option(help: "What is drawn.")
    var view: GraphView = .resources

    @Option(help: "The language of the output.")
    var format: Format = .dot

    @Argument(help: "The file with the plan or the compiled plan; - reads standard input.")
    var input: String

    func run() throws {
        let ir = try options.loadPlan(input, inventories: inventory.files)
        switch format {
        case .dot: StandardStream.output.write(GraphDOT.export(ir, view, operation))
        case .json: StandardStream.output.write(GraphJSON.export(ir, view, operation))
        }
    }
}

extension CompilerOptions {
    /// The IR of a file that holds a plan or a compiled plan. Errors are printed, and warnings too if `warns`.
    func loadPlan(
        _ path: String, from files: any FileSource = HostFiles(), inventories: [String] = [], warns: Bool = true
    ) throws -> PlanIR {
        // A compiled plan is known by its format member; anything else is the compiler's to judge.
        if path != "-", case .success(let bytes) = files.contents(of: path), PlanIR.isLikely(bytes) {
            do { return try PlanIR(loading: bytes) } catch { throw MessageFailure("\(path): \(error)") }
        }
        let (compiler, ir) = try compileOne(path, from: files, inventories: inventories)
        if warns { printFaults(of: compiler) }
        return ir
    }
}
