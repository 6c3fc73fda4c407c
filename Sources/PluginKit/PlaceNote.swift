/// Takes note that a restore begins to change the place of a resource, before it does.
///
/// A restore that was cut off is resumed, maybe by another process on another host, and what it finds in the place may be
/// what the user had, or what the restore itself has left half done. With the note it knows: who has found that the place
/// may be filled takes it, and then fills it; who finds it taken may replace what is there.
package protocol PlaceNote: Sendable {
    /// Whether an earlier attempt of the same restore has taken the place.
    var isTaken: Bool { get }
    /// Takes the place; that is durable on return, where the bank takes notes. Throws when the operation may no longer
    /// change anything: then nothing may be changed.
    func take() async throws
}

/// Keeps no note: for operations that fill nothing, and for tests.
package struct NoPlaceNote: PlaceNote {
    package init() {}
    package var isTaken: Bool { false }
    package func take() async throws {}
}
