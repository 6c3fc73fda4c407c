internal import CanonicalForm

/// The validated name of one object in a bank: segments joined by `/`, without a leading slash.
///
/// A segment has 1 to 240 of the bytes `A-Z a-z 0-9 . _ - % @ = + ~`, does not start with a dot, and so is never `.`
/// or `..`. Anything else is percent-encoded with `segment(encoding:)`. Keys are ordered by their bytes.
package struct BankKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The longest key, in bytes.
    package static let maximumLength = 1000
    /// The longest segment, in bytes: file systems hold 255, and a bank needs some for itself.
    package static let maximumSegmentLength = 240

    /// The key's text.
    package let text: String

    /// Validates `text`; throws `BankError.invalidKey` with the reason.
    package init(_ text: String) throws(BankError) {
        if let reason = BankKey.fault(in: text) { throw .invalidKey(text, reason: reason) }
        self.text = text
    }

    /// A key of pieces that are valid by construction: literals, numbers, ids and encoded segments. Never for text
    /// that came from outside.
    package init(unchecked text: String) {
        assert(BankKey.fault(in: text) == nil, "'\(text)' is not a bank key")
        self.text = text
    }

    /// The key one or more segments below this one; throws `BankError.invalidKey` when they are not valid.
    package func appending(_ suffix: String) throws(BankError) -> BankKey { try BankKey(text + "/" + suffix) }

    /// The key's segments, in order.
    package var segments: [Substring] { text.split(separator: "/") }

    package var description: String { text }

    package static func < (a: BankKey, b: BankKey) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

    /// Why `text` is not a key, or `nil` when it is one.
    package static func fault(in text: String) -> String? {
        if text.isEmpty { return "a key is not empty" }
        if text.utf8.count > maximumLength { return "a key has at most \(maximumLength) bytes" }
        for segment in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if let reason = fault(inSegment: segment) { return reason }
        }
        return nil
    }

    /// Why some bytes are not a segment of a key, or `nil` when they are one.
    package static func fault(inSegment bytes: some Collection<UInt8>) -> String? {
        if bytes.isEmpty { return "a key has no empty segment, and no slash at its start or end" }
        if bytes.count > maximumSegmentLength { return "a segment has at most \(maximumSegmentLength) bytes" }
        if bytes.first == UInt8(ascii: ".") { return "a segment does not start with a dot" }
        guard bytes.allSatisfy(isSegmentByte) else {
            return "a key holds only A-Z a-z 0-9 . _ - % @ = + ~ and slashes"
        }
        return nil
    }

    private static func isSegmentByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "%"), UInt8(ascii: "@"),
            UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// One segment for any text: bytes other than `A-Z a-z 0-9 _ -` and inner dots become `%XX`.
    package static func segment(encoding text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"):
                encoded.append(byte)
            case UInt8(ascii: ".") where !encoded.isEmpty:
                encoded.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text that `segment(encoding:)` was given, or `nil` when `segment` is not such an encoding.
    package static func text(decoding segment: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(segment.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let pair = Hexadecimal.bytes(of: rest.prefix(2)) else { return nil }
                bytes += pair
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        // Each text has one encoding, so that two segments never stand for the same thing.
        guard let text = String(validating: bytes, as: UTF8.self),
            self.segment(encoding: text).utf8.elementsEqual(segment.utf8)
        else { return nil }
        return text
    }
}
