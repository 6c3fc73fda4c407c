internal import Manifests
internal import PlanIR

/// The reference of plugins as the page `docs/plugins.md`.
package enum ReferencePage {
    /// The whole page.
    package static func markdown(_ entries: [TypeEntry]) -> String {
        var out = """
            # Plugins

            What resource types there are, and what each takes. This page is made of the plugins' manifests, as is what
            `cairnc plugins` prints; `make golden` writes it anew. [plan-reference.md](plan-reference.md) says how
            parameters are put together.

            | type | plugin | |
            |---|---|---|

            """
        for entry in entries {
            out +=
                "| [`\(entry.type)`](#\(anchor(entry))) | \(entry.plugin.name) | \(cell(entry.support.description)) |\n"
        }
        for entry in entries { out += "\n" + section(entry) }
        out += """

            ## Parameters of every type

            Every type takes these for protect, restore and verify, beside its own. Which failures may pass by themselves
            is the plugin's word: only those are tried again. [plan-reference.md](plan-reference.md) has an example.


            """
        return out + table(CommonParameters.described)
    }

    /// GitHub's anchor of the type's heading.
    private static func anchor(_ entry: TypeEntry) -> String {
        String(heading(entry).lowercased().compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber ? $0 : nil })
    }

    private static func heading(_ entry: TypeEntry) -> String {
        entry.type == PluginManifest.anyType ? "Every other type with \(entry.plugin.name)" : entry.type
    }

    private static func section(_ entry: TypeEntry) -> String {
        var out = "## \(heading(entry))\n\n\(sentence(entry.support.description)) "
        out += "Plugin `\(entry.plugin.name)`, version \(entry.plugin.version). "
        out += "It may be a dependent of \(entry.parentsText).\n\n"
        if !entry.traits.isEmpty { out += "Traits: \(entry.traits.joined(separator: "; ")).\n\n" }
        out += "**Properties**\(options(entry.support.properties))"
        if let discovery = entry.support.discovery {
            let types = discovery.types.map { "`\($0)`" }.joined(separator: ", ")
            out += "\n**discover** (finds \(types))\n\n" + table(entry.selectorOptions)
        }
        for operation in entry.operations {
            let hooks = operation.hooks.isEmpty ? "no hooks" : operation.hooks.joined(separator: ", ")
            out += "\n**\(operation.kind.rawValue)** (\(hooks))\(options(operation.support.parameters))"
        }
        if let saved = entry.support.savedInfo { out += "\n**Saved information**\(options(saved))" }
        return out
    }

    private static func options(_ schema: JSONSchema) -> String {
        let properties = schema.properties
        if properties.isEmpty { return schema.isOpen ? ": anything.\n" : ": none.\n" }
        return "\n\n" + table(properties) + (schema.isOpen ? "\nAnything else is taken, too.\n" : "")
    }

    private static func table(_ properties: [JSONSchema.Property]) -> String {
        var out = "| name | value | default | |\n|---|---|---|---|\n"
        for property in properties {
            let value = property.isRequired ? "required" : property.defaultText.map { "`\($0)`" } ?? ""
            let remark = property.deprecation.map { sentence($0.prefix(1).uppercased() + $0.dropFirst()) + " " } ?? ""
            let description = remark + (property.description.map { sentence($0) } ?? "")
            out += "| `\(property.name)` | \(cell(property.kindText)) | \(cell(value)) | \(cell(description)) |\n"
        }
        return out
    }

    private static func sentence(_ text: String) -> String {
        text.hasSuffix(".") || text.isEmpty ? text : text + "."
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
