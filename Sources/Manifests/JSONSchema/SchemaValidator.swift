internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// Validates one instance, on a stack of its own rather than the thread's, so that neither deep values nor recursive
/// schemas can overflow it.
///
/// A step checks what a schema says of one value and pushes the steps for what it says of other values or leaves to
/// other schemas. Where the outcome of those decides (`anyOf`, `not`, `if`, …) they write into a sink of their own, and
/// a step that was pushed before them, and so comes after them, looks into the sink.
struct SchemaValidator {
    /// The most steps of one validation: what a schema can ask of a sensible manifest stays far below.
    private static let maximumSteps = 2_000_000

    let schema: JSONSchema
    let merged: MergedMapping?
    /// Whether missing members and conditions on the whole are left alone at the top level.
    let isPartial: Bool

    /// How many violations of one value are repeated where ways meet: the first way reports all, and without a limit
    /// they would double with each level.
    private static let maximumRemembered = 20

    /// What comes when a step's sub-steps are done.
    enum Step {
        case check
        case anyOf
        case oneOf
        case not
        case condition
        case contains(count: Int)
        case unevaluated(outer: Int?)
        case remember(firstViolation: Int)
    }

    struct Task {
        var step: Step
        var schema: Int
        var value: SchemaValue
        /// Where violations go.
        var sink: Int
        /// Where the entries or elements that were looked at are marked, when `unevaluatedProperties` or
        /// `unevaluatedItems` wants to know.
        var scope: Int?
    }

    struct Memory: Hashable {
        let schema: Int
        let node: Int32
        let isKey: Bool
    }

    var tasks: [Task] = []
    var sinks: [[SchemaViolation]] = [[]]
    var scopes: [[Bool]] = []
    /// What shared schemas said of a value, so that ways that meet are walked once.
    private var memory: [Memory: [SchemaViolation]] = [:]
    /// Nodes that hold a secret in clear text; no message repeats them.
    private(set) var clearSecrets: Set<Int32> = []

    private let root: SchemaValue

    init(schema: JSONSchema, instance: SchemaInstance, partial: Bool) {
        self.schema = schema
        isPartial = partial
        switch instance {
        case .node(let node):
            merged = nil
            root = SchemaValue(node)
        case .merged(let mapping):
            merged = mapping
            root = SchemaValue(nil)
        }
    }

    /// All violations of the schema at `index`.
    mutating func run(from index: Int) -> [SchemaViolation] {
        push(index, root, sink: 0, scope: nil)
        var steps = 0
        while let task = tasks.popLast() {
            steps += 1
            if steps > SchemaValidator.maximumSteps {
                sinks[0].append(SchemaViolation(kind: .tooManySteps, value: root, schema: index))
                break
            }
            switch task.step {
            case .check: check(task)
            default: conclude(task)
            }
        }
        return withoutRemarksOnSecrets(sinks[0])
    }

    /// Leaves out what else there is to say of a value that must not be where it is.
    private func withoutRemarksOnSecrets(_ violations: [SchemaViolation]) -> [SchemaViolation] {
        if clearSecrets.isEmpty { return violations }
        let secrets = Set(violations.filter(\.isLiteralSecret).compactMap { $0.value.node?.index })
        return violations.filter { violation in
            violation.isLiteralSecret || !(violation.value.node.map { secrets.contains($0.index) } ?? false)
        }
    }

    // MARK: Pieces that the steps are made of

    mutating func push(_ schema: Int, _ value: SchemaValue, sink: Int, scope: Int?) {
        tasks.append(Task(step: .check, schema: schema, value: value, sink: sink, scope: scope))
    }

    mutating func newSink() -> Int {
        sinks.append([])
        return sinks.count - 1
    }

    mutating func newScope(_ value: SchemaValue) -> Int {
        scopes.append(Array(repeating: false, count: isSequence(value) ? value.node?.count ?? 0 : count(value)))
        return scopes.count - 1
    }

    mutating func report(_ kind: SchemaViolation.Kind, _ task: Task, _ value: SchemaValue? = nil) {
        sinks[task.sink].append(SchemaViolation(kind: kind, value: value ?? task.value, schema: task.schema))
    }

    /// Whether what is missing from `value` may come from another layer.
    func isOpenLayer(_ value: SchemaValue) -> Bool { isPartial && value.depth == 0 && !value.isKey }

    func isMapping(_ value: SchemaValue) -> Bool { value.node.map { $0.kind == .mapping && !value.isKey } ?? true }

    func isSequence(_ value: SchemaValue) -> Bool { value.node.map { $0.kind == .sequence } ?? false }

    /// The number of a mapping's entries.
    func count(_ value: SchemaValue) -> Int {
        guard let node = value.node else { return merged?.entries.count ?? 0 }
        return node.kind == .mapping ? node.count : 0
    }

    func entry(_ position: Int, of value: SchemaValue) -> (key: LocatedNode, value: LocatedNode)? {
        value.node.map { $0.entry(position) } ?? merged?.entries[position]
    }

    /// The value of an entry, with what a message needs to name it.
    func member(_ entry: (key: LocatedNode, value: LocatedNode), of value: SchemaValue) -> SchemaValue {
        var member = SchemaValue(entry.value)
        member.key = entry.key
        member.depth = value.depth + 1
        member.keyDepth = member.depth
        return member
    }

    /// The types that the value has; an integral number is an integer too.
    func types(_ value: SchemaValue, _ scalar: ScalarValue?) -> TypeSet {
        if value.isKey { return .string }
        if isMapping(value) { return .object }
        if isSequence(value) { return .array }
        switch scalar {
        case .bool: return .boolean
        case .integer: return [.integer, .number]
        case .number(let number): return number == number.rounded() ? [.integer, .number] : .number
        case .string: return .string
        case .null, nil: return .null
        }
    }

