internal import CanonicalForm
internal import Manifests
internal import PlanIR
internal import YAMLSource

/// The resource types that some plugins take, each by one of them, as schemas of plans and providers need them.
struct OfferedTypes {
    /// One type with its plugin.
    struct Offer {
        let plugin: String
        let support: PluginManifest.ResourceType
        var type: String { support.type }
    }

    /// The types by name, in the order of the plugins.
    let named: [Offer]
    /// The plugin that takes all others, if there is one.
    let others: Offer?

    /// The types of `plugins`, bound as the compiler binds them: by name first, of several the first.
    init(_ plugins: [PluginManifest]) {
        let all = plugins.flatMap { plugin in
            plugin.resourceTypes.map { Offer(plugin: plugin.name, support: $0) }
        }
        var seen: Set<String> = []
        named = all.filter { $0.type != PluginManifest.anyType && seen.insert($0.type).inserted }
        others = all.first { $0.type == PluginManifest.anyType }
    }

    // MARK: Parts of schemas

    /// The definitions of the types' properties and parameters; `prefix` keeps those of several plugins apart.
    func definitions(of slots: [Slot] = Slot.allCases, prefix: String = "") -> [SchemaText.Member] {
        (named + [others].compactMap { $0 }).flatMap { offer in
            slots.flatMap { slot in OfferedTypes.definitions(offer, slot, prefix) }
        }
    }

    /// What a resource type may be, with what is said of each.
    var typeRule: [SchemaText.Member] {
        let names = named.map(\.type)
        let known: [SchemaText.Member] = [
            .init("enum", .texts(names)), .init("enumDescriptions", .texts(named.map(\.support.description))),
        ]
        if others == nil && names.isEmpty { return [.init("not", [:])] }
        guard others != nil else { return known }
        let any = SchemaText.object(TableSchemas.text(.resourceType))
        return names.isEmpty ? TableSchemas.text(.resourceType) : [.init("anyOf", [.object(known), any])]
    }

    /// What a block of parameters may hold: `TYPE` and `TYPE#ID`, each with a layer of parameters.
    func block(_ phase: ParameterPhase, prefix: String = "") -> [SchemaText.Member] {
        let slot = Slot(phase)
        let byType = named.map { SchemaText.Member($0.type, reference(to: $0, slot, prefix, $0.support.description)) }
        let byIdentity = named.map {
            SchemaText.Member(
                "^\(OfferedTypes.quoted($0.type))#\(NameRules.idBody)$",
                reference(to: $0, slot, prefix, $0.support.description))
        }
        var members: [SchemaText.Member] = [.init("type", "object")]
        if others != nil { members.append(.init("propertyNames", .object(TableSchemas.text(.parameterTarget)))) }
        members.append(.init("properties", .object(byType)))
        if !byIdentity.isEmpty { members.append(.init("patternProperties", .object(byIdentity))) }
        let rest = others.map { reference(to: $0, slot, prefix, nil) }
        members.append(.init("additionalProperties", rest ?? false))
        return members
    }

    /// What is said of a resource when its type is known: conditions, one for each type.
    func conditions(prefix: String = "") -> [SchemaText] {
        var conditions: [SchemaText] = []
        for offer in named {
            let type: SchemaText = .object([.init("const", .value(.string(offer.type)))])
            conditions.append(condition(type, offer, prefix))
        }
        if let others {
            let type: SchemaText =
                named.isEmpty ? ["type": "string"] : ["type": "string", "not": ["enum": .texts(named.map(\.type))]]
            conditions.append(condition(type, others, prefix))
        }
        return conditions
    }

