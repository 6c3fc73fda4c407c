/// Why a revision could not be read.
package enum GitError: Error, Sendable, Hashable, CustomStringConvertible {
    case notInstalled
    /// The name could be taken for an option, or is none.
    case refusedName(String)
    case notARepository(place: String, reason: String)
    case unknownRevision(name: String, isShallow: Bool)
    case noCommonAncestor(String, String, isShallow: Bool)
    case failed(command: String, reason: String)

    package var description: String {
        switch self {
        case .notInstalled: "git is not installed, or not in PATH"
        case .refusedName(let name):
            "'\(name)' is not a revision; write --git REV, --git REV1..REV2 or --git REV1...REV2"
        case .notARepository(let place, let reason): "'\(place)' is not in a git repository: \(reason)"
        case .unknownRevision(let name, let isShallow):
            "the repository has no commit '\(name)'" + (isShallow ? Self.shallowNote : "")
        case .noCommonAncestor(let a, let b, let isShallow):
            "'\(a)' and '\(b)' have no common ancestor" + (isShallow ? Self.shallowNote : "")
        case .failed(let command, let reason): "git \(command) failed: \(reason)"
        }
    }

    private static let shallowNote =
        "; this clone is shallow, so it may only lack the history: fetch it with 'git fetch --unshallow' (in GitHub Actions, actions/checkout with 'fetch-depth: 0')"
}
