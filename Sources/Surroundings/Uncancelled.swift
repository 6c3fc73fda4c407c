/// Where tasks run that have no parent; a simulation puts its own executor here, so that a seed fixes them, too.
package enum TaskPlace {
    @TaskLocal package static var executor: (any TaskExecutor)?

    /// A task without a parent, on the executor of the surroundings. Its maker waits for it.
    package static func task<Result: Sendable>(
        _ body: @escaping @Sendable () async -> Result
    ) -> Task<Result, Never> {
        guard let executor else { return Task { await body() } }
        return Task(executorPreference: executor) { await body() }
    }

    /// A task without a parent that may fail, on the executor of the surroundings. Its maker waits for it.
    package static func throwingTask<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) -> Task<Result, any Error> {
        guard let executor else { return Task { try await body() } }
        return Task(executorPreference: executor) { try await body() }
    }
}

/// Runs what must come to its end although the caller's task is cancelled, and waits for it: undoing what was begun,
/// and recording how it ended.
package func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result
{
    try await TaskPlace.throwingTask(body).value
}

/// Runs what must come to its end although the caller's task is cancelled, and waits for it.
package func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
    await TaskPlace.task(body).value
}
