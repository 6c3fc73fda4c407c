package import CanonicalForm
package import PluginKit

/// What plugins have found below the resources of a plan that say `discover`: the file that `cairnc compile` takes.
///
/// It holds no time and no host: who finds the same writes the same bytes.
package struct Inventory: Sendable, Hashable {
    /// What was found below one resource.
    package struct Entry: Sendable, Hashable {
        /// `TYPE#ID` of the resource that was asked for.
        package let resource: String
        /// What it was asked with: its properties and its selector, as the IR has them.
        package let properties: JSONObject
        package let selector: JSONObject
        /// What the plugin has found, and what the resource must leave to it.
        package let found: DiscoveredDependents

        package init(
            resource: String, properties: JSONObject, selector: JSONObject, found: DiscoveredDependents
        ) {
            self.resource = resource
            self.properties = properties
            self.selector = selector
            self.found = found
        }
    }

    package let plan: String
    package let provider: String
    /// In the order of the IR.
    package let discovered: [Entry]

    package init(plan: String, provider: String, discovered: [Entry]) {
        self.plan = plan
        self.provider = provider
        self.discovered = discovered
    }

    /// How many dependents there are in all.
    package var dependentCount: Int { discovered.reduce(0) { $0 + $1.found.dependents.count } }

    /// The inventory as JSON, with the members of the file.
    package var json: JSONValue {
        [
            "apiVersion": "cairn/v1", "kind": "Inventory", "plan": .string(plan), "provider": .string(provider),
            "discovered": .array(
                discovered.map { entry in
                    [
                        "resource": .string(entry.resource), "properties": .object(entry.properties),
                        "selector": .object(entry.selector), "parameters": .object(entry.found.parameters),
                        "dependents": .array(entry.found.dependents.map(\.json)),
                    ]
                }),
        ]
    }
}

extension ResourceDescription {
    /// The resource as an inventory has it.
    package var json: JSONValue {
        ["type": .string(type), "id": .string(id), "name": .string(name), "properties": .object(properties)]
    }
}

extension Inventory {
    /// The bytes of the file.
    package var yaml: [UInt8] {
        var writer = InventoryWriter()
        writer.line("apiVersion: cairn/v1")
        writer.line("kind: Inventory")
        writer.member("plan: ", name: plan)
        writer.member("provider: ", name: provider)
        writer.line(discovered.isEmpty ? "discovered: []" : "discovered:")
        for entry in discovered {
            writer.member("  - resource: ", name: entry.resource)
            writer.member("    properties: ", .object(entry.properties))
            writer.member("    selector: ", .object(entry.selector))
            writer.member("    parameters: ", .object(entry.found.parameters))
            writer.line(entry.found.dependents.isEmpty ? "    dependents: []" : "    dependents:")
            for dependent in entry.found.dependents {
                writer.member("      - type: ", name: dependent.type)
                writer.member("        id: ", .string(dependent.id))
                writer.member("        name: ", .string(dependent.name))
                writer.member("        properties: ", .object(dependent.properties))
            }
        }
        return writer.bytes
    }
}

/// Writes the lines of an inventory: YAML whose values are JSON.
private struct InventoryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func line(_ text: String) { bytes += Array(text.utf8) + [0x0A] }

    mutating func member(_ key: String, _ value: JSONValue) {
        bytes += Array(key.utf8)
        write(value)
        bytes.append(0x0A)
    }

    /// A name or a type: as it is where YAML takes it for a text, else in quotes.
    mutating func member(_ key: String, name: String) {
        let isPlain =
            (name.utf8.first.map { isLetter($0) } ?? false) && name.utf8.last != UInt8(ascii: ":")
            && name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || ":#/.@+-_".utf8.contains($0) }
            && !InventoryWriter.words.contains(name.lowercased())
        if isPlain { line(key + name) } else { member(key, .string(name)) }
    }

    /// What YAML takes for something else than a text.
    private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

    private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    /// Members in their order, with a space where people expect one. The values of a plan are not deep.
    private mutating func write(_ value: JSONValue) {
        if let object = value.objectValue {
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { bytes += Array(", ".utf8) }
                quote(member.key)
                bytes += Array(": ".utf8)
                write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        } else if let array = value.arrayValue {
            bytes.append(UInt8(ascii: "["))
            for (index, element) in array.enumerated() {
                if index > 0 { bytes += Array(", ".utf8) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        } else if let text = value.stringValue {
            quote(text)
        } else {
            bytes += Array(value.canonicalText.utf8)
        }
    }

    /// A text in quotes, such that JSON and YAML read the same. What YAML forbids or takes for the end of a line is
    /// escaped.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: bytes += [0x5C, UInt8(scalar.value)]
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16)
                bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: bytes += Array(String(scalar).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