    // MARK: One schema, one value

    private mutating func check(_ task: Task) {
        let node = schema.nodes[task.schema]
        let value = task.value
        // What could not be read has been reported; whatever the schema says of it would be a consequence.
        if value.node?.isFaulty == true { return }
        if let verdict = node.verdict {
            if !verdict { report(.forbidden, task) }
            return
        }
        if node.isShared, task.scope == nil, let located = value.node {
            let key = Memory(schema: task.schema, node: located.index, isKey: value.isKey)
            if let known = memory[key] {
                sinks[task.sink].append(contentsOf: known)
                return
            }
            var end = task
            end.step = .remember(firstViolation: sinks[task.sink].count)
            tasks.append(end)
        }
        if node.isSecret {
            checkSecret(task)
            return
        }
        let scalar: ScalarValue? =
            value.isKey
            ? value.node.map { .string($0.text) } : value.node?.kind == .scalar ? value.node?.scalarValue : nil
        if let wanted = node.types, wanted.isDisjoint(with: types(value, scalar)) {
            // Whatever else the schema says was meant for a value of the right type.
            report(.type(wanted), task)
            return
        }
        var task = task
        let rest = isMapping(value) ? node.unevaluatedProperties : isSequence(value) ? node.unevaluatedItems : nil
        if rest != nil && !isOpenLayer(value) {
            let outer = task.scope
            task.scope = newScope(value)
            var end = task
            end.step = .unevaluated(outer: outer)
            tasks.append(end)
        }
        pushCombinations(node, task)
        checkValues(node, task, scalar)
        switch scalar {
        case .integer(let number): checkNumber(node, task, .integer(number))
        case .number(let number): checkNumber(node, task, ExactNumber.normalized(number))
        case .string(let text): checkString(node, task, text)
        default: break
        }
        if isSequence(value) { checkSequence(node, task) }
        if isMapping(value) { checkMapping(node, task) }
    }

    private mutating func checkSecret(_ task: Task) {
        guard let node = task.value.node, !task.value.isKey, !node.isNull else { return report(.secretShape, task) }
        guard node.kind == .mapping else {
            clearSecrets.insert(node.index)
            return report(.literalSecret, task)
        }
        var references = 0
        for entry in node.entries {
            guard entry.key.textEquals("fromEnv") || entry.key.textEquals("fromFile") else {
                report(.unknownKey(entry.key), task)
                continue
            }
            references += 1
            let text = entry.value.text
            let isNamed: Bool
            if case .string = entry.value.scalarValue {
                let isVariable = text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
                isNamed =
                    !text.isEmpty
                    && (entry.key.textEquals("fromFile") || isVariable && text.utf8.first?.isDigit == false)
            } else {
                isNamed = false
            }
            if !isNamed { report(.secretShape, task, member(entry, of: task.value)) }
        }
        if references != 1 && references == node.count { report(.secretShape, task) }
    }

    private mutating func checkValues(_ node: SchemaNode, _ task: Task, _ scalar: ScalarValue?) {
        if node.allowed == nil && node.constant == nil { return }
        var bytes: [UInt8]?
        func equals(_ wanted: AllowedValue) -> Bool {
            if case .string(let text)? = scalar {
                return wanted.text.map { $0.utf8.elementsEqual(text.utf8) } ?? false
            }
            if wanted.isContainer != (scalar == nil) { return false }
            if bytes == nil { bytes = normalBytes(task.value) }
            return bytes == wanted.bytes
        }
        if let allowed = node.allowed, !allowed.contains(where: equals) {
            report(.allowed, task)
        } else if let constant = node.constant, !equals(constant) {
            report(.constant, task)
        }
    }

    private func normalBytes(_ value: SchemaValue) -> [UInt8] {
        if let node = value.node { return node.normalBytes }
        let members = (merged?.entries ?? []).map { ($0.key.text, $0.value.jsonValue.withNormalNumbers) }
        return JSONValue.object(JSONObject(members)).canonicalBytes
    }

    private mutating func checkNumber(_ node: SchemaNode, _ task: Task, _ number: JSONValue) {
        if let limit = node.minimum, ExactNumber.isLess(number, limit) { report(.minimum(limit), task) }
        if let limit = node.maximum, ExactNumber.isLess(limit, number) { report(.maximum(limit), task) }
        if let limit = node.exclusiveMinimum, !ExactNumber.isLess(limit, number) {
            report(.exclusiveMinimum(limit), task)
        }
        if let limit = node.exclusiveMaximum, !ExactNumber.isLess(number, limit) {
            report(.exclusiveMaximum(limit), task)
        }
        if let divisor = node.multipleOf, !ExactNumber.isMultiple(number, of: divisor) {
            report(.multipleOf(divisor), task)
        }
    }

    private mutating func checkString(_ node: SchemaNode, _ task: Task, _ text: String) {
        if node.minLength != nil || node.maxLength != nil {
            let length = text.unicodeScalars.count
            if let limit = node.minLength, length < limit { report(.minLength(limit), task) }
            if let limit = node.maxLength, length > limit { report(.maxLength(limit), task) }
        }
        if let format = node.format, !format.accepts(text) { report(.format(format), task) }
        if let pattern = node.pattern, !schema.patterns[pattern].isFound(in: text) { report(.pattern(pattern), task) }
    }

    // MARK: Memory

    /// Keeps what a shared schema said of a value.
    mutating func remember(_ task: Task, from first: Int) {
        guard let node = task.value.node else { return }
        let key = Memory(schema: task.schema, node: node.index, isKey: task.value.isKey)
        memory[key] = Array(sinks[task.sink][first...].prefix(SchemaValidator.maximumRemembered))
    }
}
