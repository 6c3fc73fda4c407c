package import Diagnostics
package import YAMLSource

/// What a document says that it is.
package enum DocumentKind: String, Sendable, CaseIterable {
    case plan = "Plan"
    case provider = "Provider"
    case plugin = "Plugin"
    case bankPlugin = "BankPlugin"
    case project = "Project"
    case timings = "Timings"
    case inventory = "Inventory"

    /// The `apiVersion` that this program reads.
    package static let apiVersion = "cairn/v1"

    /// Reads `apiVersion` and `kind`; reports what is missing or unknown and returns `nil` then.
    package static func read(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> DocumentKind? {
        if node.isFaulty && node.kind != .mapping { return nil }
        guard node.kind == .mapping else {
            diagnostics.add(
                Diagnostic(
                    .unknownKind, "a document is a mapping with 'apiVersion' and 'kind', not \(node.shapeWords)",
                    at: node.headRange))
            return nil
        }
        guard let version = node["apiVersion"], let kind = node["kind"] else {
            if node.isFaulty { return nil }
            let missing = node["apiVersion"] == nil ? "apiVersion" : "kind"
            diagnostics.add(
                Diagnostic(
                    .unknownKind, "the document does not say what it is: it needs the key '\(missing)'",
                    at: node.headRange,
                    notes: ["a plan begins with 'apiVersion: \(apiVersion)' and 'kind: Plan'"]))
            return nil
        }
        if version.isFaulty || kind.isFaulty { return nil }
        guard version.kind == .scalar, version.text == apiVersion else {
            diagnostics.add(
                Diagnostic(
                    .unknownKind, "apiVersion '\(version.text)' is unknown; this program reads '\(apiVersion)'",
                    at: version.headRange,
                    suggestions: version.kind == .scalar
                        ? [Suggestion("write '\(apiVersion)'", replacing: version.range, with: apiVersion)] : []))
            return nil
        }
        if kind.kind == .scalar, let known = DocumentKind(rawValue: kind.text) { return known }
        let close = Similar.best(for: kind.text, among: DocumentKind.allCases.map(\.rawValue))
        diagnostics.add(
            Diagnostic(
                .unknownKind, "there is no kind of document called '\(kind.text)'", at: kind.headRange,
                notes: close == nil
                    ? ["the kinds are \(DocumentKind.allCases.map(\.rawValue).joined(separator: ", "))"] : [],
                suggestions: close.map {
                    [
                        Suggestion(
                            "did you mean '\($0)'?", replacing: kind.range, with: $0,
                            isCertain: Similar.differInCase($0, kind.text))
                    ]
                } ?? []))
        return nil
    }
}

extension LocatedNode {
    /// Whether the document belongs to Cairn: its `apiVersion`, however it may be misspelt, is one of Cairn's.
    package var isOfCairn: Bool {
        entries.contains { entry in
            entry.value.kind == .scalar && entry.value.text.hasPrefix("cairn/")
                && (entry.key.textEquals("apiVersion")
                    || Similar.best(for: entry.key.text, among: ["apiVersion"]) != nil)
        }
    }
}
