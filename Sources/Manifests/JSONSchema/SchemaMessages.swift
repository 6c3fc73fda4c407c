internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// Puts violations into words.
struct SchemaMessages {
    private let schema: JSONSchema
    private let subject: Subject
    private let merged: MergedMapping?
    private let clearSecrets: Set<Int32>

    init(schema: JSONSchema, subject: Subject, _ validator: SchemaValidator) {
        self.schema = schema
        self.subject = subject
        merged = validator.merged
        clearSecrets = validator.clearSecrets
    }

    /// The violation in words, with the rule that was broken.
    func diagnostic(for violation: SchemaViolation) -> Diagnostic {
        var diagnostic = words(for: violation)
        guard let rule = SchemaRule(violation.kind, of: schema.nodes[violation.schema]) else { return diagnostic }
        if rule.isBuiltIn {
            diagnostic.notes.append("the rule is \(rule.text), at \(rule.place)")
        } else {
            diagnostic.related.append(RelatedPlace(rule.range, "the rule is here"))
        }
        return diagnostic
    }

    private func words(for violation: SchemaViolation) -> Diagnostic {
        let value = violation.value
        let node = schema.nodes[violation.schema]
        let what = name(value)
        func rule(_ text: String) -> Diagnostic { self.rule(violation, text) }
        switch violation.kind {
        case .type(let wanted):
            return Diagnostic(
                .schemaType, "\(what) must be \(phrase(wanted, node)), not \(found(value))", at: place(value),
                suggestions: ValueRepair.suggestions(for: value, wanted: wanted))
        case .allowed: return notAllowed(violation, node.allowed ?? [])
        case .constant: return notAllowed(violation, node.constant.map { [$0] } ?? [])
        case .discriminator(let allowed): return notAllowed(violation, allowed)
        case .literalSecret:
            return Diagnostic(
                .literalSecret, "\(what) is a secret and must not be written here",
                at: value.node?.range ?? place(value),
                notes: ["write {fromEnv: NAME} or {fromFile: path}; it is read at the moment of use"])
        case .secretShape:
            return rule("must say where the secret is: either {fromEnv: NAME} or {fromFile: path}")
        case .missing(let name): return missing(name, violation, because: nil)
        case .missingDependent(let name, let other): return missing(name, violation, because: other)
        case .unknownKey(let key): return unknown(key, violation)
        case .forbidden:
            return rule(value.isKey ? "is not allowed" : "is not allowed here")
        case .minimum(let limit): return rule("must be at least \(limit.canonicalText), not \(found(value))")
        case .maximum(let limit): return rule("must be at most \(limit.canonicalText), not \(found(value))")
        case .exclusiveMinimum(let limit):
            return rule("must be more than \(limit.canonicalText), not \(found(value))")
        case .exclusiveMaximum(let limit):
            return rule("must be less than \(limit.canonicalText), not \(found(value))")
        case .multipleOf(let divisor):
            return rule("must be a multiple of \(divisor.canonicalText), not \(found(value))")
        case .minLength(let limit):
            if limit == 1 { return rule("must not be empty") }
            return rule("must have at least \(count(limit, "character")), not \(length(value))")
        case .maxLength(let limit):
            return rule("must have at most \(count(limit, "character")), not \(length(value))")
        case .pattern(let index):
            return rule("must match the pattern '\(schema.patterns[index].text)', which \(found(value)) does not")
        case .format(let format): return rule("must be \(format.description), not \(found(value))")
        case .minItems(let limit):
            if limit == 1 { return rule("must not be empty") }
            return rule("must have at least \(count(limit, "element")), not \(value.node?.count ?? 0)")
        case .maxItems(let limit):
            return rule("must have at most \(count(limit, "element")), not \(value.node?.count ?? 0)")
        case .notUnique(let first, let second):
            return rule("is the same as element \(first + 1)" + (second == first + 1 ? " before it" : ""))
        case .tooFewContained(let least):
            return rule("must contain \(least == 1 ? "an element" : "\(least) elements") \(fitting(node.contains))")
        case .tooManyContained(let most):
            return rule("must contain at most \(count(most, "element")) \(fitting(node.contains))")
        case .minProperties(let limit):
            return rule("must have at least \(count(limit, "entry", "entries")), not \(entryCount(value))")
        case .maxProperties(let limit):
            return rule("must have at most \(count(limit, "entry", "entries")), not \(entryCount(value))")
        case .negated: return rule("has a value that the schema rules out" + described(node.not))
        case .noBranch(let branches): return noBranch(branches, violation)
        case .severalBranches(let positions):
            let list = positions.map { "\($0 + 1)" }.joined(separator: " and ")
            return rule("fits several forms of which only one is allowed (\(list) of \(node.oneOf.count))")
        case .tooManySteps: return rule("cannot be checked in reasonable time: the schema branches too often")
        }
    }

