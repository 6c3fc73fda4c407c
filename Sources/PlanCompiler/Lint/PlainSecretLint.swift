import Diagnostics
import Manifests
import PlanIR
import YAMLSource

/// A secret that is written down where no schema says that there is one: by the name of its key, or by its form.
enum PlainSecretLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        plan.forEachSetting { tree, setting in
            let isNamed = SecretName.isLikely(setting.view.bytes(setting.key))
            let text = setting.view.bytes(setting.value)
            let hasPassword = SecretText.hasPassword(text)
            let isAssigned = SecretText.isAssignment(text) || SecretText.isHeader(text)
            guard isNamed || hasPassword || isAssigned || SecretText.isPrivateKey(text) else { return }
            let key = tree.node(setting.key)
            let value = tree.node(setting.value)
            if plan.reportedSecrets.contains(value.range) { return }
            let what: String
            if isNamed && isLiteral(value) {
                what = "'\(key.text)' is a secret in clear text"
            } else if hasPassword {
                what = "the address in '\(key.text)' has a password in clear text"
            } else if isAssigned {
                what = "an argument in '\(key.text)' has a secret in clear text"
            } else if SecretText.isPrivateKey(text) {
                what = "'\(key.text)' is a private key in clear text"
            } else {
                return
            }
            findings.add(
                Diagnostic(
                    .plainSecret, what, at: value.range,
                    notes: [
                        "it comes into the compiled plan and into every checkpoint; name its place instead: "
                            + "{fromEnv: NAME} or {fromFile: path}"
                    ]))
        }
    }

    /// Whether a value is the secret itself, and does not say where it is.
    private static func isLiteral(_ value: LocatedNode) -> Bool {
        switch value.scalarValue {
        case .null, .bool: false
        case .integer, .number: true
        case .string(let text): !SecretText.isElsewhere(text)
        }
    }
}

/// Names that are given to secrets.
enum SecretName {
    private static let words = ["password", "passwd", "passphrase", "pwd", "secret", "token", "credentials"]
    /// Words that may have something in front of them without a seam, as in `PGPASSWORD`.
    private static let endings = ["password", "passwd", "passphrase", "apikey", "secretkey", "privatekey"]
    private static let keys = ["api", "secret", "private", "encryption", "signing", "master", "auth", "access"]

    /// Whether a key is called like a secret; `passwordFile` and `tokenURL` say where one is, and are not.
    static func isLikely(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        // Most names end with none of the letters that those words end with.
        guard let last = name.last, name.count >= 3 else { return false }
        switch last | 0x20 {
        case UInt8(ascii: "d"), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "e"), UInt8(ascii: "y"),
            UInt8(ascii: "s"):
            break
        default: return false
        }
        let words = words(of: name)
        guard let last = words.last else { return false }
        if SecretName.words.contains(last) || endings.contains(where: last.hasSuffix) { return true }
        guard last == "key", words.count >= 2 else { return false }
        // An access key names its owner; the secret access key is the secret.
        let kind = words[words.count - 2]
        return kind == "access" ? words.contains("secret") : keys.contains(kind)
    }

    /// The words of `secretAccessKey`, `secret_access_key` and `SECRET-ACCESS-KEY`, in lower case.
    private static func words(of name: UnsafeBufferPointer<UInt8>) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
        func end() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        for (position, byte) in name.enumerated() {
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: " "): end()
            default:
                let startsWord = isUpper(byte) && position > 0 && !isUpper(name[position - 1])
                // In `DBPassword` the word begins at the P.
                let endsInitials =
                    isUpper(byte) && position > 0 && isUpper(name[position - 1]) && position + 1 < name.count
                    && name[position + 1] >= 0x61 && name[position + 1] <= 0x7A
                if startsWord || endsInitials { end() }
                word.append(isUpper(byte) ? byte | 0x20 : byte)
            }
        }
        end()
        return words
    }
}

/// Texts that are secrets, or have one in them.
enum SecretText {
    /// Whether a text says where a secret is: a path, an address, or something to be filled in.
    static func isElsewhere(_ text: String) -> Bool {
        let marks = ["$", "/", "<", "{{", "%"]
        return text.allSatisfy(\.isWhitespace) || marks.contains(where: text.hasPrefix) || text.contains("://")
    }

    /// Whether a text has a password in an address, as in `scheme://user:password@host`.
    static func hasPassword(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        // Most texts have no colon.
        guard text.contains(UInt8(ascii: ":")) else { return false }
        while position + 3 < text.count {
            guard text[position] == UInt8(ascii: ":"), text[position + 1] == slash, text[position + 2] == slash else {
                position += 1
                continue
            }
            let hasScheme = position > 0 && isSchemeByte(text[position - 1])
            position += 3
            let start = position
            while position < text.count, !endsAuthority(text[position]) { position += 1 }
            let authority = text[start..<position]
            guard hasScheme, let at = authority.lastIndex(of: UInt8(ascii: "@")),
                let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            let password = authority[(colon + 1)..<at]
            // `${PASSWORD}`, `<password>` and `***` stand for one.
            if let first = password.first, !"$<{%*".utf8.contains(first) { return true }
        }
        return false
    }

    /// Whether a text is an argument that says a secret, as `--password=…` or `TOKEN=…` do.
    static func isAssignment(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let sign = text.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let name = UnsafeBufferPointer(rebasing: text[..<sign])
        guard name.allSatisfy({ ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-_.".utf8.contains($0) }),
            SecretName.isLikely(name)
        else { return false }
        let value = String(decoding: text[(sign + 1)...], as: UTF8.self)
        return !isElsewhere(value)
    }

    /// Whether a text is a header of a request that says a secret, as the argument of a program that sends one:
    /// `Authorization: Bearer …`, also behind the option that takes it.
    static func isHeader(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon < 64 else { return false }
        var name = String(decoding: text[..<colon], as: UTF8.self)
        for option in ["--header=", "--header ", "-H"] where name.hasPrefix(option) {
            name = name.dropFirst(option.count).trimmingPrefix(while: \.isWhitespace).description
        }
        guard NotificationRules.headerNameFault(name) == nil, NotificationRules.isSecretHeader(name) else {
            return false
        }
        let value = String(decoding: text[(colon + 1)...], as: UTF8.self)
        // In front of the secret stands how it is meant, such as `Bearer`.
        guard let secret = value.split(whereSeparator: \.isWhitespace).last.map(String.init) else { return false }
        return !isElsewhere(secret)
    }

    private static let slash = UInt8(ascii: "/")

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || "+-.".utf8.contains(byte)
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte <= 0x20 || "/?#\"'".utf8.contains(byte)
    }

    /// Whether a text holds a private key in PEM.
    static func isPrivateKey(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count > 30, text.prefix(64).contains(UInt8(ascii: "-")) else { return false }
        let head = String(decoding: text.prefix(512), as: UTF8.self)
        return head.contains("-----BEGIN ") && head.contains("PRIVATE KEY-----")
    }
}
