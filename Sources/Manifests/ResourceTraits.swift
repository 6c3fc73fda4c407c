package import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// What the compiler may conclude of resources of a type, beyond their schemas and hooks: what lints go by.
package struct ResourceTraits: Sendable {
    /// When resources of a type are brought to a standstill for the sake of their dependents.
    package enum Quiescing: Sendable, Hashable {
        case never
        case always
        /// When the resource has this property.
        case withProperty(String)

        /// Whether a resource is, given which properties it has.
        package func holds(_ hasProperty: (String) -> Bool) -> Bool {
            switch self {
            case .never: false
            case .always: true
            case .withProperty(let name): hasProperty(name)
            }
        }
    }

    /// The property with the absolute path of the directory or file that is saved with all below it.
    package fileprivate(set) var protectedPath: String?
    /// The parameter of protect with the patterns of what is left out below that path.
    package fileprivate(set) var excludePatterns: String?
    /// The parameter of protect that, when true, leaves out what other file systems mounted below the path hold.
    package fileprivate(set) var oneFileSystem: String?
    /// Whether the resource is copied while everything runs; `nil` when it never is.
    package fileprivate(set) var copiedLive: ParameterCondition?
    package fileprivate(set) var quiesces = Quiescing.never
    /// Whether nothing of a resource is saved.
    package fileprivate(set) var savesNothing = false

    /// Nothing is known of resources without traits.
    package static let none = ResourceTraits()
}

/// What parameters of protect must be: each of those named has one of its values.
package struct ParameterCondition: Sendable {
    package let values: [(parameter: String, values: [JSONValue])]

    /// Whether resolved parameters are so.
    package func holds(_ parameters: JSONObject) -> Bool {
        values.allSatisfy { condition in
            parameters[condition.parameter].map { condition.values.contains($0) } ?? false
        }
    }

    /// `consistency: live`
    package var words: String {
        values.map { "\($0.parameter): \($0.values.map(\.canonicalText).joined(separator: " or "))" }
            .joined(separator: ", ").replacing("\"", with: "")
    }
}

/// Reads the `traits` of resource types and of banks.
enum TraitsDecoder {
    /// Reads the traits of a type; what they name must be in its schemas, where those say what there is.
    static func decode(
        _ node: LocatedNode?, properties: JSONSchema, parameters: JSONSchema, into diagnostics: inout DiagnosticList
    ) -> ResourceTraits {
        guard let node else { return .none }
        let reader = FieldReader(node, TraitFields.type, into: &diagnostics)
        var traits = ResourceTraits()
        traits.protectedPath = name(reader[0], "property", in: properties, into: &diagnostics)
        traits.excludePatterns = name(reader[1], "parameter", in: parameters, into: &diagnostics)
        traits.oneFileSystem = name(reader[2], "parameter", in: parameters, into: &diagnostics)
        traits.copiedLive = reader[3].flatMap { condition($0, parameters, into: &diagnostics) }
        traits.quiesces = reader[4].map { quiescing($0, properties, into: &diagnostics) } ?? .never
        traits.savesNothing = reader[5]?.scalarValue == .bool(true)
        return traits
    }

    /// The setting of a bank that names the directory in which it keeps its data.
    static func storagePath(
        _ node: LocatedNode?, config: JSONSchema, into diagnostics: inout DiagnosticList
    ) -> String? {
        guard let node else { return nil }
        let reader = FieldReader(node, TraitFields.bank, into: &diagnostics)
        return name(reader[0], "setting", in: config, into: &diagnostics)
    }

    private static func name(
        _ node: LocatedNode?, _ noun: String, in schema: JSONSchema, into diagnostics: inout DiagnosticList
    ) -> String? {
        guard let node else { return nil }
        let known = schema.properties.map(\.name)
        let name = node.text
        if known.isEmpty || known.contains(name) { return name }
        let close = Similar.best(for: name, among: known)
        diagnostics.add(
            Diagnostic(
                .invalidValue, "the schema has no \(noun) '\(name)'", at: node.range,
                notes: close == nil ? ["it has \(known.joined(separator: ", "))"] : [],
                suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: node.range, with: $0)] } ?? []
            ))
        return nil
    }

    private static func condition(
        _ node: LocatedNode, _ parameters: JSONSchema, into diagnostics: inout DiagnosticList
    ) -> ParameterCondition? {
        if node.kind == .scalar, case .bool(let always) = node.scalarValue {
            return always ? ParameterCondition(values: []) : nil
        }
        guard node.kind == .mapping else {
            diagnostics.add(
                Diagnostic(
                    .wrongType, "'copiedLive' is true, false or a mapping of parameters, not \(node.shapeWords)",
                    at: node.headRange))
            return nil
        }
        var values: [(parameter: String, values: [JSONValue])] = []
        for entry in node.entries {
            guard entry.value.kind == .sequence else {
                diagnostics.add(
                    Diagnostic(
                        .wrongType, "the values of '\(entry.key.text)' are a sequence, not \(entry.value.shapeWords)",
                        at: entry.value.headRange))
                continue
            }
            if let parameter = name(entry.key, "parameter", in: parameters, into: &diagnostics) {
                values.append((parameter, entry.value.elements.map(\.jsonValue)))
            }
        }
        return values.isEmpty ? nil : ParameterCondition(values: values)
    }

    private static func quiescing(
        _ node: LocatedNode, _ properties: JSONSchema, into diagnostics: inout DiagnosticList
    ) -> ResourceTraits.Quiescing {
        if node.kind == .scalar, case .bool(let always) = node.scalarValue { return always ? .always : .never }
        guard node.kind == .mapping else {
            diagnostics.add(
                Diagnostic(
                    .wrongType, "'quiesces' is true, false or a mapping with 'property', not \(node.shapeWords)",
                    at: node.headRange))
            return .never
        }
        let reader = FieldReader(node, TraitFields.quiesces, into: &diagnostics)
        return name(reader[0], "property", in: properties, into: &diagnostics).map { .withProperty($0) } ?? .never
    }
}
