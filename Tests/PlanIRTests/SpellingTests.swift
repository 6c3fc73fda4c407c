import CanonicalForm
import PlanTestSupport
import Testing

@testable import PlanIR

/// A compiled plan has one spelling: whatever else says the same is refused, also with the right digest.
@Suite("Spellings of compiled plans") struct IRSpellingTests {
    private func sample() throws -> String {
        let ir = try #require(
            CompiledPlans.ir(
                """
                  - id: web
                    type: Test::Service
                    name: Web "quoted" ü
                    properties: {b: 1, a: {d: [1, 2.5], c: x}}
                    resources:
                      - {id: db, type: Test::Database}
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                """))
        return String(decoding: ir.encoded.bytes, as: UTF8.self)
    }

    private func refusal(_ text: String) -> IRLoadError? {
        do {
            _ = try PlanIR(loading: Array(text.utf8))
            return nil
        } catch { return error }
    }

    @Test("White space anywhere is refused") func whiteSpace() throws {
        let text = try sample()
        #expect(refusal(text) == nil)
        var isInString = false
        var isEscaped = false
        for position in text.indices {
            let character = text[position]
            if !isInString && ",:{}[]\"".contains(character) {
                var spaced = text
                spaced.insert(" ", at: position)
                #expect(refusal(spaced) == .notAnIR("it is not in canonical form; compile the plan again"))
            }
            if character == "\"" && !isEscaped { isInString.toggle() }
            isEscaped = character == "\\" && !isEscaped
        }
        for wrong in [text + "\n", String(text.dropLast()), String(text.dropLast()) + " \n", "\n" + text] {
            #expect(refusal(wrong) == .notAnIR("it is not in canonical form; compile the plan again"))
        }
    }

    @Test(
        "The same said otherwise is refused",
        arguments: [
            ("\"format\"", "\"form\\u0061t\""), ("\"cairn.ir\"", "\"cairn\\u002eir\""), ("\"b\":1", "\"b\":1.0"),
            ("2.5", "25e-1"),
            ("{\"a\":{\"c\":\"x\",\"d\":[1,2.5]},\"b\":1}", "{\"b\":1,\"a\":{\"c\":\"x\",\"d\":[1,2.5]}}"),
            (",\"format\":", ",\"enabled\":true,\"format\":"),
            (
                "\"id\":\"web\",\"name\":\"Web \\\"quoted\\\" ü\"",
                "\"name\":\"Web \\\"quoted\\\" ü\",\"id\":\"web\""
            ), ("ü", "\\u00fc"), ("\"version\":3}", "\"version\":3 }"),
        ])
    func otherSpellings(_ part: String, _ other: String) throws {
        let text = try sample()
        let changed = text.replacing(part, with: other)
        #expect(changed != text)
        #expect(refusal(changed) == .notAnIR("it is not in canonical form; compile the plan again"))
    }

    @Test("Capital digits of digests are refused") func digests() throws {
        let text = try sample()
        let sources: Range<String.Index> = try #require(text.firstRange(of: "\"sources\":"))
        let tail = String(text[sources.lowerBound...])
        let capital = tail.replacing(/sha256:[0-9a-f]{64}/) { match in
            "sha256:" + match.output.dropFirst(7).uppercased()
        }
        #expect(
            refusal(String(text[..<sources.lowerBound]) + capital)
                == .notAnIR("it is not in canonical form; compile the plan again"))
    }

    /// Seals changed content again, as somebody would who means harm.
    private func sealed(_ change: (inout JSONObject) -> Void) throws -> String {
        var object = try #require(try JSONValue(parsing: Array(try sample().utf8)).objectValue)
        change(&object)
        return String(decoding: SealedRecord(object).bytes, as: UTF8.self)
    }

    @Test("Work and order for other resources than there are is refused") func otherCounts() throws {
        #expect(refusal(try sealed { _ in }) == nil)
        let faults: [(inout JSONObject) -> Void] = [
            { $0["resources"] = [] },
            { object in
                var operations = object["operations"]?.objectValue ?? [:]
                for kind in OperationKind.allCases { operations[kind.rawValue] = [0, 0, 0, 0] }
                object["operations"] = .object(operations)
                object["order"] = .array((0..<18).map { _ in [] })
            },
            { object in
                var operations = object["operations"]?.objectValue ?? [:]
                operations["copy"] = [0]
                object["operations"] = .object(operations)
            },
            { object in
                var operations = object["operations"]?.objectValue ?? [:]
                operations["copy"] = [0, 16, 0]
                object["operations"] = .object(operations)
            },
            { $0["order"] = [] }, { $0["order"] = [[1], [], [99]] }, { $0["order"] = [[3, 2]] },
        ]
        for (number, fault) in faults.enumerated() {
            let error = refusal(try sealed(fault))
            guard case .notAnIR? = error else {
                Issue.record("fault \(number): \(String(describing: error))")
                continue
            }
        }
    }
}
