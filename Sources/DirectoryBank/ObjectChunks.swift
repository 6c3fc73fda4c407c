internal import Bank
internal import BlockingIO

/// An object's open file, kept by all who read it. What they read stays the same even when the object is replaced or
/// removed meanwhile.
final class ObjectFile: Sendable {
    private let descriptor: Descriptor

    init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Up to `count` bytes from `offset`; blocks. Throws `SystemFailure`.
    func read(_ count: Int, at offset: Int64) throws -> [UInt8] {
        try descriptor.read(count, at: offset)
    }
}

/// The content of an object, in chunks.
struct ObjectChunks: AsyncSequence, Sendable {
    /// The length of all chunks but the last, in bytes.
    static let chunkLength = 1 << 20

    let key: BankKey
    let file: ObjectFile
    let threads: BlockingThreads

    struct Iterator: AsyncIteratorProtocol {
        let chunks: ObjectChunks
        var offset: Int64 = 0

        mutating func next() async throws -> [UInt8]? {
            let chunk = try await chunks.read(at: offset)
            offset += Int64(chunk.count)
            return chunk.isEmpty ? nil : chunk
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }

    private func read(at offset: Int64) async throws -> [UInt8] {
        try await threads.run { [key, file] in
            do {
                return try file.read(ObjectChunks.chunkLength, at: offset)
            } catch let failure as SystemFailure {
                throw failure.bankError("read", key.text, isWrite: false)
            }
        }
    }
}
