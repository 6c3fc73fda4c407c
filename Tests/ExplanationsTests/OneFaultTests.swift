import Diagnostics
import Explanations
import PlanCompiler
import Testing

/// Each code's wrong example beside other faults: mending it takes away its own diagnostic and no other, so that none
/// of the others was caused by it.
@Suite("One diagnostic per fault")
struct OneFaultTests {
    /// What a diagnostic says, wherever it stands.
    private func messages(_ example: Example) -> [String] {
        ExampleRun(example).compiler.diagnostics.all.map { "\($0.code.rawValue) \($0.message)" }.sorted()
    }

    /// The example with the text of its first checked file changed.
    private func changing(_ example: Example, _ change: (String) -> String) -> Example? {
        guard let first = example.checked.first, example.files.contains(where: { $0.name == first }) else { return nil }
        return Example(
            example.files.map { $0.name == first ? .init(first, change($0.text)) : $0 }, checked: example.checked)
    }

    private func expectOneMore(
        _ code: DiagnosticCode, _ wrong: Example, _ right: Example, _ others: [String]
    ) {
        #expect(messages(right) == others)
        let found = messages(wrong)
        #expect(found.count == others.count + 1, "\(found)")
        #expect(found.filter { !others.contains($0) }.count == 1, "\(found)")
        #expect(found.contains { $0.hasPrefix(code.rawValue) }, "\(found)")
    }

    /// A plan with a provider of its own, and a fault in each part of it.
    static let other = """
        apiVersion: cairn/v1
        kind: Plan
        name: other
        provider: elsewhere
        parameters:
          Host::FileSystem::Directory#none: {}
        resources:
          - {id: ring, type: Host::FileSystem::Directory, properties: {path: /ring}, dependsOn: [ring]}
          - {id: lost, type: Host::FileSystem::Directory, properties: {path: /lost}, dependsOn: [nothing]}
          - {id: odd, type: Host::FileSystem::Directory, properties: {path: odd, size: 1}, parameters: {level: no}}
          - {id: alien, type: Alien::Thing}
          - &twice {id: twice, type: Host::FileSystem::Directory, properties: {path: /twice}}
          - *twice
        retain: always
        ---
        apiVersion: cairn/v1
        kind: Provider
        name: elsewhere
        bank: {plugin: directory, config: {path: /other-bank}}
        plugins: [{name: files}, {name: nope}]

        """

    /// What is wrong with `other`, by itself.
    private var faultsOfOther: [String] {
        messages(Example([.init("other.yaml", Self.other)]))
    }

    @Test("There is something wrong with the other plan in many ways") func otherPlan() {
        #expect(faultsOfOther.count >= 8)
        #expect(Set(faultsOfOther.map { $0.prefix(5) }).count >= 7, "\(faultsOfOther)")
    }

    @Test("In another file", arguments: Explanation.all.filter { !$0.wrong.isDamaged })
    func anotherFile(_ explanation: Explanation) {
        func beside(_ example: Example) -> Example {
            Example(
                example.files + [.init("other.yaml", Self.other)], checked: example.checked + ["other.yaml"])
        }
        expectOneMore(explanation.code, beside(explanation.wrong), beside(explanation.right), faultsOfOther)
    }

    /// The codes of which no file with another document can be an example.
    static let wholeFile: Set<DiagnosticCode> = [
        .unreadableFile, .notUTF8, .emptyDocument, .invalidIR,
        // Told of files without errors only.
        .unusedAllow,
    ]

    @Test(
        "In an earlier document of the file",
        arguments: Explanation.all.filter { !OneFaultTests.wholeFile.contains($0.code) })
    func earlierDocument(_ explanation: Explanation) throws {
        func behind(_ example: Example) -> Example? { changing(example) { Self.other + "---\n" + $0 } }
        expectOneMore(
            explanation.code, try #require(behind(explanation.wrong)), try #require(behind(explanation.right)),
            faultsOfOther)
    }

    /// The codes behind which the rest of the document is not read, as their meanings say.
    static let wholeDocument = wholeFile.union([.yamlSyntax, .tooDeep, .unknownKind])

    @Test(
        "In the same plan", arguments: Explanation.all.filter { !OneFaultTests.wholeDocument.contains($0.code) })
    func samePlan(_ explanation: Explanation) throws {
        let more = "nmae: shop\nx-tagged: !odd 1\n"
        func with(_ example: Example) -> Example? { changing(example) { $0 + more } }
        let others = messages(
            Example(plan: "resources: [{id: a, type: Host::FileSystem::Directory, properties: {path: /a}}]\n" + more))
        #expect(others.count == 2)
        expectOneMore(
            explanation.code, try #require(with(explanation.wrong)), try #require(with(explanation.right)), others)
    }
}
