internal import Crypto

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// The digest of `bytes`.
    package init(of bytes: some Sequence<UInt8>) {
        var hasher = SHA256Hasher()
        hasher.update(Array(bytes))
        self = hasher.finalize()
    }

    /// The digest of `bytes`.
    package init(of bytes: [UInt8]) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    /// The digest of parts of `bytes`, one after the other.
    package init(of parts: [Range<Int>], in bytes: [UInt8]) {
        var hasher = SHA256Hasher()
        bytes.withUnsafeBytes { buffer in
            for part in parts { hasher.update(UnsafeRawBufferPointer(rebasing: buffer[part])) }
        }
        self = hasher.finalize()
    }

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// As long as every digest is when written.
    package static let blank = "sha256:" + String(repeating: "0", count: 64)

    /// Reads the written form; `nil` for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix("sha256:"), let bytes = Hexadecimal.bytes(of: text.utf8.dropFirst(7)), bytes.count == 32
        else { return nil }
        self.bytes = bytes
    }

    /// The 64 hexadecimal digits.
    package var hexadecimal: String { Hexadecimal.text(of: bytes) }

    package var description: String { "sha256:" + hexadecimal }
}

/// Computes a SHA-256 digest over bytes that come in pieces.
package struct SHA256Hasher: Sendable {
    private var state = SHA256()

    /// A hasher that has seen nothing.
    package init() {}

    /// Takes in the next bytes.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
    }

    /// Takes in the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
    }

    /// The digest of all that was taken in.
    package func finalize() -> SHA256Digest {
        SHA256Digest(unchecked: Array(state.finalize()))
    }
}

/// Hexadecimal digits.
package enum Hexadecimal {
    /// The lower-case digits of `bytes`.
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        for byte in bytes {
            digits.append(JSONWriter.hexadecimal[Int(byte >> 4)])
            digits.append(JSONWriter.hexadecimal[Int(byte & 15)])
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The value of one digit, `nil` if it is none.
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }

    /// The bytes that an even number of digits spells, else `nil`.
    package static func bytes(of digits: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }
}
