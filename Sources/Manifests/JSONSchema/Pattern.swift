/// A compiled regular expression of ECMA-262's syntax that is searched for in linear time.
///
/// It is a non-deterministic automaton whose states are followed side by side, so the time is bounded by text length
/// times pattern length, whatever the pattern. (A backtracking engine takes minutes for `^(a+)+$` and 24 letters.)
struct Pattern: Sendable {
    /// The largest automaton; counted repeats are written out.
    private static let maximumInstructions = 20_000

    private enum Instruction: Sendable {
        case scalars(ScalarSet)
        case assertion(PatternAssertion)
        case split(Int32, Int32)
        case jump(Int32)
        case match
    }

    /// The pattern as it was written.
    let text: String
    private var program: [Instruction] = []

    init(_ text: String) throws(PatternFault) {
        self.text = text
        try emit(PatternParser.parse(text))
        program.append(.match)
    }

    private mutating func emit(_ tree: PatternTree) throws(PatternFault) {
        if program.count > Pattern.maximumInstructions { throw PatternFault(reason: "the pattern is too large") }
        switch tree {
        case .empty: break
        case .scalars(let set): program.append(.scalars(set))
        case .assertion(let assertion): program.append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let branches):
            var ends: [Int] = []
            for (index, branch) in branches.enumerated() {
                guard index < branches.count - 1 else {
                    try emit(branch)
                    break
                }
                let split = program.count
                program.append(.match)
                try emit(branch)
                ends.append(program.count)
                program.append(.match)
                program[split] = .split(Int32(split + 1), Int32(program.count))
            }
            for end in ends { program[end] = .jump(Int32(program.count)) }
        case .repeated(let part, let least, let most):
            for _ in 0..<least { try emit(part) }
            if let most {
                var splits: [Int] = []
                for _ in least..<most {
                    splits.append(program.count)
                    program.append(.match)
                    try emit(part)
                }
                for split in splits { program[split] = .split(Int32(split + 1), Int32(program.count)) }
            } else {
                let split = program.count
                program.append(.match)
                try emit(part)
                program.append(.jump(Int32(split)))
                program[split] = .split(Int32(split + 1), Int32(program.count))
            }
        }
    }

    /// Whether the pattern matches anywhere in `text`.
    func isFound(in text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var run = Run(program: program, scalars: scalars)
        return run.search()
    }

    /// One search; the sets of live states are arrays with a mark per state.
    private struct Run {
        let program: [Instruction]
        let scalars: [Unicode.Scalar]
        var live: [Int32] = []
        var marks: [Int32]
        var stack: [Int32] = []

        init(program: [Instruction], scalars: [Unicode.Scalar]) {
            self.program = program
            self.scalars = scalars
            marks = Array(repeating: -1, count: program.count)
        }

        mutating func search() -> Bool {
            var reached: [Int32] = []
            for position in 0...scalars.count {
                // Those that the last scalar led to, and a new start here, since the search is not anchored.
                let starts = reached
                live.removeAll(keepingCapacity: true)
                for state in starts where follow(state, at: position) { return true }
                if follow(0, at: position) { return true }
                guard position < scalars.count else { return false }
                reached.removeAll(keepingCapacity: true)
                for state in live {
                    if case .scalars(let set) = program[Int(state)], set.contains(scalars[position]) {
                        reached.append(state + 1)
                    }
                }
            }
            return false
        }

        /// Adds a state and all that it leads to without a scalar; whether the end is among them.
        private mutating func follow(_ state: Int32, at position: Int) -> Bool {
            stack.append(state)
            while let state = stack.popLast() {
                if marks[Int(state)] == Int32(position) { continue }
                marks[Int(state)] = Int32(position)
                switch program[Int(state)] {
                case .scalars: live.append(state)
                case .split(let first, let second):
                    stack.append(second)
                    stack.append(first)
                case .jump(let target): stack.append(target)
                case .assertion(let assertion): if holds(assertion, at: position) { stack.append(state + 1) }
                case .match: return true
                }
            }
            return false
        }

        private func holds(_ assertion: PatternAssertion, at position: Int) -> Bool {
            switch assertion {
            case .start: return position == 0
            case .end: return position == scalars.count
            case .wordBoundary, .noWordBoundary:
                let before = position > 0 && ScalarSet.word.contains(scalars[position - 1])
                let after = position < scalars.count && ScalarSet.word.contains(scalars[position])
                return (before != after) == (assertion == .wordBoundary)
            }
        }
    }
}
