/// What names may look like; shared by the compiler and the IR's verifier.
package enum NameRules {
    /// The longest plan, provider or plugin name, in bytes.
    package static let maximumNameLength = 64
    /// The longest resource type, in bytes.
    package static let maximumTypeLength = 80
    /// The longest resource id, in bytes.
    package static let maximumIDLength = 64

    /// Names of plans, providers and plugins, as a regular expression of ECMA-262.
    package static let namePattern = "^[a-z0-9][a-z0-9-]{0,63}$"
    /// Resource types of any length, as a regular expression.
    package static let typePattern = "^" + typeBody + "$"
    /// Resource ids, as a regular expression.
    package static let idPattern = "^" + idBody + "$"
    /// What `typePattern` is between its anchors.
    package static let typeBody = "[A-Za-z][A-Za-z0-9]*(::[A-Za-z][A-Za-z0-9]*)+"
    /// What `idPattern` is between its anchors.
    package static let idBody = "[A-Za-z0-9][A-Za-z0-9._@:/+-]{0,63}"

    /// Why `name` cannot name a plan, provider or plugin, or `nil` when it can.
    package static func planFault(_ name: String) -> String? {
        let rule = "a name has 1 to \(maximumNameLength) of a-z, 0-9 and '-', and starts with a letter or digit"
        guard (1...maximumNameLength).contains(name.utf8.count), name.utf8.first != UInt8(ascii: "-") else {
            return rule
        }
        return name.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") } ? nil : rule
    }

    /// Why `type` is not a resource type, or `nil` when it is: words joined by `::`, at least two.
    package static func typeFault(_ type: String) -> String? {
        let rule = "a resource type is words joined by '::', such as Host::FileSystem::Directory"
        guard type.utf8.count <= maximumTypeLength else { return rule + ", of at most \(maximumTypeLength) bytes" }
        var words = 1
        var length = 0
        var colons = 0
        for byte in type.utf8 {
            if byte == UInt8(ascii: ":") {
                colons += 1
                if colons > 2 || length == 0 { return rule }
                if colons == 2 {
                    words += 1
                    length = 0
                    colons = 0
                    continue
                }
                continue
            }
            if colons == 1 { return rule }
            guard isLower(byte) || isUpper(byte) || (isDigit(byte) && length > 0) else { return rule }
            length += 1
        }
        return words >= 2 && length > 0 && colons == 0 ? nil : rule
    }

    /// Why `id` cannot be a resource's id, or `nil` when it can.
    package static func idFault(_ id: String) -> String? {
        let rule =
            "an id has 1 to \(maximumIDLength) letters, digits or any of . _ - @ : / + and starts with a letter or digit"
        var id = id
        return id.withUTF8 { isID($0) } ? nil : rule
    }

    /// Whether `id` can be a resource's id.
    package static func isID(_ id: UnsafeBufferPointer<UInt8>) -> Bool {
        guard id.count >= 1 && id.count <= maximumIDLength else { return false }
        guard isLower(id[0]) || isUpper(id[0]) || isDigit(id[0]) else { return false }
        for byte in id where !(isLower(byte) || isUpper(byte) || isDigit(byte)) {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: ":"),
                UInt8(ascii: "/"), UInt8(ascii: "+"):
                continue
            default: return false
            }
        }
        return true
    }

    /// The longest encoded identity, in bytes: it is one segment of a bank's keys.
    package static let maximumEncodedIdentityLength = 240

    /// Why `TYPE#ID` is too long to be a segment of a bank key once percent-encoded, or `nil` when it is not.
    package static func identityFault(_ identity: String) -> String? {
        var identity = identity
        let length = identity.withUTF8 { encodedLength($0) }
        guard length > maximumEncodedIdentityLength else { return nil }
        return "type and id together have \(length) bytes in a bank's keys, and may have "
            + "\(maximumEncodedIdentityLength); marks count three times"
    }

    /// The length of a text that is percent-encoded as a segment of a bank's key.
    package static func encodedLength(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var length = text.count
        for byte in text where !(isLower(byte) || isUpper(byte) || isDigit(byte)) {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): continue
            default: length += 2
            }
        }
        return length
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
