/// What is to be compared, as `--git` has it.
package enum GitRange: Sendable, Hashable {
    /// `REV`: a revision with the working file.
    case revision(String)
    /// `REV1..REV2`: two revisions.
    case between(String, String)
    /// `REV1...REV2`: the newest common ancestor of both with the second, which is what a pull request adds.
    case sinceCommonAncestor(String, String)

    /// Reads the argument. As with git itself, a side that is left out is `HEAD`.
    package init(parsing text: String) throws(GitError) {
        func name(_ part: some StringProtocol) throws(GitError) -> String {
            if part.isEmpty { return "HEAD" }
            // git would take it for an option, whatever stands before it.
            let isOption = part.hasPrefix("-")
            guard !isOption, part.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
                throw .refusedName(text)
            }
            return String(part)
        }
        guard let dots = text.firstRange(of: "..") else {
            if text.isEmpty { throw .refusedName(text) }
            self = .revision(try name(text))
            return
        }
        let first = try name(text[..<dots.lowerBound])
        let rest = text[dots.upperBound...]
        let isAncestor = rest.hasPrefix(".")
        let second = try name(isAncestor ? rest.dropFirst() : rest)
        guard !second.contains("..") && text != ".." && text != "..." else { throw .refusedName(text) }
        self = isAncestor ? .sinceCommonAncestor(first, second) : .between(first, second)
    }
}
