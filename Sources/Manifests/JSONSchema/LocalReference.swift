internal import CanonicalForm
package import YAMLSource

/// What a reference within one schema leads to.
package enum LocalReference {
    /// The schema, and the JSON pointer to it.
    case found(LocatedNode, pointer: String)
    /// It names another document.
    case foreign
    /// It is neither a JSON pointer nor an anchor.
    case malformed
    /// There is no such step; the keys that there are.
    case missing(String, among: [String])

    /// Follows `#`, a JSON pointer such as `#/$defs/name`, or an anchor such as `#name` from `root`; the identifier of
    /// the whole may stand before it.
    package static func resolve(_ reference: String, in root: LocatedNode) -> LocalReference {
        var reference = reference[...]
        if let id = root["$id"]?.text, !id.isEmpty, reference.hasPrefix(id) {
            reference = reference.dropFirst(id.count)
            if reference.isEmpty { reference = "#" }
        }
        guard reference.hasPrefix("#") else { return .foreign }
        guard let pointer = PercentEncoding.decoded(reference.utf8.dropFirst()) else { return .malformed }
        guard pointer.isEmpty || pointer.hasPrefix("/") else {
            let anchors = anchors(in: root)
            if let found = anchors.first(where: { $0.name == pointer }) {
                return .found(found.schema, pointer: found.pointer)
            }
            return anchors.isEmpty ? .malformed : .missing(pointer, among: anchors.map(\.name))
        }
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
        return .found(current, pointer: String(reference.dropFirst()))
    }

    /// The anchors of all schemas in `root`, each with the JSON pointer to its schema.
    private static func anchors(in root: LocatedNode) -> [(name: String, schema: LocatedNode, pointer: String)] {
        var found: [(name: String, schema: LocatedNode, pointer: String)] = []
        var waiting = [(schema: root, pointer: "")]
        var seen: Set<Int32> = []
        while let (schema, pointer) = waiting.popLast() {
            guard schema.kind == .mapping, seen.insert(schema.index).inserted else { continue }
            for (key, value) in schema.entries {
                let place = pointer + "/" + JSONPointer.escaped(key.text)
                switch SchemaKeyword(rawValue: key.text) {
                case .anchor?: found.append((value.text, schema, pointer))
                case let keyword?:
                    switch keyword.nesting {
                    case .none: break
                    case .one: waiting.append((value, place))
                    case .list:
                        for (position, element) in value.elements.enumerated() {
                            waiting.append((element, "\(place)/\(position)"))
                        }
                    case .named:
                        for entry in value.entries {
                            waiting.append((entry.value, place + "/" + JSONPointer.escaped(entry.key.text)))
                        }
                    }
                case nil: break
                }
            }
        }
        return found
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
package enum JSONPointer {
    /// A name as one step of a pointer in a reference.
    package static func escaped(_ name: String) -> String {
        var out = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "~"): out += "~0"
            case UInt8(ascii: "/"): out += "~1"
            // What may stand in the fragment of a URI.
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "*"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + Hexadecimal.text(of: [byte])
            }
        }
        return out
    }

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
