import Diagnostics
package import PlanCompiler
package import PlanIR
import YAMLSource

/// Compiles plans from text, with a provider beside them, for tests.
package enum CompiledPlans {
    /// A provider that takes every resource type.
    package static let provider = """
        apiVersion: cairn/v1
        kind: Provider
        name: all
        bank: {plugin: directory, config: {path: /bank}}
        plugins: [{name: files}, {name: noop}]
        """

    /// Compiles `texts`, the first of which is called `plan.yaml`.
    package static func compile(_ texts: [String]) -> Compiler {
        let inputs = texts.enumerated().map { number, text in
            SourceText(name: number == 0 ? "plan.yaml" : "input\(number).yaml", bytes: Array(text.utf8))
        }
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        compiler.run()
        return compiler
    }

    /// A plan over the provider `all` whose resources are the given YAML, indented by two spaces.
    package static func plan(_ resources: String) -> String {
        "apiVersion: cairn/v1\nkind: Plan\nname: test\nprovider: all\nresources:\n" + resources
    }

    /// Compiles a plan with such resources; `nil` when it has errors.
    package static func ir(_ resources: String) -> PlanIR? {
        compile([plan(resources), provider]).plans.first?.ir
    }

    /// The text of a plan whose resource `i` depends on `dependents[i]`.
    package static func graphPlan(_ dependents: [[Int]]) -> String {
        var lines = ""
        for (number, children) in dependents.enumerated() {
            lines += "  - id: r\(number)\n    type: Test::Thing\n"
            if !children.isEmpty {
                lines += "    dependsOn: [\(children.map { "r\($0)" }.joined(separator: ", "))]\n"
            }
        }
        return plan(lines)
    }
}
