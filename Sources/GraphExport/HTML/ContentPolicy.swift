import CanonicalForm

/// What a browser lets the page do: run its own program and nothing else, and reach nothing.
enum ContentPolicy {
    /// The policy for a page with this one script and this one style sheet, as the page's head states it.
    ///
    /// Trusted types are demanded and none allowed: where a program made markup of a text, the browser would refuse.
    static func text(script: [UInt8], style: [UInt8]) -> [UInt8] {
        let rules = [
            "default-src 'none'",
            "script-src 'sha256-\(digest(script))'",
            "style-src 'sha256-\(digest(style))'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
        return Array(rules.joined(separator: "; ").utf8)
    }

    /// A SHA-256 digest in base 64, as policies write it.
    private static func digest(_ bytes: [UInt8]) -> String { base64(SHA256Digest(of: bytes).bytes) }

    /// RFC 4648, with padding.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | UInt32(offset < group.count ? group[start + offset] : 0) }
            for offset in 0..<4 {
                out.append(offset <= group.count ? digits[Int(bits >> (18 - 6 * UInt32(offset)) & 63)] : 0x3D)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
