import CanonicalForm
import Manifests
import SeededRandom
import Testing
import YAMLSource

@Suite("The quick way to accept a value")
struct AcceptanceTests {
    private func isAccepted(_ schema: String, _ instance: String) throws -> Bool {
        var bench = Workbench()
        let schema = try bench.schema(schema)
        let node = try bench.node(instance)
        return node.tree.withView { schema.surelyAccepts(node.index, in: $0) }
    }

    private static let schema = """
        type: object
        required: [path]
        additionalProperties: false
        properties:
          path: {type: string, format: absolute-path}
          level: {type: integer, minimum: 1, maximum: 19}
          kind: {enum: [a, b]}
          flag: {type: boolean}
          names: {type: array, items: {type: string, minLength: 1}}
          deep: {type: object, properties: {x: {type: string}}, required: [x]}
        """

    @Test(
        "What fits is accepted",
        arguments: [
            "{path: /a}", "{path: /a, level: 19, kind: b, flag: true, names: [x, \"1\"], deep: {x: y, z: 1}}",
            "path: '/a b'\nnames: []\n",
        ])
    func fits(_ instance: String) throws {
        #expect(try isAccepted(Self.schema, instance))
        #expect(try messages(Self.schema, instance).isEmpty)
    }

    @Test(
        "What does not fit is left to the validator",
        arguments: [
            "{}", "{path: a}", "{path: 1}", "{path: /a, level: 20}", "{path: /a, level: 0}", "{path: /a, level: 1.5}",
            "{path: /a, kind: c}", "{path: /a, kind: [a]}", "{path: /a, flag: yes}", "{path: /a, names: [\"\"]}",
            "{path: /a, names: x}", "{path: /a, deep: {}}", "{path: /a, other: 1}", "[]", "a", "{path: \"/a\\0\"}",
        ])
    func misfits(_ instance: String) throws {
        #expect(try !isAccepted(Self.schema, instance))
        #expect(try !messages(Self.schema, instance).isEmpty)
    }

    @Test(
        "Keywords that it does not know are left to the validator",
        arguments: ["const: 1", "not: {type: string}", "anyOf: [{}]", "multipleOf: 1", "x-cairn-secret: true"])
    func unknown(_ keyword: String) throws { #expect(try !isAccepted("{\(keyword)}", "1")) }

    @Test("Whatever it accepts fits, for random schemas and values")
    func random() throws {
        let seed = testSeed()
        var maker = SchemaGenerator(generator: SeededGenerator(seed: seed))
        var accepted = 0
        for _ in 0..<1500 {
            let schema = maker.document().canonicalText
            for _ in 0..<6 {
                let instance = maker.value(depth: 3).canonicalText
                guard try isAccepted(schema, instance) else { continue }
                accepted += 1
                #expect(try messages(schema, instance).isEmpty, "seed \(seed): \(schema) with \(instance)")
            }
        }
        #expect(accepted > 50, "seed \(seed)")
    }
}
