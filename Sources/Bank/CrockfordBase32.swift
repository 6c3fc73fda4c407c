/// The digits of Crockford's base 32 in lower case: no `i`, `l`, `o` or `u`, so that ids can be read aloud and typed.
package enum CrockfordBase32 {
    /// The 32 digits in order of their value, which is also their byte order.
    package static let digits: [UInt8] = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// `length` random digits, 5 bits of the generator each.
    package static func random(length: Int, using generator: inout some RandomNumberGenerator) -> String {
        String(decoding: (0..<length).map { _ in digits[Int(generator.next() & 31)] }, as: UTF8.self)
    }

    /// `length` random digits from the system's generator.
    package static func random(length: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return random(length: length, using: &generator)
    }

    /// Whether `text` is `length` such digits and nothing else.
    package static func isValid(_ text: some StringProtocol, length: Int) -> Bool {
        text.utf8.count == length && text.utf8.allSatisfy { digits.contains($0) }
    }
}
