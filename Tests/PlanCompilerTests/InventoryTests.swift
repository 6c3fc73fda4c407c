import CanonicalForm
import Diagnostics
import PlanCompiler
import PlanIR
import PlanTestSupport
import SeededRandom
import Testing
import YAMLSource

/// Plans that are compiled with what was found.
@Suite struct InventoryTests {
    // MARK: What is found is as if it were nested

    /// A tree of directories of which some discover others.
    private struct Forest {
        var plan = ""
        var nested = ""
        var entries: [(id: String, dependents: [String])] = []

        init(using generator: inout SeededGenerator) {
            var count = 0
            var found = 0
            // Each is written twice: as it is declared, and with what is found nested in it.
            func resource(_ depth: Int) -> (declared: String, nested: String) {
                let id = "r\(count)"
                count += 1
                let own = "id: \(id), type: Host::FileSystem::Directory, properties: {path: /\(id)}"
                var declared: [String] = []
                var nested: [String] = []
                if depth < 4 {
                    for _ in 0..<Int.random(in: 0...2, using: &generator) {
                        let child = resource(depth + 1)
                        declared.append(child.declared)
                        nested.append(child.nested)
                    }
                }
                var discover = ""
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    var dependents: [String] = []
                    for _ in 0..<Int.random(in: 0...3, using: &generator) {
                        dependents.append("f\(found)")
                        let path = "properties: {path: /found/f\(found)}"
                        nested.append(
                            "{id: f\(found), name: f\(found), type: Host::FileSystem::Directory, \(path)}")
                        found += 1
                    }
                    entries.append((id, dependents))
                    discover = ", discover: {atLeast: 0}"
                }
                func written(_ children: [String], _ more: String) -> String {
                    "{\(own)\(more)\(children.isEmpty ? "" : ", resources: [\(children.joined(separator: ", "))]")}"
                }
                return (written(declared, discover), written(nested, ""))
            }
            var plans: [String] = []
            var nesteds: [String] = []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let tree = resource(0)
                plans.append(tree.declared)
                nesteds.append(tree.nested)
            }
            // A shared dependent that is found.
            let shared = found > 0 ? ", dependsOn: [f\(Int.random(in: 0..<found, using: &generator))]" : ""
            let last = "{id: last, type: Test::Thing\(shared)}"
            plan = CompiledPlans.plan((plans + [last]).map { "  - \($0)\n" }.joined())
            nested = CompiledPlans.plan((nesteds + [last]).map { "  - \($0)\n" }.joined())
        }
    }

    @Test("What was found compiles as if it were nested, in whatever order the entries stand") func asNested() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let forest = Forest(using: &generator)
            let expected = Found.compile(forest.nested, [])
            let wanted = try #require(expected.plans.first?.ir, "seed \(seed): \(Found.printed(expected))")
            for round in 0..<2 {
                let entries = round == 0 ? forest.entries : forest.entries.shuffled(using: &generator)
                let compiler = Found.compile(forest.plan, Found.inventory(entries))
                let ir = try #require(compiler.plans.first?.ir, "seed \(seed): \(Found.printed(compiler))")
                #expect(ir.graphs == wanted.graphs && ir.parameterSets == wanted.parameterSets, "seed \(seed)")
                var resources = ir.resources
                for position in resources.indices { resources[position].discover = nil }
                #expect(resources == wanted.resources, "seed \(seed)")
                #expect(ir.resources.filter { $0.discover != nil }.count == forest.entries.count)
                #expect(!ir.needsInventory)
                #expect(throws: Never.self) { try PlanIR(loading: ir.encoded.bytes) }
                // The same inputs, the same bytes.
                let again = Found.compile(forest.plan, Found.inventory(entries))
                #expect(again.plans.first?.ir?.encoded.bytes == ir.encoded.bytes)
            }
        }
    }

    @Test("The inventory is among the sources, and the selector with the resource") func sources() throws {
        let text = Found.inventory([("a", ["b"])])
        let ir = try #require(Found.compile(Found.one, text).plans.first?.ir)
        #expect(ir.sources.map(\.role) == ["plan", "provider", "inventory"])
        #expect(ir.sources[0].digest == SHA256Digest(of: Array(Found.one.utf8)))
        #expect(ir.sources[2].name == "test" && ir.sources[2].digest == SHA256Digest(of: Array(text.utf8)))
        #expect(ir.resources.map(\.id) == ["a", "b"] && ir.resources[0].dependents == [1])
        #expect(ir.resources[0].discover == ["atLeast": 0] && ir.resources[1].discover == nil)
    }

    // MARK: Without an inventory

    @Test("To compile needs an inventory, or a word that there is none") func needed() throws {
        let compiler = Found.compile(Found.one, [])
        #expect(Found.codes(compiler) == [.inventoryNeeded])
        let text = Found.printed(compiler)
        #expect(text.contains("--without-inventory") && text.contains("cairn inventory"), "\(text)")
        let without = Found.compile(Found.one, [], requires: false)
        #expect(without.diagnostics.all.isEmpty)
        let ir = try #require(without.plans.first?.ir)
        #expect(ir.needsInventory && ir.resources.count == 1 && ir.resources[0].discover == ["atLeast": 0])
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
        // A plan that discovers nothing is as it always was.
        let plain = Found.compile(CompiledPlans.plan("  - \(Found.directory("a", ", discover: false"))\n"), [])
        #expect(plain.diagnostics.all.isEmpty && plain.plans.first?.ir?.needsInventory == false)
    }

    @Test("Names that may still be found are not reported, others are, and a remark says it") func openNames() throws {
        let plan =
            CompiledPlans.plan(
                """
                  - \(Found.directory("a", ", discover: true"))
                  - {id: b, type: Test::Thing, dependsOn: [a/x, "Host::FileSystem::Directory#a/y", "Test::Thing#a/z"]}

                """)
            + "parameters:\n  Host::FileSystem::Directory#a/x: {level: 9}\n  Test::Thing#a/z: {level: 9}\n"
        let compiler = Found.compile(plan, [], requires: false)
        #expect(Found.codes(compiler) == [.unknownDependency, .unknownParameterTarget], "\(Found.printed(compiler))")
        #expect(Found.printed(compiler).contains("there is no resource 'Test::Thing#a/z'"))
        let remark = try #require(compiler.remarks.first)
        #expect(compiler.remarks.count == 1 && remark.contains("--inventory"))
        for name in ["'a/x'", "'Host::FileSystem::Directory#a/y'", "'Host::FileSystem::Directory#a/x'"] {
            #expect(remark.contains(name), "\(remark)")
        }
        // With an inventory all are known.
        let known = Found.compile(
            plan, Found.inventory([("a", ["a/x"])]).replacing("\"atLeast\": 0", with: "\"atLeast\": 1"))
        #expect(
            Found.codes(known) == [.unknownDependency, .unknownDependency, .unknownParameterTarget],
            "\(Found.printed(known))")
        #expect(known.remarks.isEmpty)
    }

    @Test("Of names that a list could go on with for ever, a remark has a few") func manyOpenNames() throws {
        let names = (0..<100).map { "a/\($0)" }.joined(separator: ", ")
        let plan = CompiledPlans.plan(
            "  - \(Found.directory("a", ", discover: true"))\n  - {id: b, type: Test::Thing, dependsOn: [\(names)]}\n")
        let remark = try #require(Found.compile(plan, [], requires: false).remarks.first)
        #expect(remark.hasSuffix("'a/4' and 95 more") && remark.count < 250)
    }

    @Test("An inventory among the files to check is checked, and not used") func notUsed() throws {
        let inventory = Array(Found.inventory([("a", ["b"])]).utf8)
        let compiler = Found.compile(Found.one, [], inputs: [inventory], requires: false)
        #expect(compiler.diagnostics.all.isEmpty && compiler.plans[0].resources.count == 1)
        #expect(Found.codes(Found.compile(Found.one, [], inputs: [inventory])) == [.inventoryNeeded])
        let faulty = Array(Found.inventory([("a", ["b"])]).replacing("dependents", with: "dependant").utf8)
        #expect(
            Found.codes(Found.compile(Found.one, [], inputs: [faulty], requires: false)) == [.unknownKey])
    }

    // MARK: Places

    @Test("What is wrong with something found is told at its place in the inventory") func places() throws {
        let text = Found.inventory([("a", ["b", "c"])]).replacing("{path: /found/c}", with: "{path: found}")
        let compiler = Found.compile(Found.one, text)
        let fault = try #require(compiler.diagnostics.sorted.first)
        #expect(compiler.diagnostics.all.count == 1 && fault.code == .schemaViolation)
        let range = try #require(fault.range)
        #expect(compiler.sources[range.source].name == "found0.yaml" && compiler.sources.text(of: range) == "found")
    }

    @Test("Lints look at what was found, and at what is left to it") func lints() throws {
        func compiler(_ parameters: String) -> Compiler {
            let text = Found.inventory([("a", ["b", "c"])], more: parameters)
                .replacing("/found/", with: "/a/")
            return Found.compile(Found.one, text)
        }
        #expect(Found.codes(compiler("")) == [.nestedPaths, .nestedPaths])
        #expect(Found.codes(compiler("    parameters: {exclude: [/b/, /c/]}\n")).isEmpty)
        let secret = Found.inventory([("a", [])]).replacing(
            "dependents: []", with: "dependents: [{type: Test::Thing, id: t, properties: {password: hunter2}}]")
        let shown = Found.printed(Found.compile(Found.one, secret))
        #expect(shown.contains("W0501") && !shown.contains("hunter2"), "\(shown)")
    }

    // MARK: Parameters

    @Test("Lists are appended behind all layers, and say where they came from") func parameters() throws {
        let left = "    parameters: {exclude: [/b/]}\n"
        let plan =
            CompiledPlans.plan(
                """
                  - \(Found.directory("a", ", discover: {atLeast: 0}, parameters: {exclude: [own]}"))
                  - \(Found.directory("x", ", discover: {atLeast: 0}"))
                  - \(Found.directory("y"))

                """) + "parameters: {Host::FileSystem::Directory: {exclude: [wide], level: 4}}\n"
        let compiler = Found.compile(plan, Found.inventory([("a", ["b"]), ("x", [])], more: left))
        let ir = try #require(compiler.plans.first?.ir, "\(Found.printed(compiler))")
        func exclude(_ id: String) throws -> [JSONValue?] {
            let position = try #require(ir.resources.firstIndex { $0.id == id })
            let origins = ir.parameterOrigins(of: position, for: .protect)
            #expect(origins["level"] == "plan" && origins["compression"] == "default")
            return [ir.parameters(of: position, for: .protect)["exclude"], origins["exclude"]]
        }
        #expect(try exclude("a") == [["own", "/b/"], "inventory"])
        #expect(try exclude("x") == [["wide", "/b/"], "inventory"])
        #expect(try exclude("y") == [["wide"], "plan"])
        #expect(try exclude("b") == [["wide"], "plan"])
    }

    @Test(
        "What cannot be appended is told",
        arguments: [
            ("{level: [3]}", "E0611", "the parameter 'level' of 'Host::FileSystem::Directory#a' is no list"),
            ("{exclude: /b/}", "E0611", "an inventory appends lists to parameters, and 'exclude' is text"),
            ("{exclude: }", "E0611", "and 'exclude' is nothing"),
            ("{exclude: [1]}", "E0304", "element 1 of parameter 'exclude' must be a string"),
            ("{exclud: []}", "E0303", "unknown parameter 'exclud'"),
            ("[]", "E0104", "'parameters' of an entry of an inventory is a mapping"),
        ])
    func unfitParameters(_ parameters: String, _ code: String, _ message: String) {
        let compiler = Found.compile(
            Found.one, Found.inventory([("a", [])], more: "    parameters: \(parameters)\n"))
        #expect(compiler.diagnostics.all.map(\.code.rawValue) == [code], "\(Found.printed(compiler))")
        #expect(Found.printed(compiler).contains(message), "\(Found.printed(compiler))")
        #expect(compiler.plans.first?.ir == nil)
    }

    // MARK: Bad input

    @Test("A circle is told with and without what was found") func circle() {
        let plan = CompiledPlans.plan(
            """
              - \(Found.directory("a", ", discover: {atLeast: 0}, dependsOn: [b]"))
              - {id: b, type: Test::Thing, dependsOn: [a, f]}

            """)
        #expect(Found.codes(Found.compile(plan, Found.inventory([("a", ["f"])]))) == [.dependencyCycle])
        #expect(Found.codes(Found.compile(plan, [], requires: false)) == [.dependencyCycle])
        // What is found names no dependents, and so makes no circle by itself.
        let named = Found.inventory([("a", ["f"])]).replacing("name: f", with: "dependsOn: [a]")
        #expect(Found.codes(Found.compile(Found.one, named)) == [.unknownKey])
    }

    @Test("Of one identity there is one resource") func identities() {
        let twice = Found.inventory([("a", ["f", "f"])])
        #expect(Found.codes(Found.compile(Found.one, twice)) == [.foundTwice])
        #expect(Found.codes(Found.compile(Found.one, Found.inventory([("a", ["a"])]))) == [.foundTwice])
        let two = CompiledPlans.plan(
            "  - \(Found.directory("a", ", discover: {atLeast: 0}"))\n"
                + "  - \(Found.directory("b", ", discover: {atLeast: 0}"))\n")
        let compiler = Found.compile(two, Found.inventory([("a", ["f"]), ("b", ["f"])]))
        #expect(Found.codes(compiler) == [.foundTwice])
        let message = "was found below 'Host::FileSystem::Directory#a' and below 'Host::FileSystem::Directory#b'"
        #expect(Found.printed(compiler).contains(message))
        // One type's id is another's.
        let other = CompiledPlans.plan(
            "  - \(Found.directory("a", ", discover: {atLeast: 0}"))\n  - {id: f, type: A::B}\n")
        #expect(Found.codes(Found.compile(other, Found.inventory([("a", ["f"])]))).isEmpty)
    }

    @Test("Hostile inventories are refused with their own fault only", arguments: Found.hostileFiles.indices)
    func hostile(_ index: Int) {
        let (name, bytes, codes) = Found.hostileFiles[index]
        for requires in [true, false] {
            let compiler = Found.compile(Found.one, [bytes], requires: requires)
            #expect(Set(Found.codes(compiler)) == codes, "\(name): \(Found.printed(compiler))")
            #expect(compiler.hasErrors)
        }
    }

    @Test("Anchors, aliases and merges in an inventory are read as anywhere") func aliases() throws {
        let text =
            Found.head + """
                discovered:
                  - resource: Host::FileSystem::Directory#a
                    properties: {path: /a}
                    selector: {atLeast: 0}
                    dependents:
                      - &f {type: Host::FileSystem::Directory, id: f, properties: &p {path: /f}}
                      - {<<: *f, id: g, properties: {<<: *p, path: /g}}

                """
        let compiler = Found.compile(Found.one, text)
        let ir = try #require(compiler.plans.first?.ir, "\(Found.printed(compiler))")
        #expect(ir.resources.map(\.id) == ["a", "f", "g"] && ir.resources[2].properties == ["path": "/g"])
    }

    @Test("Ten thousand dependents are no more work than as many declared ones") func huge() throws {
        let count = 10_000
        let names = (0..<count).map { "f\($0)" }
        let text = Found.inventory([("a", names)])
        let clock = ContinuousClock()
        var found: PlanIR?
        let time = clock.measure { found = Found.compile(Found.one, text).plans.first?.ir }
        let declared = CompiledPlans.plan(
            "  - id: a\n    type: Host::FileSystem::Directory\n    properties: {path: /a}\n    resources:\n"
                + names.map {
                    "      - {type: Host::FileSystem::Directory, id: \($0), name: \($0), properties: {path: /found/\($0)}}\n"
                }.joined())
        var nested: PlanIR?
        let wanted = clock.measure { nested = Found.compile(declared, []).plans.first?.ir }
        #expect(found?.resources.count == count + 1 && found?.graphs == nested?.graphs)
        #expect(time < wanted * 4 + .seconds(2), "\(time), and \(wanted) declared")
    }
}
