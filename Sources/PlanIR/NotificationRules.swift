/// What the parts of a notification may look like; shared by the compiler and whoever loads a compiled plan.
package enum NotificationRules {
    /// Addresses to which reports are sent, as a regular expression of ECMA-262; what matches may still have a fault.
    package static let addressPattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\s]+([/?#][!-~]*)?$"
    /// Names of headers, as a regular expression.
    package static let headerPattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"

    /// Why a program cannot be started by these arguments, or `nil` when it can.
    package static func commandFault(_ arguments: [String]) -> String? {
        guard let program = arguments.first else { return "a command has at least the name of its program" }
        if program.isEmpty { return "the name of a program must not be empty" }
        return arguments.contains { $0.utf8.contains(0) } ? "a command has no NUL bytes" : nil
    }

    /// Why nothing can be sent to `address`, or `nil` when it can: it is an address of the web without a password.
    package static func addressFault(_ address: String) -> String? {
        guard let scheme = address.firstRange(of: "://"),
            ["http", "https"].contains(address[..<scheme.lowerBound].lowercased())
        else { return "an address starts with https:// or http://" }
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "an address has only marks, letters and digits of ASCII; encode others with %"
        }
        let authority = authority(of: address)
        if hasPassword(address) { return "an address has no user and no password; send them in a header" }
        var host = authority[...]
        var port: Substring?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if host.isEmpty { return "an address names a host" }
        if host.hasPrefix("[") != host.hasSuffix("]") || (!host.hasPrefix("[") && host.contains(":")) {
            return "an IPv6 address in an address stands in brackets"
        }
        if let port, UInt16(port).map({ $0 > 0 }) != true || port.hasPrefix("+") {
            return "a port is a number from 1 to 65535"
        }
        return nil
    }

    /// Whether an address has a user or a password in it.
    package static func hasPassword(_ address: String) -> Bool { authority(of: address).contains("@") }

    /// Whether what is sent to an address can be read on its way: it goes over plain HTTP, and to another machine.
    package static func isReadableOnTheWay(_ address: String) -> Bool {
        guard address.lowercased().hasPrefix("http://") else { return false }
        let authority = authority(of: address).lowercased()
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return !(host == "localhost" || host.hasSuffix(".localhost") || host.hasPrefix("127.") || host == "[::1]")
    }

    private static func authority(of address: String) -> Substring {
        guard let scheme = address.firstRange(of: "://") else { return "" }
        return address[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }

    /// Why a header cannot have this name and value, or `nil` when it can.
    package static func headerFault(_ name: String, _ value: ReferableText) -> String? {
        if let fault = headerNameFault(name) { return fault }
        guard case .literal(let text) = value else { return nil }
        if isSecretHeader(name) { return "the header '\(name)' is a secret, and is never written down" }
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            ? nil : "the value of a header is one line without control characters"
    }

    /// Why `name` cannot name a header, or `nil` when it can.
    package static func headerNameFault(_ name: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
            return "the name of a header has letters, digits and '-'"
        }
        // The request's own: what is sent says them.
        return ["content-type", "content-length", "host", "transfer-encoding", "connection"].contains(name.lowercased())
            ? "the header '\(name)' is set by whoever sends the report" : nil
    }

    /// Whether a header of this name holds a secret.
    package static func isSecretHeader(_ name: String) -> Bool {
        let name = name.lowercased()
        if name == "cookie" || name.hasSuffix("authorization") { return true }
        return ["token", "secret", "password", "api-key", "apikey", "access-key", "auth-key"].contains {
            name.contains($0)
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
