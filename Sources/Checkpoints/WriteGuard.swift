/// Says whether its owner may still write, which it may while its lease is valid.
package protocol WriteGuard: Sendable {
    /// Throws when the owner may no longer write; cheap, and asked before each write that others must be able to rely
    /// on.
    func ensureMayWrite() throws
}

/// A guard that never objects: for owners that nobody can take over from.
package struct NoGuard: WriteGuard {
    package init() {}
    package func ensureMayWrite() throws {}
}
