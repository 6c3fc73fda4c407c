import Diagnostics

extension Explanation {
    /// Faults of the compiler: E09xx.
    static let internals: [Explanation] = [
        Explanation(
            .invalidIR,
            meaning: """
                The compiler made a plan that its own check refuses. Nothing is written. No plan is known to give this \
                code; in the example, a step of the compiled plan is damaged on purpose before the check.

                This is a fault of `cairnc`. Report it with the plan.
                """,
            reason: """
                A compiled plan with a lost step could save a database before it is quiet. The executor makes the same \
                check again, so that a file that was damaged later does not run either.
                """,
            wrong: Example(damagedPlan: oneDirectory),
            right: Example(plan: oneDirectory))
    ]
}
