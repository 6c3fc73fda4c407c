import Testing

@testable import FilesPlugin

struct ContentHasherTests {
    /// What `xxh128sum` prints for nothing.
    @Test func theEmptyContent() throws {
        #expect(try ContentHasher().finalize().hexadecimal == "99aa06d3014798d86001c324468d497f")
    }

    @Test func piecesDoNotMatter() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let whole = try ContentHasher()
        bytes.withUnsafeBytes { whole.update($0) }
        let pieces = try ContentHasher()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            bytes[start..<min(start + 777, bytes.count)].withUnsafeBytes { pieces.update($0) }
        }
        #expect(whole.finalize() == pieces.finalize())
        #expect(ContentDigest(whole.finalize().hexadecimal) == whole.finalize())
        #expect(ContentDigest("99aa") == nil && ContentDigest(String(repeating: "x", count: 32)) == nil)
    }
}
