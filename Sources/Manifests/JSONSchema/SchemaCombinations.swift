internal import YAMLSource

/// What schemas leave to other schemas: `allOf`, `anyOf`, `not`, `if` and the like.
extension SchemaValidator {
    mutating func pushCombinations(_ node: SchemaNode, _ task: Task) {
        if let target = node.reference { push(target, task.value, sink: task.sink, scope: task.scope) }
        for part in node.allOf { push(part, task.value, sink: task.sink, scope: task.scope) }
        // Whether a condition holds shows only when all layers are there.
        if isOpenLayer(task.value) { return }
        if !node.anyOf.isEmpty { pushBranches(node.anyOf, .anyOf, task) }
        if !node.oneOf.isEmpty { pushBranches(node.oneOf, .oneOf, task) }
        if let not = node.not { pushBranches([not], .not, task) }
        if let condition = node.condition, task.scope != nil || node.consequence != nil || node.alternative != nil {
            pushBranches([condition], .condition, task)
        }
        for (name, dependent) in node.dependentSchemas where hasEntry(name, task.value) {
            push(dependent, task.value, sink: task.sink, scope: task.scope)
        }
    }

    private func hasEntry(_ name: String, _ value: SchemaValue) -> Bool {
        guard isMapping(value) else { return false }
        return (0..<count(value)).contains { entry($0, of: value)?.key.text == name }
    }

    /// Pushes a step, and above it one check per branch, each with a sink (and a scope, if asked for) of its own.
    private mutating func pushBranches(_ branches: [Int], _ step: Step, _ task: Task) {
        var end = task
        end.step = step
        tasks.append(end)
        for branch in branches {
            let sink = newSink()
            let scope = task.scope == nil ? nil : newScope(task.value)
            push(branch, task.value, sink: sink, scope: scope)
        }
    }

    /// Takes the sinks of `count` branches, and marks what the branches that fit have looked at.
    private mutating func takeBranches(_ count: Int, _ task: Task) -> [[SchemaViolation]] {
        let taken = Array(sinks.suffix(count))
        sinks.removeLast(count)
        if let scope = task.scope {
            let marks = Array(scopes.suffix(count))
            scopes.removeLast(count)
            for (violations, marks) in zip(taken, marks) where violations.isEmpty { mark(marks, in: scope) }
        }
        return taken
    }

    private mutating func mark(_ marks: [Bool], in scope: Int) {
        for position in marks.indices where marks[position] { scopes[scope][position] = true }
    }

    /// Does what was waiting for sub-steps.
    mutating func conclude(_ task: Task) {
        let node = schema.nodes[task.schema]
        switch task.step {
        case .check: break
        case .remember(let first): remember(task, from: first)
        case .anyOf:
            let outcomes = takeBranches(node.anyOf.count, task)
            if !outcomes.contains(where: \.isEmpty) { reportClosest(outcomes, node.anyOf, task) }
        case .oneOf:
            let outcomes = takeBranches(node.oneOf.count, task)
            let fitting = outcomes.indices.filter { outcomes[$0].isEmpty }
            if fitting.isEmpty {
                reportClosest(outcomes, node.oneOf, task)
            } else if fitting.count > 1 {
                report(.severalBranches(fitting), task)
            }
        case .not:
            // What a negated schema has looked at does not count: when it fits, the whole does not.
            let outcome = takeBranches(1, task)
            if outcome[0].isEmpty { report(.negated, task) }
        case .condition:
            let outcome = takeBranches(1, task)
            if let next = outcome[0].isEmpty ? node.consequence : node.alternative {
                push(next, task.value, sink: task.sink, scope: task.scope)
            }
        case .contains(let count):
            let fits = sinks.suffix(count).map(\.isEmpty)
            if let scope = task.scope { mark(fits, in: scope) }
            let fitting = fits.count { $0 }
            sinks.removeLast(count)
            let least = node.minContains ?? 1
            if fitting < least { report(.tooFewContained(least), task) }
            if let most = node.maxContains, fitting > most { report(.tooManyContained(most), task) }
        case .unevaluated(let outer):
            guard let scope = task.scope else { return }
            let marks = scopes[scope]
            scopes.removeLast()
            if let rest = node.unevaluatedItems, let sequence = task.value.node, sequence.kind == .sequence {
                for position in marks.indices {
                    if !marks[position] {
                        push(rest, element(position, of: sequence, task.value), sink: task.sink, scope: nil)
                    }
                    if let outer { scopes[outer][position] = true }
                }
                return
            }
            guard let rest = node.unevaluatedProperties else { return }
            for position in marks.indices {
                if !marks[position], let entry = entry(position, of: task.value) {
                    pushUnknown(rest, entry.key, member(entry, of: task.value), task)
                }
                if let outer { scopes[outer][position] = true }
            }
        }
    }

