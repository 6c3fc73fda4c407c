/// What kind of failure of a store it was, as far as that decides what to do about it.
package enum StoreFault: Sendable, Hashable {
    /// There is no room for what was to be written.
    case full
    /// The store takes no writes from this process: it is mounted for reading only, or belongs to someone else.
    case readOnly
    /// One object, or what lies below one key, cannot be read, whatever becomes of all others.
    case unreadable
    /// Anything else.
    case other
}

extension BankError {
    /// Whether the store refuses writes as such, so that what only reads goes on without them: it is read-only, or full.
    package var refusesWrites: Bool {
        guard case .storeFailed(_, _, _, let fault) = self else { return false }
        return fault == .readOnly || fault == .full
    }

    /// Which object cannot be read, or what lies below which key, and why, when that is all that is the matter; `nil` for
    /// a failure that concerns the whole store.
    package var unreadable: (key: String, reason: String)? {
        guard case .storeFailed(_, let key, let reason, .unreadable) = self else { return nil }
        return (key, reason)
    }

    /// Which object cannot be used, and why, when others may be whole; `nil` for a failure that concerns the whole store.
    package var faultOfOneObject: (key: String, reason: String)? {
        if case .damaged(let key, let reason) = self { return (key.text, reason) }
        return unreadable.map { ($0.key, "cannot be read: \($0.reason)") }
    }

    /// Whether it is about one object, so that others may be whole: that cannot be read, or is not what it was.
    package var concernsOneObject: Bool {
        faultOfOneObject != nil
    }

    /// What to say of an object that is longer than any that was written.
    package static func tooLong(_ key: BankKey, _ size: Int64, longest: Int64) -> BankError {
        .damaged(key, reason: "it has \(size) bytes, and \(longest) is the most that it can have")
    }

    /// What frees room in a bank that is full.
    package static let roomAdvice = "'cairn retain', 'cairn gc' and 'cairn delete' free some"
}
