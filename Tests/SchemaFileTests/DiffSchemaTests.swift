import CanonicalForm
import Foundation
import Testing

@Suite("schemas/diff.schema.json", .enabled(if: Reference.isThere, "python3 with jsonschema is needed"))
struct DiffSchemaTests {
    @Test("Every difference of the fixtures is valid") func fixturesAreValid() throws {
        let folder = Tree.root.appending(path: "Tests/Fixtures/diff").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.count >= 10)
        let differences = try names.map { try Tree.json("Tests/Fixtures/diff/\($0)/expected.json") }
        let verdicts = try Reference.verdicts(try Tree.json("schemas/diff.schema.json"), differences)
        #expect(verdicts.count == names.count)
        for (name, isValid) in zip(names, verdicts) { #expect(isValid, "\(name)") }
    }

    @Test("What breaks a rule is refused") func brokenOnesAreRefused() throws {
        let whole = try Tree.json("Tests/Fixtures/diff/removed-and-added/expected.json")
        let parameters = try Tree.json("Tests/Fixtures/diff/parameters/expected.json")
        let first = ["resources", "changed", "0", "changes", "0"]
        let broken: [(what: String, value: JSONValue)] = [
            ("another version", Change(["version"], 2).applied(to: whole)),
            ("an extra member", Change(["comment"], "hello").applied(to: whole)),
            ("a member too few", Change(["losses"], nil).applied(to: whole)),
            ("an unknown kind of loss", Change(["losses", "0", "kind"], "lost").applied(to: whole)),
            (
                "a resource without an identity",
                Change(["resources", "removed", "0", "resource"], "x").applied(to: whole)
            ),
            ("a negative count", Change(["summary", "added"], -1).applied(to: whole)),
            ("an edge with one end", Change(["edges", "removed", "0", "parent"], nil).applied(to: whole)),
            ("an unknown aspect", Change(first + ["aspect"], "colour").applied(to: parameters)),
            ("a change without a path", Change(first + ["path"], nil).applied(to: parameters)),
            ("no changes", Change(["resources", "changed", "0", "changes"], []).applied(to: parameters)),
        ]
        for change in broken { #expect(change.value != whole && change.value != parameters, "\(change.what)") }
        let verdicts = try Reference.verdicts(
            try Tree.json("schemas/diff.schema.json"), [whole, parameters] + broken.map(\.value))
        #expect(verdicts.prefix(2) == [true, true])
        #expect(verdicts.count == broken.count + 2)
        for (change, isValid) in zip(broken, verdicts.dropFirst(2)) { #expect(!isValid, "\(change.what)") }
    }
}
