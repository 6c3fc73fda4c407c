import CanonicalForm
import Diagnostics
import SeededRandom
import Testing
import YAMLSource

/// One tree of the nodes of two files.
@Suite struct TreeGraftTests {
    private func parse(_ text: String, _ index: Int32) throws -> SyntaxTree {
        var diagnostics = DiagnosticList()
        let source = SourceText(name: "\(index).yaml", bytes: Array(text.utf8))
        let tree = YAMLParser.parse(source, as: SourceID(index: index), into: &diagnostics)
        #expect(diagnostics.all.isEmpty, "\(text)")
        return tree
    }

    /// Expects that a node of the combined tree is what it was in its own.
    private func expectSame(_ node: LocatedNode, _ original: LocatedNode) {
        #expect(node.range == original.range && node.headRange == original.headRange)
        #expect(node.kind == original.kind && node.style == original.style && node.tag == original.tag)
        #expect(node.text == original.text && node.count == original.count)
        #expect(node.scalarValue == original.scalarValue && node.jsonValue == original.jsonValue)
        #expect(Array(node.writtenBytes) == Array(original.writtenBytes))
        node.tree.withView { view in
            original.tree.withView { own in
                #expect(view.range(node.index) == own.range(original.index))
                #expect(view.bytes(node.index).elementsEqual(own.bytes(original.index)))
            }
        }
    }

    private static let pieces = [
        "{a: 1, b: [x, \"y\\n\", 'z']}", "[&a {k: v}, *a, !!str 7]", "\"esc\\taped\"", "plain", "|\n  block\n  text\n",
        "{? [a] : b}", "~", "{}", "[]", "{\"ü\": \"\\u00fc\", é: e}",
    ]

    @Test("Each node keeps its text, its value and its place") func nodes() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = Self.pieces.filter { !$0.contains("? [a]") }
        for _ in 0..<100 {
            func text() -> String {
                (0..<Int.random(in: 0...5, using: &generator)).map { number in
                    let piece = pieces.randomElement(using: &generator) ?? ""
                    return "key\(number): \(piece)\(piece.hasSuffix("\n") ? "" : "\n")"
                }.joined()
            }
            let first = try parse(text(), 3)
            let second = try parse(text(), 8)
            let tree = try #require(first.grafting(second), "seed \(seed)")
            #expect(Int(tree.firstGraftedNode) == first.records.count)
            #expect(tree.records.count == first.records.count + second.records.count)
            for index in first.records.indices.map(Int32.init) {
                expectSame(tree.node(index), first.node(index))
                #expect(!tree.isGrafted(index))
            }
            for index in second.records.indices.map(Int32.init) {
                expectSame(tree.node(index + tree.firstGraftedNode), second.node(index))
                #expect(tree.isGrafted(index + tree.firstGraftedNode))
            }
        }
    }

    @Test("There are two files at most") func twice() throws {
        let tree = try parse("a: 1\n", 0)
        let both = try #require(tree.grafting(try parse("b: 2\n", 1)))
        #expect(both.grafting(tree) == nil && tree.grafting(both) == nil)
    }

    @Test("A tree without a graft has no node of another file") func none() throws {
        let tree = try parse("a: [1, 2]\n", 0)
        #expect(tree.records.indices.allSatisfy { !tree.isGrafted(Int32($0)) })
    }

    @Test("Nothing is suggested to be taken out of a list of the other file") func removal() throws {
        let list = try #require(try parse("[a, b]\n", 0).documents.first)
        #expect(list.removal(ofElementAt: list.element(0).range) != nil)
        let tree = try #require(try parse("x\n", 0).grafting(list.tree))
        let grafted = tree.node(list.index + tree.firstGraftedNode)
        #expect(grafted.removal(ofElementAt: grafted.element(0).range) == nil)
    }
}
