import CanonicalForm
import Diagnostics
import Explanations
import Foundation
import Testing

/// `cairnc explain`, and the examples of all codes as the built program sees them on a disk.
@Suite struct ExplainTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/codes")

    private func explain(_ arguments: String...) async throws -> Ending {
        try await Programs.run("cairnc", ["explain"] + arguments, in: "/")
    }

    @Test("The program prints what the fixture says", arguments: Explanation.all.filter(\.wrong.isForProgram))
    func fixture(_ explanation: Explanation) async throws {
        for (name, example) in [("wrong", explanation.wrong), ("right", explanation.right)]
        where example.isForProgram {
            let folder = Self.fixtures.appending(path: "\(explanation.code.rawValue)/\(name)")
            let expected = try String(contentsOf: folder.appending(path: "expected.txt"), encoding: .utf8)
            // What is compiled has no warnings here.
            let ending = try await Programs.run(
                "cairnc", example.arguments + (example.isCompiled ? [] : ["--strict"]), in: folder.path)
            #expect(ending.errors.hasPrefix(expected), "\(explanation.code.rawValue) \(name): \(ending)")
            #expect(ending.code == (name == "wrong" ? 1 : 0), "\(explanation.code.rawValue) \(name): \(ending)")
        }
    }

    @Test func aCodeIsExplainedByNumberAndByName() async throws {
        let byNumber = try await explain("E0208")
        #expect(byNumber.code == 0 && byNumber.errors.isEmpty)
        #expect(byNumber.output.hasPrefix("E0208 dependency-cycle (error)\n"))
        #expect(byNumber.output.contains("resources depend on each other in a circle: data -> more -> data"))
        #expect(try await explain("Dependency-Cycle").output == byNumber.output)
        let two = try await explain("e0208", "W0212")
        #expect(
            two.output.hasPrefix(byNumber.output) && two.output.contains("\nW0212 duplicate-dependency (warning)\n"))
    }

    @Test func theListHasAllCodes() async throws {
        let lines = try await explain("--list").output.split(separator: "\n")
        #expect(lines.map { $0.prefix(5) } == Explanation.all.map { $0.code.rawValue.prefix(5) })
        let json = try await explain("--list", "--output", "json").json()
        #expect(json.objectValue?["codes"]?.arrayValue?.count == Explanation.all.count)
        let one = try await explain("E0001", "--output", "json").json()
        #expect(one.objectValue?["codes"]?.arrayValue?.first?.objectValue?["name"] == "unreadable-file")
    }

    @Test(
        arguments: [
            (["W0208"], "there is no code 'W0208'; similar are 'E0208'"),
            (["unknown-pluggin"], "similar are 'unknown-plugin'"),
            (["zzz"], "there is no code 'zzz'; 'cairnc explain --list' lists all"),
            ([], "name a code"),
            (["E0208", "--list"], "--list lists all codes"),
        ])
    func wrongUsageIsTold(_ arguments: [String], _ message: String) async throws {
        let ending = try await Programs.run("cairnc", ["explain"] + arguments, in: "/")
        #expect(ending.code == 2 && ending.output.isEmpty)
        #expect(ending.errors.contains(message), "\(ending)")
    }
}
