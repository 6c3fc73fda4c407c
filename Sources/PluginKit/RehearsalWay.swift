/// How a rehearsal proves one resource.
package enum RehearsalWay: Sendable, Hashable {
    /// It is restored into a directory of its own; what is proven by that, in a few words.
    case restored(proof: String)
    /// It cannot be restored elsewhere, for this reason; what was saved is only read back and checked.
    case verified(reason: String)
    /// It has no content of its own, for this reason: there is nothing to be restored.
    case empty(reason: String)
    /// It may have content, and nothing of it is saved, for this reason.
    case unsaved(reason: String)
}
