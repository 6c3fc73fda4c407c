import CanonicalForm
package import Checkpoints
import Diagnostics
import Manifests
package import PlanIR
import YAMLSource

/// One `--set` of the command line: `KEY=VALUE`, `TYPE.KEY=VALUE` or `TYPE#ID.KEY=VALUE`.
package struct ParameterAssignment: Sendable, Hashable {
    /// What stands before the `=`.
    package let name: String
    /// What stands behind it: a YAML or JSON value.
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Reads an argument; throws `RequestError.notAnAssignment`.
    package init(argument: String) throws(RequestError) {
        guard let mark = argument.firstIndex(of: "="), mark != argument.startIndex else {
            // What was meant for a value may be a secret, so nothing but a name is repeated.
            throw .notAnAssignment(argument.contains("=") ? "=…" : argument)
        }
        self.init(name: String(argument[..<mark]), value: String(argument[argument.index(after: mark)...]))
    }

    /// What an operation's record says that was set.
    package init(_ override: ParameterOverride) {
        self.init(name: "\(override.target).\(override.key)", value: override.value.canonicalText)
    }
}

/// Checks what the command line sets against the schemas of the plugins, before anything is begun.
package struct ParameterAssignments {
    private let ir: PlanIR
    private let kind: OperationKind
    private let included: [Int]
    private let plugins: [ProvidedPlugin]
    private var sources = SourceMap()
    private var faults = DiagnosticList()

    /// One assignment with whom it concerns.
    private struct Meant {
        let override: ParameterOverride
        let entry: (key: LocatedNode, value: LocatedNode)
    }

    private init(_ ir: PlanIR, _ kind: OperationKind, _ included: [Int], _ plugins: [ProvidedPlugin]) {
        self.ir = ir
        self.kind = kind
        self.included = included
        self.plugins = plugins
    }

    /// The overrides that `assignments` mean for the resources that take part (all of them when `resources` is `nil`):
    /// those of types before those of single resources, and of equal ones the later last.
    package static func check(
        _ assignments: [ParameterAssignment], for kind: OperationKind, of ir: PlanIR, resources: [Int]?,
        _ plugins: [ProvidedPlugin]
    ) throws(RequestError) -> [ParameterOverride] {
        guard !assignments.isEmpty else { return [] }
        var checker = ParameterAssignments(ir, kind, resources ?? Array(ir.resources.indices), plugins)
        return try checker.check(assignments)
    }

    private mutating func check(_ assignments: [ParameterAssignment]) throws(RequestError) -> [ParameterOverride] {
        var general: [Meant] = []
        var types: [Meant] = []
        var single: [Meant] = []
        for assignment in assignments {
            let (target, key) = try split(assignment.name)
            let concerned = self.types(of: target).filter { schema(of: $0).map { Self.has(key, $0) } ?? false }
            guard !concerned.isEmpty else { throw unknownParameter(key, target, assignment) }
            guard let entry = try entry(key, assignment) else { continue }
            for type in concerned {
                guard let schema = schema(of: type) else { continue }
                let layer = MergedMapping(entries: [entry], head: entry.key.range)
                for fault in CommonParameters.faults(in: layer, schema, of: type, partial: true) { faults.add(fault) }
                let override = ParameterOverride(target: target ?? type, key: key, value: entry.value.jsonValue)
                let meant = Meant(override: override, entry: entry)
                if target == nil {
                    general.append(meant)
                } else if target == type {
                    types.append(meant)
                } else {
                    single.append(meant)
                }
            }
        }
        let all = general + types + single
        if !faults.hasErrors { checkWhole(all) }
        guard !faults.hasErrors else {
            sources.hideSecrets(of: faults.all)
            throw .faulty(faults, sources)
        }
        return all.map(\.override)
    }

    // MARK: Who is meant

    private func types(of target: String?) -> [String] {
        var seen: Set<String> = []
        var types: [String] = []
        for position in included {
            let resource = ir.resources[position]
            guard target == nil || target == resource.type || target == resource.identity else { continue }
            if seen.insert(resource.type).inserted { types.append(resource.type) }
        }
        return types
    }

    private func schema(of type: String) -> JSONSchema? {
        guard let resource = ir.resources.first(where: { $0.type == type }) else { return nil }
        let name = ir.plugins[Int(resource.plugin)].name
        let manifest = plugins.first { $0.manifest.name == name }?.manifest
        return manifest?.resourceType(type)?.operations[kind.index].parameters
    }

    private static func has(_ key: String, _ schema: JSONSchema) -> Bool {
        CommonParameters.has(key) || schema.isOpen || schema.properties.contains { $0.name == key }
    }

    /// The target and the key of a name. Types and ids may have dots in them, so what there is decides.
    private func split(_ name: String) throws(RequestError) -> (target: String?, key: String) {
        guard name.contains("::") || name.contains("#") else { return (nil, name) }
        var best: String?
        var names: [String] = []
        for position in included {
            let resource = ir.resources[position]
            for candidate in [resource.type, resource.identity] {
                if name.hasPrefix(candidate + "."), candidate.utf8.count > best?.utf8.count ?? 0 { best = candidate }
                names.append(candidate)
            }
        }
        if let best { return (best, String(name.dropFirst(best.count + 1))) }
        let guess = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        throw .unknownTarget(guess, argument: name, suggestion: Similar.best(for: guess, among: names))
    }

    private func unknownParameter(
        _ key: String, _ target: String?, _ assignment: ParameterAssignment
    ) -> RequestError {
        var names: [String] = []
        for type in types(of: target) {
            for property in schema(of: type)?.properties ?? [] where !names.contains(property.name) {
                names.append(property.name)
            }
        }
        names += CommonParameters.names
        return .unknownParameter(
            key, argument: assignment.name, suggestion: Similar.best(for: key, among: names), there: names)
    }

    // MARK: Values

    /// Key and value with their places; `nil` when the value is no YAML, which is told.
    private mutating func entry(
        _ key: String, _ assignment: ParameterAssignment
    ) throws(RequestError) -> (key: LocatedNode, value: LocatedNode)? {
        let text = SourceText(
            name: "--set \(assignment.name)", bytes: Array("\(key): \(assignment.value)\n".utf8))
        var own = DiagnosticList()
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &own)
        faults.merge(own)
        if own.hasErrors { return nil }
        // More than one value, or none, where a comment begins: nobody means that.
        guard tree.documents.count == 1, let node = tree.documents.first, node.kind == .mapping,
            node.entries.count == 1, let entry = node.entries.first, entry.key.text == key,
            !assignment.value.hasPrefix("#")
        else { throw .notAValue(assignment.name) }
        return entry
    }

    /// Checks the parameters of each resource as they are then: what fits alone need not fit together.
    private mutating func checkWhole(_ all: [Meant]) {
        struct Combination: Hashable {
            let type: String
            let set: Int32
            let overrides: [Int]
        }
        var seen: Set<Combination> = []
        for position in included {
            let resource = ir.resources[position]
            let numbers = all.indices.filter {
                all[$0].override.target == resource.type || all[$0].override.target == resource.identity
            }
            guard let last = numbers.last, let schema = schema(of: resource.type) else { continue }
            let set = resource.parameters[kind.index]
            guard seen.insert(Combination(type: resource.type, set: set, overrides: numbers)).inserted else { continue }
            var values = ir.parameters(of: position, for: kind)
            for number in numbers { values[all[number].override.key] = all[number].override.value }
            let own = JSONObject(
                values.members.filter { !CommonParameters.has($0.key) }.map { ($0.key, $0.value) })
            guard let fault = schema.firstFault(in: own, as: Subject(.parameter, of: resource.type)) else { continue }
            faults.add(
                Diagnostic(
                    .schemaViolation, "with this, the parameters of '\(resource.identity)' do not fit: \(fault)",
                    at: all[last].entry.key.range))
        }
    }
}
