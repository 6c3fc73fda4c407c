import Checkpoints
import PluginKit

/// The place of one resource in a restore: that it was taken is kept beside the operation's records.
struct ResourcePlaceNote: PlaceNote {
    let resource: Int
    let states: ResourceStates
    let environment: ExecutionEnvironment
    /// Keeps it; `nil` where the bank takes no notes.
    let keep: (@Sendable () async throws -> Void)?

    var isTaken: Bool { states.read(resource, \.isPlaceTaken) }

    func take() async throws {
        try environment.writeGuard.ensureMayWrite()
        if !isTaken { try await keep?() }
        // It may be changed from now on: whoever says so too early does less harm than who says so too late.
        states.update(resource) { $0.isPlaceTaken = true }
        // Writing it may have lasted: who has been taken over from meanwhile must not begin anything.
        try environment.writeGuard.ensureMayWrite()
        try Task.checkCancellation()
    }
}
