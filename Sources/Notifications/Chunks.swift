internal import Synchronization

/// Gives out bytes in pieces.
final class Chunks: Sendable {
    private let rest: Mutex<ArraySlice<UInt8>>

    init(_ bytes: [UInt8]) { rest = Mutex(bytes[...]) }

    /// The next piece; `nil` behind the last one.
    @Sendable func next() async throws -> [UInt8]? {
        rest.withLock { rest in
            guard !rest.isEmpty else { return nil }
            let piece = rest.prefix(65536)
            rest = rest.dropFirst(piece.count)
            return Array(piece)
        }
    }
}
