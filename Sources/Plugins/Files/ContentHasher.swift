internal import CXXHash
internal import CanonicalForm
internal import PluginKit

/// A checksum of a file's content: XXH3 of 128 bits, https://xxhash.com.
///
/// It finds what goes wrong by accident between reading a file and reading it back after a restore. Against what is
/// done on purpose, and against decay in the bank, stand the SHA-256 digests of the archive and its parts.
struct ContentDigest: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// The 32 hexadecimal digits, the high half first, as `xxh128sum` prints them.
    var hexadecimal: String {
        let bytes = [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
        return Hexadecimal.text(of: bytes)
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 hexadecimal digits; `nil` for anything else.
    init?(_ text: String) {
        guard let bytes = Hexadecimal.bytes(of: text.utf8), bytes.count == 16 else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Computes a content digest over bytes that come in pieces. For one thread.
final class ContentHasher {
    private let state: OpaquePointer

    /// A hasher that has seen nothing.
    init() throws(PluginError) {
        guard let state = XXH3_createState() else { throw PluginError("there is no memory for a checksum") }
        self.state = state
        XXH3_128bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    /// Takes in the next bytes.
    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        XXH3_128bits_update(state, start, bytes.count)
    }

    /// The digest of all that was taken in.
    func finalize() -> ContentDigest {
        let digest = XXH3_128bits_digest(state)
        return ContentDigest(high: digest.high64, low: digest.low64)
    }
}