    // MARK: Names of things

    /// What a value is called: `parameter 'level'`, `element 2 of 'exclude'`, `the parameters of OWNER`.
    private func name(_ value: SchemaValue) -> String {
        guard let key = value.key else {
            let whole = subject.noun == .value ? subject.owner : "the \(subject.noun.plural) of \(subject.owner)"
            return value.element.map { "element \($0 + 1) of \(whole)" } ?? whole
        }
        if value.isKey { return "the key '\(key.text)'" }
        let isMember = value.keyDepth == 1 && subject.noun != .value
        let member = isMember ? "\(subject.noun.rawValue) '\(key.text)'" : "'\(key.text)'"
        return value.element.map { "element \($0 + 1) of \(member)" } ?? member
    }

    /// The exact characters of a value; of a container, where it begins.
    private func place(_ value: SchemaValue) -> SourceRange {
        guard let node = value.node else { return merged?.head ?? schema.nodes[schema.root].place }
        if node.kind == .scalar, node.range.start == node.range.end, let key = value.key { return key.range }
        return node.headRange
    }

    /// What stands there, for "…, not X".
    private func found(_ value: SchemaValue) -> String {
        guard let node = value.node else { return "a mapping" }
        if clearSecrets.contains(node.index) { return "this" }
        switch node.kind {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .scalar:
            let text = shortened(node.text)
            if value.isKey { return "'\(text)'" }
            switch node.scalarValue {
            case .null: return node.text.isEmpty ? "nothing" : "null"
            case .string: return node.text.isEmpty ? "an empty string" : "'\(text)'"
            default: return text
            }
        }
    }

