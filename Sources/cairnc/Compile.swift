import CommandLineSupport
import ArgumentParser
import Diagnostics
import Glibc
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
        let (bytes, digest) = ir.encoded
        guard let output, output != "-" else {
            StandardStream.output.write(bytes)
            return
        }
        try Interruption.deferred { try OutputFile.write(bytes, to: output) }
        let graph = ir.graph(.protect)
        StandardStream.error.write(
            "\(output): plan '\(ir.plan)', \(ir.resources.count) resource\(ir.resources.count == 1 ? "" : "s"), \(graph.activities.filter { !$0.isBarrier }.count) protect activities, \(digest)\n"
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
        guard compiler.plans.count <= 1 else {
            let names = compiler.plans.map { "'\($0.name)'" }.joined(separator: ", ")
            throw MessageFailure(
                "'\(path)' holds \(compiler.plans.count) plans (\(names)); put each in a file of its own")
        }
        guard let ir = compiler.plans.first?.ir else {
            printFaults(of: compiler)
            throw MessageFailure("'\(path)' holds no plan")
        }
        return (compiler, ir)
    }
}

/// Writes a file so that it is there whole or not at all.
enum OutputFile {
    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, errno) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                close(descriptor)
                unlink(temporary)
                throw failure(path, code)
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw failure(path, code)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> MessageFailure {
        MessageFailure("cannot write '\(path)': \(String(cString: strerror(code)))")
    }
}
