import CanonicalForm
import SeededRandom
import Testing

struct JSONTests {
    @Test(
        "Numbers are written as ECMAScript writes them",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.5, "0.5"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
            (123456789.125, "123456789.125"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-10, "1.5e-10"),
            (-2.5, "-2.5"), (1.7976931348623157e308, "1.7976931348623157e+308"), (.leastNonzeroMagnitude, "5e-324"),
            (9007199254740993.0, "9007199254740992"), (333333333.33333329, "333333333.3333333"),
        ])
    func numbers(_ value: Double, _ text: String) {
        #expect(JSONValue.number(value).canonicalText == text)
    }

    @Test func keysAreSortedByUTF16() {
        let object = JSONObject([("\u{20AC}", 1), ("\r", 2), ("\u{10437}", 3), ("1", 4), ("\u{FB33}", 5), ("ö", 6)])
        #expect(object.members.map(\.value) == [2, 4, 6, 1, 3, 5])
    }

    @Test func keysAreComparedByBytes() {
        var object = JSONObject([("\u{E9}", 1), ("e\u{301}", 2)])
        #expect(object.members.count == 2)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        object["e\u{301}"] = nil
        #expect(object.members.count == 1)
    }

    @Test func aMissingKeyIsNotANull() {
        let object: JSONObject = ["there": .null]
        #expect(object["missing"] == nil)
        #expect(object["there"] != nil)
    }

    @Test func laterOfEqualKeysWins() {
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)])["a"] == 3)
    }

    @Test(
        "Bad texts are refused at their place",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\":1,\"a\":2}", 13), ("01", 0), ("-", 0), ("1.", 2), ("1e", 2),
            ("\"\u{1}\"", 1), ("\"\\x\"", 1), ("\"\\ud800\"", 1), ("\"abc", 0), ("tru", 0), ("1 2", 2),
            ("[1 2]", 3), ("nul", 0), ("{1:2}", 1),
        ])
    func badTexts(_ text: String, _ offset: Int) {
        #expect { try JSONValue(parsing: Array(text.utf8)) } throws: { ($0 as? JSONError)?.offset == offset }
    }

    @Test func deepNestingIsRefusedNotCrashed() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func integersAtTheirLimits() throws {
        for text in ["9223372036854775807", "-9223372036854775808"] {
            #expect(try JSONValue(parsing: Array(text.utf8)).canonicalText == text)
        }
        #expect(try JSONValue(parsing: Array("9223372036854775808".utf8)) == .number(9_223_372_036_854_775_808))
    }

    @Test func randomValuesSurviveARoundTrip() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let value = randomValue(&generator, depth: 0)
            let bytes = value.canonicalBytes
            let parsed = try JSONValue(parsing: bytes)
            #expect(parsed.canonicalBytes == bytes, "seed \(seed)")
            #expect(try JSONValue(parsing: Array(value.prettyText.utf8)).canonicalBytes == bytes, "seed \(seed)")
        }
    }

    private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(.random(in: .min ... .max, using: &generator))
        case 3: return .number(Double(bitPattern: .random(in: 0...0x7FEF_FFFF_FFFF_FFFF, using: &generator)))
        case 4: return .string(randomText(&generator))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                    randomValue(&generator, depth: depth + 1)
                })
        default:
            return .object(
                JSONObject(
                    (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                        (randomText(&generator), randomValue(&generator, depth: depth + 1))
                    }))
        }
    }

    private func randomText(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &generator) {
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x11000, using: &generator)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

struct SealedRecordTests {
    @Test func everyChangedByteIsNoticed() throws {
        let record = SealedRecord(format: "test", version: 1, ["name": "x", "list": [1, 2, 3], "text": "a b"])
        let bytes = record.bytes
        #expect(try SealedRecord(opening: bytes, format: "test", version: 1) == record)
        for position in bytes.indices {
            for change: UInt8 in [0x01, 0x20, 0x80] {
                var damaged = bytes
                damaged[position] ^= change
                #expect(throws: SealedRecordError.self) { try SealedRecord(opening: damaged) }
            }
        }
        for length in 0..<bytes.count {
            #expect(throws: SealedRecordError.self) { try SealedRecord(opening: Array(bytes.prefix(length))) }
        }
        #expect(throws: SealedRecordError.self) { try SealedRecord(opening: bytes + [0x0A]) }
    }

    /// Member by member, in any mixture of keys before, between and behind those of the record itself.
    @Test func theWriterWritesWhatTheTreeDoes() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var content = JSONObject()
            for key in ["", "a", "dig", "digestion", "e", "formal", "formats", "v", "versions", "z", "é"]
            where Bool.random(using: &generator) {
                content[key] = [.string(key), .integer(Int64.random(in: -9...9, using: &generator)), ["x": .null]]
            }
            var writer = SealedRecordWriter(format: "test", version: 3)
            for member in content.members { writer.member(member.key, member.value) }
            let bytes = writer.sealed()
            #expect(bytes == SealedRecord(format: "test", version: 3, content).bytes, "seed \(seed)")
            let opened = try SealedRecord(opening: bytes, format: "test", version: 3)
            #expect(opened == SealedRecord(format: "test", version: 3, content), "seed \(seed)")
        }
    }

    @Test func whatIsNoRecordIsRefusedForItsReason() {
        func reason(_ text: String) -> String {
            do {
                _ = try SealedRecord(opening: Array(text.utf8))
                return "none"
            } catch { return error.description }
        }
        #expect(reason("").contains("not a JSON text"))
        #expect(reason("[1]") == "the record carries no digest")
        #expect(reason("{}\n") == "the record carries no digest")
        #expect(reason("{\"digest\":1}\n") == "the record carries no digest")
        #expect(reason("{\"a\":1,\"a\":1,\"digest\":\"x\"}\n").contains("not a JSON text"))
        #expect(reason("{\"digest\":\"x\"}\n").contains("is damaged"))
        #expect(reason("{\"digest\":\"x\"} {}").contains("not a JSON text"))
        // The digest of an object without other members, in the canonical spelling and in another one.
        let empty = SealedRecord([:])
        #expect(reason("{\"digest\":\"\(empty.digest)\"}\n") == "none")
        #expect(reason("{ \"digest\":\"\(empty.digest)\"}\n").contains("other white space"))
        #expect(reason("{\"digest\":\"\(empty.digest)\"}").contains("other white space"))
    }

    @Test func otherFormatsAreRefused() {
        let bytes = SealedRecord(format: "test", version: 2, [:]).bytes
        #expect { try SealedRecord(opening: bytes, format: "test", version: 1) } throws: {
            guard case SealedRecordError.unknownFormat? = $0 as? SealedRecordError else { return false }
            return true
        }
    }

    @Test func digestsAreThoseOfTheStandard() {
        #expect(
            SHA256Digest(of: Array("abc".utf8)).description
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256Digest("sha256:00") == nil)
    }
}
