/// The string formats that RFCs about the internet define; all take UTF-8 bytes.
enum InternetFormat {
    static func isHostname(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
            let dash = UInt8(ascii: "-")
            return first != dash && last != dash && label.allSatisfy { $0.isLetter || $0.isDigit || $0 == dash }
        }
    }

    static func isEmail(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        guard !local.isEmpty, local.count <= 64 else { return false }
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            let address = domain.dropFirst().dropLast()
            let tag = Array("IPv6:".utf8)
            guard address.starts(with: tag) ? isIPv6(address.dropFirst(tag.count)) : isIPv4(address) else {
                return false
            }
        } else if !isHostname(domain) {
            return false
        }
        let quote = UInt8(ascii: "\"")
        if local.count >= 2, local.first == quote, local.last == quote {
            return local.dropFirst().dropLast().allSatisfy { $0 >= 0x20 && $0 != quote && $0 != 0x7F }
        }
        return local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy {
                    $0.isLetter || $0.isDigit || $0 >= 0x80 || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0)
                }
        }
    }

    static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard !part.isEmpty, part.count <= 3, part.allSatisfy(\.isDigit) else { return false }
                if part.count > 1 && part.first == 0x30 { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } < 256
            }
    }

    static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        /// The number of 16-bit groups; `nil` when one is malformed.
        func groups(_ part: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> Int? {
            if part.isEmpty { return 0 }
            let fields = part.split(separator: colon, omittingEmptySubsequences: false)
            var count = 0
            for (index, field) in fields.enumerated() {
                if mayEndInIPv4 && index == fields.count - 1 && isIPv4(field) {
                    count += 2
                } else {
                    guard (1...4).contains(field.count), field.allSatisfy(\.isHexadecimal) else { return nil }
                    count += 1
                }
            }
            return count
        }
        guard let gap = bytes.indices.dropLast().first(where: { bytes[$0] == colon && bytes[$0 + 1] == colon }) else {
            return groups(bytes, mayEndInIPv4: true) == 8
        }
        guard let before = groups(bytes[..<gap], mayEndInIPv4: false),
            let after = groups(bytes[(gap + 2)...], mayEndInIPv4: true)
        else { return false }
        return before + after <= 7
    }

    /// RFC 3986; IRIs are not accepted.
    static func isURI(_ bytes: ArraySlice<UInt8>, absolute: Bool) -> Bool {
        var rest = bytes
        let schemeEnd = rest.firstIndex { !($0.isLetter || $0.isDigit || "+-.".utf8.contains($0)) }
        let hasScheme =
            schemeEnd.map { $0 > rest.startIndex && rest[$0] == UInt8(ascii: ":") && rest[rest.startIndex].isLetter }
            ?? false
        if hasScheme, let schemeEnd { rest = rest[(schemeEnd + 1)...] } else if absolute { return false }
        var fragment: ArraySlice<UInt8> = []
        var query: ArraySlice<UInt8> = []
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            fragment = rest[(hash + 1)...]
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = rest[(mark + 1)...]
            rest = rest[..<mark]
        }
        guard consists(fragment, of: "/?:@"), consists(query, of: "/?:@") else { return false }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            guard isAuthority(rest[..<end]) else { return false }
            rest = rest[end...]
        } else if !hasScheme {
            // The first segment of a relative path must not look like a scheme.
            if rest.prefix(while: { $0 != UInt8(ascii: "/") }).contains(UInt8(ascii: ":")) { return false }
        }
        return consists(rest, of: "/:@")
    }

    private static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
        var host = bytes
        if let at = host.lastIndex(of: UInt8(ascii: "@")) {
            guard consists(host[..<at], of: ":") else { return false }
            host = host[(at + 1)...]
        }
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")), isIPv6(host[(host.startIndex + 1)..<end]) else {
                return false
            }
            host = host[(end + 1)...]
            return host.isEmpty || host.first == UInt8(ascii: ":") && host.dropFirst().allSatisfy(\.isDigit)
        }
        if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
            guard host[(colon + 1)...].allSatisfy(\.isDigit) else { return false }
            host = host[..<colon]
        }
        return consists(host, of: "")
    }

    /// Whether there are only unreserved bytes, sub-delimiters, percent escapes and `extra`.
    private static func consists(_ bytes: ArraySlice<UInt8>, of extra: StaticString) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard index + 2 <= bytes.endIndex, bytes[index].isHexadecimal, bytes[index + 1].isHexadecimal else {
                    return false
                }
                index += 2
            } else if !(byte.isLetter || byte.isDigit || "-._~!$&'()*+,;=".utf8.contains(byte)
                || extra.withUTF8Buffer({ $0.contains(byte) }))
            {
                return false
            }
        }
        return true
    }
}
