internal import CanonicalForm

/// Hides what looks like a secret written as a literal. References such as `{fromEnv: NAME}` say nothing secret and
/// are shown.
enum SecretMask {
    /// What stands where a secret stood.
    static let hidden = JSONValue.string("(hidden)")

    private static let words = [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential",
    ]

    /// Whether a value under this key is likely to be a secret.
    static func isSecretName(_ key: String) -> Bool {
        let letters = key.lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." }
        return words.contains { letters.contains($0) }
    }

    /// Whether a value says where a secret is rather than what it is.
    static func isReference(_ value: JSONValue) -> Bool {
        guard let object = value.objectValue, !object.isEmpty else { return false }
        return object.members.allSatisfy { ["fromEnv", "fromFile"].contains($0.key) && $0.value.stringValue != nil }
    }

    /// Whether a value under `key` must be hidden whole.
    static func hides(_ value: JSONValue, under key: String) -> Bool {
        guard isSecretName(key), !isReference(value) else { return false }
        switch value {
        case .null, .bool: return false
        default: return true
        }
    }

    /// The members with all secrets hidden.
    static func masked(_ object: JSONObject) -> JSONObject {
        JSONObject(
            object.members.map { ($0.key, hides($0.value, under: $0.key) ? hidden : masked($0.value)) })
    }

    /// The value with all secrets in it hidden.
    static func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object): return .object(masked(object))
        case .array(let elements):
            var out: [JSONValue] = []
            out.reserveCapacity(elements.count)
            // In a command line, what follows `--password` is one.
            var hidesNext = false
            for element in elements {
                out.append(hidesNext && element.stringValue != nil ? hidden : masked(element))
                hidesNext =
                    element.stringValue.map { $0.hasPrefix("-") && !$0.contains("=") && isSecretName($0) } ?? false
            }
            return .array(out)
        case .string(let text): return .string(masked(text))
        default: return value
        }
    }

    /// A text with the password of a URL, and what follows `password=`, hidden.
    private static func masked(_ text: String) -> String {
        if text.contains("PRIVATE KEY-----") { return "(hidden)" }
        guard text.contains("=") || text.contains("://") else { return text }
        var out = ""
        var word = Substring()
        func close() {
            out += masked(word: word)
            word = Substring()
        }
        for character in text {
            if character == " " || character == "&" || character == ";" || character == "?" || character == "," {
                close()
                out.append(character)
            } else {
                word.append(character)
            }
        }
        close()
        return out
    }

    private static func masked(word: Substring) -> String {
        if let scheme = word.firstRange(of: "://") {
            let rest = word[scheme.upperBound...]
            let authority = rest.prefix { $0 != "/" }
            if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
                return word[...colon] + "(hidden)" + word[at...]
            }
        }
        if let sign = word.firstIndex(of: "="), sign != word.indices.last, isSecretName(String(word[..<sign])) {
            return word[...sign] + "(hidden)"
        }
        return String(word)
    }
}
