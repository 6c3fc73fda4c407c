internal import CanonicalForm
package import YAMLSource

/// What a reference within one schema leads to.
package enum LocalReference {
    case found(LocatedNode)
    /// It names another document.
    case foreign
    /// It is no JSON pointer.
    case malformed
    /// There is no such step; the keys that there are.
    case missing(String, among: [String])

    /// Follows `#` or a JSON pointer such as `#/$defs/name` from `root`.
    package static func resolve(_ reference: String, in root: LocatedNode) -> LocalReference {
        guard reference.hasPrefix("#") else { return .foreign }
        guard let pointer = PercentEncoding.decoded(reference.utf8.dropFirst()),
            pointer.isEmpty || pointer.hasPrefix("/")
        else { return .malformed }
        var current = root
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = JSONPointer.unescaped(part)
            let next: LocatedNode?
            switch current.kind {
            case .mapping: next = current.entries.first { $0.key.text.utf8.elementsEqual(name.utf8) }?.value
            case .sequence:
                let position = Int(name).flatMap { "\($0)" == name && $0 < current.count && $0 >= 0 ? $0 : nil }
                next = position.map { current.element($0) }
            case .scalar: next = nil
            }
            guard let next else { return .missing(name, among: current.entries.map(\.key.text)) }
            current = next
        }
        return .found(current)
    }
}

/// `%41` in fragments of references.
enum PercentEncoding {
    static func decoded(_ bytes: some Sequence<UInt8>) -> String? {
        let bytes = Array(bytes)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let value = Hexadecimal.bytes(of: bytes[index + 1...index + 2]) else {
                    return nil
                }
                out.append(contentsOf: value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}

/// `~0` and `~1` in parts of JSON pointers.
enum JSONPointer {
    static func unescaped(_ part: Substring) -> String {
        var out = ""
        var isEscape = false
        for scalar in part.unicodeScalars {
            if isEscape {
                out.unicodeScalars.append(scalar == "0" ? "~" : scalar == "1" ? "/" : scalar)
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
