package import CanonicalForm

/// Takes note of what a resource's hooks must have undone, before they do it.
///
/// A hook that changes something outside of the bank, such as stopping a service, first registers a note that says how
/// to undo it. The note is durable when `register` returns, so that a crash right behind it, or years of silence, still
/// leave someone who knows. When the change has been undone in order, the hook discharges the note. A note that is due
/// when the operation fails, or was due when it crashed, is given to `revert`.
///
/// A resource has one note at most: registering again replaces it.
package protocol UndoNotes: Sendable {
    /// The note that is due.
    var due: JSONObject? { get }
    /// Takes a note; it is durable on return. Throws when it could not be kept, or when the operation may no longer
    /// change anything: then nothing may be done that would need it.
    func register(_ note: JSONObject) async throws
    /// Takes note that nothing is due any more. That may be lost in a crash: then the note is still due.
    func discharge() async throws
}

/// Keeps no notes: for operations that cannot fail half-way, and for tests.
package struct NoUndoNotes: UndoNotes {
    package init() {}
    package var due: JSONObject? { nil }
    package func register(_ note: JSONObject) async throws {}
    package func discharge() async throws {}
}