    /// Reports the violations of the branch that was probably meant, or one that names all branches.
    private mutating func reportClosest(_ outcomes: [[SchemaViolation]], _ branches: [Int], _ task: Task) {
        for outcome in outcomes {
            // Who wrote a secret in clear text wants to hear that, and nothing else of the value.
            if let secret = outcome.first(where: \.isLiteralSecret) { return sinks[task.sink].append(secret) }
        }
        if branches.count == 1 { return sinks[task.sink].append(contentsOf: outcomes[0]) }
        // A branch is farther away when it wants another type or another value altogether.
        func isRootMismatch(_ violation: SchemaViolation) -> Bool {
            guard violation.value.depth == task.value.depth else { return false }
            switch violation.kind {
            case .type, .allowed, .constant, .forbidden: return true
            default: return false
            }
        }
        let near = outcomes.indices.filter { !outcomes[$0].contains(where: isRootMismatch) }
        // A discriminator: of mappings, those whose constant members fit are nearer.
        func distance(_ index: Int) -> (Int, Int) {
            let constants = outcomes[index].count { violation in
                if case .constant = violation.kind { return true }
                if case .allowed = violation.kind { return true }
                return false
            }
            return (constants, outcomes[index].count)
        }
        if let best = near.min(by: { distance($0) < distance($1) }) {
            let ties = near.filter { distance($0) == distance(best) }
            let undecided = near.filter { distance($0).0 == distance(best).0 }
            if distance(best).0 > 0 && undecided.count > 1, let values = discriminator(undecided.map { outcomes[$0] }) {
                return sinks[task.sink].append(values)
            }
            let isRequiredOnly = ties.allSatisfy { schema.nodes[branches[$0]].required.count == 1 }
            let areAlike = ties.allSatisfy {
                schema.typeSummary(of: branches[$0]) == schema.typeSummary(of: branches[best])
            }
            if ties.count == 1 || areAlike && !isRequiredOnly {
                return sinks[task.sink].append(contentsOf: outcomes[best])
            }
            report(.noBranch(ties.map { branches[$0] }), task)
        } else {
            report(.noBranch(branches), task)
        }
    }

    /// One violation for branches that each want another constant at the same place.
    private func discriminator(_ outcomes: [[SchemaViolation]]) -> SchemaViolation? {
        var allowed: [AllowedValue] = []
        var first: SchemaViolation?
        for outcome in outcomes {
            let constant = outcome.first { violation in
                switch violation.kind {
                case .constant, .allowed: return true
                default: return false
                }
            }
            guard let constant, let place = constant.value.node?.index, constant.value.depth > 0 else { return nil }
            if let first, first.value.node?.index != place { return nil }
            first = first ?? constant
            let node = schema.nodes[constant.schema]
            for value in node.allowed ?? node.constant.map({ [$0] }) ?? []
            where !allowed.contains(where: { $0.bytes == value.bytes }) {
                allowed.append(value)
            }
        }
        return first.map { SchemaViolation(kind: .discriminator(allowed), value: $0.value, schema: $0.schema) }
    }
}
