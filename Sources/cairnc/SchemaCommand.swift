import ArgumentParser
import CommandLineSupport
import PlanCompiler
import PlanSchemas

extension FormatSchema: ExpressibleByArgument {}

/// `cairnc schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of a format, for editors and other validators.",
        discussion: """
            The schemas are of draft 2020-12. With --provider, the schema of plans has the resource types of that \
            provider's plugins, with their properties and parameters, so that an editor completes them. A schema sees \
            the shape of one document; references, cycles and what lies in other files are for 'cairnc check'.

            EXAMPLES
              cairnc schema plan > plan.schema.json
              cairnc schema plan --provider providers/local.yaml > local.schema.json
            """)

    @OptionGroup var options: CompilerOptions

    @Option(help: "Print the schema of plans that name the provider in this file.")
    var provider: String?

    @Argument(help: "The format: \(FormatSchema.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: FormatSchema

    func validate() throws {
        if provider != nil && format != .plan {
            throw ValidationError("--provider is for the schema of plans, not for that of '\(format.rawValue)'")
        }
    }

    func run() throws {
        guard let provider else {
            StandardStream.output.write(format.text(KnownManifests.builtin))
            return
        }
        var compiler = options.compile([provider])
        let offer = try compiler.onlyOffer(in: provider, options)
        options.printFaults(of: compiler)
        if compiler.hasErrors { throw ExitCode(ExitStatus.failed) }
        StandardStream.output.write(FormatSchema.plan(for: offer.provider, offer.plugins))
    }
}

extension Compiler {
    /// What the one provider of a file offers. When there is none or another number of them, the faults are printed
    /// and that is thrown.
    mutating func onlyOffer(in file: String, _ options: CompilerOptions) throws -> Offer {
        // Standard input goes by the name that messages give it.
        let offers = offers(in: file == "-" ? "<stdin>" : file)
        if offers.count == 1 { return offers[0] }
        options.printFaults(of: self)
        if hasErrors { throw ExitCode(ExitStatus.failed) }
        if offers.isEmpty { throw MessageFailure("'\(file)' holds no provider") }
        let names = offers.map { "'\($0.name)'" }.joined(separator: ", ")
        throw MessageFailure("'\(file)' holds \(offers.count) providers (\(names)); put each in a file of its own")
    }
}