    private func condition(_ type: SchemaText, _ offer: Offer, _ prefix: String) -> SchemaText {
        var properties = Slot.allCases.map { slot in
            SchemaText.Member(
                slot.key, slot == .discover ? discover(offer, prefix) : reference(to: offer, slot, prefix, nil))
        }
        let refused = named.filter { !$0.support.allows(parent: offer.type) }.map(\.type)
        if offer.type != PluginManifest.anyType && !refused.isEmpty {
            let dependents: SchemaText = ["items": ["properties": ["type": ["not": ["enum": .texts(refused)]]]]]
            properties.append(.init("resources", dependents))
        }
        var then: [SchemaText.Member] = []
        if offer.support.properties.needsMembers { then.append(.init("required", ["properties"])) }
        then.append(.init("properties", .object(properties)))
        return ["if": ["properties": ["type": type], "required": ["type"]], "then": .object(then)]
    }

    // MARK: Definitions

    /// What of a type has a schema.
    enum Slot: CaseIterable {
        case properties, parameters, restoreParameters, verifyParameters, discover

        init(_ phase: ParameterPhase) {
            switch phase {
            case .protect: self = .parameters
            case .restore: self = .restoreParameters
            case .verify: self = .verifyParameters
            }
        }

        /// The key under which such values stand.
        var key: String {
            switch self {
            case .properties: "properties"
            case .parameters: ParameterPhase.protect.key
            case .restoreParameters: ParameterPhase.restore.key
            case .verifyParameters: ParameterPhase.verify.key
            case .discover: "discover"
            }
        }

        func schema(of type: PluginManifest.ResourceType) -> JSONSchema {
            switch self {
            case .properties: type.properties
            case .parameters: type.operations[OperationKind.protect.index].parameters
            case .restoreParameters: type.operations[OperationKind.restore.index].parameters
            case .verifyParameters: type.operations[OperationKind.verify.index].parameters
            case .discover: type.discovery?.selector ?? Discovery.common
            }
        }
    }

    private static func name(_ offer: Offer, _ slot: Slot, _ prefix: String) -> String {
        "\(prefix)\(offer.type).\(slot.key)"
    }

    private static func definitions(_ offer: Offer, _ slot: Slot, _ prefix: String) -> [SchemaText.Member] {
        let name = name(offer, slot, prefix)
        if slot == .discover {
            return offer.support.discovery.map { [.init(name, selector($0, name))] } ?? []
        }
        guard let root = slot.schema(of: offer.support).written else { return [.init(name, false)] }
        if slot == .properties {
            var schema = ManifestSchema(root: root, base: name)
            return [.init(name, schema.whole())]
        }
        var schema = ManifestSchema(root: root, base: name + ".whole")
        let layer = SchemaText.Member(name, schema.layer())
        if !schema.isReferredTo { return [layer] }
        return [layer, .init(name + ".whole", schema.whole())]
    }

    /// A selector: what the plugin's schema describes, together with Cairn's own.
    private static func selector(_ discovery: Discovery, _ name: String) -> SchemaText {
        var members: [SchemaText.Member] = [.init("type", "object")]
        if let root = discovery.selector.written {
            var schema = ManifestSchema(root: root, base: name)
            if case .object(let written) = schema.whole() { members = written }
        }
        let common = Discovery.common.written.flatMap { $0["properties"] }
        guard case .object(let settings)? = common.map({ SchemaText($0) }) else { return .object(members) }
        return .object(members.adding(settings, to: "properties"))
    }

    /// What `discover` may be: true or a selector where the plugin finds dependents, else only false.
    private func discover(_ offer: Offer, _ prefix: String) -> SchemaText {
        if offer.support.discovery == nil { return ["const": false] }
        return ["anyOf": [["type": "boolean"], reference(to: offer, .discover, prefix, nil)]]
    }

    private func reference(
        to offer: Offer, _ slot: Slot, _ prefix: String, _ description: String?
    ) -> SchemaText {
        let name = OfferedTypes.name(offer, slot, prefix)
        let target = SchemaText.Member("$ref", .value(.string("#/$defs/\(JSONPointer.escaped(name))")))
        guard let description, !description.isEmpty else { return .object([target]) }
        return .object([.init("description", .value(.string(description))), target])
    }

    /// A text as a regular expression that only it matches.
    private static func quoted(_ text: String) -> String {
        text.map { "\\^$.*+?()[]{}|/".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }
}