    private func shortened(_ text: String) -> String {
        text.unicodeScalars.count <= 60 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(59))) + "…"
    }

    private func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }

    private func length(_ value: SchemaValue) -> Int { value.node?.text.unicodeScalars.count ?? 0 }

    private func entryCount(_ value: SchemaValue) -> Int { value.node?.count ?? merged?.entries.count ?? 0 }

    private func phrase(_ types: TypeSet, _ node: SchemaNode) -> String {
        if types == .object && node.properties.isEmpty { return "a mapping" }
        if types == .string, let format = node.format { return format.description }
        return types.phrase
    }

    private func fitting(_ index: Int?) -> String {
        let summary = index.map { schema.typeSummary(of: $0) } ?? "value"
        return summary == "value" ? "that fits the schema" : "of the kind: \(summary)"
    }

    private func described(_ index: Int?) -> String {
        let summary = index.map { schema.typeSummary(of: $0) } ?? "value"
        return summary == "value" ? "" : ": \(summary)"
    }

    private func rule(_ violation: SchemaViolation, _ text: String) -> Diagnostic {
        Diagnostic(.schemaViolation, "\(name(violation.value)) \(text)", at: place(violation.value))
    }

    // MARK: Kinds of violations that take more words

    private func notAllowed(_ violation: SchemaViolation, _ allowed: [AllowedValue]) -> Diagnostic {
        let value = violation.value
        let names = allowed.map(\.shown)
        let list = names.count == 1 ? names[0] : "one of " + names.joined(separator: ", ")
        var close: String?
        if let node = value.node, node.kind == .scalar, !clearSecrets.contains(node.index), !value.isKey {
            close = Similar.best(for: node.text, among: allowed.compactMap(\.text))
        }
        return Diagnostic(
            .schemaEnum, "\(name(value)) must be \(list), not \(found(value))", at: place(value),
            suggestions: close.map {
                [
                    Suggestion(
                        "did you mean '\($0)'?", replacing: place(value), with: ValueRepair.scalar($0),
                        isCertain: value.node.map { $0.tag == .none } == true
                            && Similar.differInCase($0, value.node?.text ?? ""))
                ]
            } ?? [])
    }

    private func missing(_ name: String, _ violation: SchemaViolation, because other: String?) -> Diagnostic {
        let value = violation.value
        let parent = schema.nodes[violation.schema]
        let property = parent.propertyIndex[name].map { schema.nodes[$0] }
        let description = property?.summary ?? property?.reference.flatMap { schema.nodes[$0].summary }
        let isTop = value.depth == 0
        let noun = isTop ? subject.noun.rawValue : "key"
        let owner = isTop ? subject.owner : self.name(value)
        let reason = other.map { ", which '\($0)' needs" } ?? ""
        return Diagnostic(
            .missingRequired, "missing \(noun) '\(name)' of \(owner)\(reason)", at: place(value),
            notes: description.map { ["'\(name)': \($0)"] } ?? [])
    }

    private func unknown(_ key: LocatedNode, _ violation: SchemaViolation) -> Diagnostic {
        let isTop = violation.value.depth == 0
        let noun = isTop ? subject.noun.rawValue : "key"
        let known = knownNames(violation)
        let close = Similar.best(for: key.text, among: known)
        let owner = isTop ? " of \(subject.owner)" : ""
        return Diagnostic(
            .unknownParameter, "unknown \(noun) '\(key.text)'\(owner)", at: key.range,
            notes: close == nil && !known.isEmpty && known.count <= 12
                ? ["known are \(known.joined(separator: ", "))"] : [],
            suggestions: close.map {
                [
                    Suggestion(
                        "did you mean '\($0)'?", replacing: key.range, with: ValueRepair.scalar($0),
                        isCertain: isCertain($0, for: key, known, violation))
                ]
            } ?? [])
    }

    /// Whether a key is surely meant for `name`: no other name is as near, and it stands nowhere else.
    private func isCertain(
        _ name: String, for key: LocatedNode, _ known: [String], _ violation: SchemaViolation
    ) -> Bool {
        guard Similar.certain(for: key.text, among: known) == name, key.tag == .none else { return false }
        if let node = violation.value.node {
            let isOwn = key.range.start >= node.range.start && key.range.end <= node.range.end
            return isOwn && !node.entries.contains { $0.key.text == name }
        }
        return !(merged?.entries ?? []).contains { $0.key.text == name }
    }

    /// The known name that an unknown key probably meant.
    func meant(by key: LocatedNode, _ violation: SchemaViolation) -> String? {
        Similar.best(for: key.text, among: knownNames(violation))
    }

    /// The names that the schema which refused a key, and those that stand beside it, know.
    private func knownNames(_ violation: SchemaViolation) -> [String] {
        let node = schema.nodes[violation.schema]
        if node.isSecret { return ["fromEnv", "fromFile"] }
        var names: [String] = []
        var waiting = [violation.schema]
        var seen: Set<Int> = []
        while let next = waiting.popLast() {
            guard seen.insert(next).inserted else { continue }
            names.append(contentsOf: schema.nodes[next].properties.map(\.name))
            if node.unevaluatedProperties != nil { waiting.append(contentsOf: schema.nodes[next].inPlace.reversed()) }
        }
        if violation.value.depth == 0 && subject.noun == .parameter { names += CommonParameters.names }
        return names
    }

    private func noBranch(_ branches: [Int], _ violation: SchemaViolation) -> Diagnostic {
        let value = violation.value
        // Branches that only differ in a member that must be there.
        let needs = branches.map { schema.nodes[$0].required }
        if needs.allSatisfy({ $0.count == 1 }), value.node?.kind == .mapping || value.node == nil {
            let names = needs.map { "'\($0[0])'" }.joined(separator: " or ")
            let owner = value.depth == 0 ? subject.owner : name(value)
            return Diagnostic(.missingRequired, "missing \(names) of \(owner)", at: place(value))
        }
        let types = branches.compactMap { schema.nodes[$0].types }
        if types.count == branches.count, branches.allSatisfy({ schema.nodes[$0].summary == nil }) {
            let wanted = types.reduce(TypeSet()) { $0.union($1) }
            return Diagnostic(
                .schemaType, "\(name(value)) must be \(wanted.phrase), not \(found(value))", at: place(value),
                suggestions: ValueRepair.suggestions(for: value, wanted: wanted))
        }
        var summaries: [String] = []
        for branch in branches {
            let summary = schema.nodes[branch].summary ?? schema.typeSummary(of: branch)
            if !summaries.contains(summary) { summaries.append(summary) }
        }
        return rule(violation, "must be \(summaries.joined(separator: " or ")), not \(found(value))")
    }
}
