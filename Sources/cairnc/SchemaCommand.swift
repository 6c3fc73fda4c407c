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
        let offers = compiler.offers(in: provider)
        options.printFaults(of: compiler)
        if compiler.hasErrors { throw ExitCode(ExitStatus.failed) }
        guard let offer = offers.first else { throw MessageFailure("'\(provider)' holds no provider") }
        guard offers.count == 1 else {
            let names = offers.map { "'\($0.name)'" }.joined(separator: ", ")
            throw MessageFailure(
                "'\(provider)' holds \(offers.count) providers (\(names)); put each in a file of its own")
        }
        StandardStream.output.write(FormatSchema.plan(for: offer.provider, offer.plugins))
    }
}
