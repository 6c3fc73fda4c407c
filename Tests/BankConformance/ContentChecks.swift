import Bank

extension BankConformance {
    static let contents: [BankConformance] = [
        BankConformance("bytes come back as they were put") { bank in
            let samples: [[UInt8]] = [
                [], Array("123".utf8), Array("null".utf8), [0xFF, 0xFE, 0x00, 0x80], Array("\r\n".utf8),
                pattern(9 << 20),
            ]
            for (number, bytes) in samples.enumerated() {
                let key = try BankKey("data/sample-\(number)")
                try await bank.put(key, bytes, if: .none)
                try expect(try await bank.get(key) == bytes, "sample \(number) came back changed")
                try expect(try await bank.size(key) == Int64(bytes.count), "sample \(number) has another size")
                let streamed = try await collect(try await bank.stream(key))
                try expect(streamed == bytes, "sample \(number) came back changed as a stream")
                let other = bytes + [1]
                try await bank.putUnversioned(key, other, if: .none)
                try expect(try await bank.get(key) == other, "sample \(number) was not replaced")
            }
        },
        BankConformance("a put replaces the whole object") { bank in
            let key = try BankKey("a/b")
            try await bank.put(key, pattern(5000), if: .none)
            try await bank.put(key, [1, 2, 3], if: .none)
            try expect(try await bank.get(key) == [1, 2, 3], "old bytes show through")
        },
        BankConformance("what is not there is not found") { bank in
            try await bank.put(try BankKey("there/is"), [1], if: .none)
            for text in ["nothing", "there", "there/is/not", "there/no"] {
                let key = try BankKey(text)
                try await expectError("notFound for \(text)", isNotFound) { _ = try await bank.get(key) }
                try await expectError("notFound for \(text)", isNotFound) { _ = try await bank.getVersioned(key) }
                try await expectError("notFound for \(text)", isNotFound) { _ = try await bank.stream(key) }
                try expect(try await bank.size(key) == nil, "\(text) has a size")
                try await bank.delete(key, if: .none)
            }
            try expect(try await bank.get(try BankKey("there/is")) == [1], "deleting its like removed an object")
        },
        BankConformance("a stream is written whole, in chunks of any length") { bank in
            let key = try BankKey("stream/long")
            let bytes = pattern(3_000_017)
            for length in [1, 4096, 1 << 20, 4 << 20] {
                let source = length == 1 ? Array(bytes.prefix(3000)) : bytes
                let chunks = TestChunks(
                    stride(from: 0, to: source.count, by: length).map {
                        Array(source[$0..<min(source.count, $0 + length)])
                    })
                let size = try await bank.put(key, stream: chunks, if: .none)
                try expect(size == Int64(source.count), "wrong size for chunks of \(length)")
                try expect(try await bank.get(key) == source, "wrong bytes for chunks of \(length)")
            }
            try await bank.put(key, stream: TestChunks([]), if: .none)
            try expect(try await bank.get(key).isEmpty, "an empty stream is not an empty object")
            for try await chunk in try await bank.stream(key) {
                try expect(chunk.isEmpty, "an empty object streams bytes")
            }
        },
        BankConformance("chunks of a stream are at most 1 MiB") { bank in
            let key = try BankKey("stream/chunks")
            try await bank.put(key, pattern(2_500_000), if: .none)
            for try await chunk in try await bank.stream(key) {
                try expect(chunk.count <= 1 << 20, "a chunk has \(chunk.count) bytes")
            }
        },
        BankConformance("a torn stream leaves the key as it was") { bank in
            let old = try BankKey("torn/old")
            let new = try BankKey("torn/new")
            try await bank.put(old, [7], if: .none)
            for key in [old, new] {
                do {
                    try await bank.put(key, stream: TestChunks([pattern(2 << 20), [1]], thenThrow: true), if: .none)
                    throw ConformanceFailure("a torn stream was taken for a whole one")
                } catch is TestChunks.Torn {}
            }
            try expect(try await bank.get(old) == [7], "a torn stream changed the object")
            try expect(try await bank.size(new) == nil, "a torn stream made an object")
            try expect(try await bank.allKeys(below: nil) == [old], "a torn stream left something in the listing")
        },
        BankConformance("a key does not lie below an object", need: .keyConflicts) { bank in
            try await bank.put(try BankKey("a/b"), [1], if: .none)
            for condition in [WriteCondition.none, .ifAbsent] {
                for text in ["a", "a/b/c", "a/b/c/d"] {
                    try await expectError("keyConflict for \(text)", isConflict) {
                        try await bank.put(try BankKey(text), [2], if: condition)
                    }
                }
            }
            try expect(try await bank.allKeys(below: nil) == [try BankKey("a/b")], "a refused write left something")
            try await bank.delete(try BankKey("a/b"), if: .none)
            try await bank.put(try BankKey("a"), [3], if: .none)
            try expect(try await bank.get(try BankKey("a")) == [3], "the emptied place cannot be used")
        },
        BankConformance("texts that are not keys are refused") { _ in
            let texts = [
                "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", ".tmp/x", "a b", "a\\b", "ä", "a\u{0}",
                "a\nb", String(repeating: "x", count: 241), String(repeating: "x/", count: 500) + "y",
            ]
            for text in texts {
                try expect(BankKey.fault(in: text) != nil, "'\(text)' was taken for a key")
                try await expectError("invalidKey", { if case .invalidKey = $0 { true } else { false } }) {
                    _ = try BankKey(text)
                }
            }
            for text in ["a", "a.b/c", "%2F%2e%2e", String(repeating: "x", count: 240), "A-Z_0~9@=+.%"] {
                try expect(BankKey.fault(in: text) == nil, "'\(text)' was not taken for a key")
            }
        },
    ]

    static func collect(_ chunks: any AsyncSequence<[UInt8], any Error>) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        return bytes
    }
}

/// A given sequence of chunks that may end in an error.
struct TestChunks: AsyncSequence, Sendable {
    struct Torn: Error {}

    let chunks: [[UInt8]]
    let thenThrow: Bool

    init(_ chunks: [[UInt8]], thenThrow: Bool = false) {
        self.chunks = chunks
        self.thenThrow = thenThrow
    }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        let thenThrow: Bool

        mutating func next() async throws -> [UInt8]? {
            if let chunk = rest.popFirst() { return chunk }
            if thenThrow { throw Torn() }
            return nil
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(rest: chunks[...], thenThrow: thenThrow) }
}
