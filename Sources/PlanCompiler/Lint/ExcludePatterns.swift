import CanonicalForm
import Manifests
import PathPatterns

/// The exclude patterns in a set of parameters, read as plugins read them.
struct ExcludePatterns {
    /// The patterns that could be read.
    private(set) var patterns: [PathPattern] = []
    /// Those of them that name one path, and the others: an inventory may bring very many of the first kind.
    private var literals: Set<[UInt8]> = []
    private var others: [PathPattern] = []
    /// What is wrong with the others, by position.
    private(set) var faults: [(position: Int, fault: PathPatternError)] = []

    init(_ traits: ResourceTraits, _ parameters: JSONObject) {
        guard let name = traits.excludePatterns else { return }
        for (position, value) in (parameters[name]?.arrayValue ?? []).enumerated() {
            guard let text = value.stringValue else { continue }
            do {
                let pattern = try PathPattern(text)
                patterns.append(pattern)
                if let path = ExcludePatterns.literal(text) { literals.insert(path) } else { others.append(pattern) }
            } catch {
                faults.append((position, error))
            }
        }
    }

    /// The one path that `/some/path` and `/some/path/` stand for.
    private static func literal(_ text: String) -> [UInt8]? {
        var path = Array(text.utf8)
        if path.last == 0x2F { path.removeLast() }
        guard path.first == 0x2F, path.count > 1, !path.contains(where: { "*?[]\\".utf8.contains($0) }) else {
            return nil
        }
        return Array(path.dropFirst())
    }

    /// Whether a directory is left out; `path` is relative to the tree's root.
    func exclude(_ path: [UInt8]) -> Bool {
        if !literals.isEmpty {
            if literals.contains(path) { return true }
            // What lies in a directory that is left out is not looked into.
            for position in path.indices where path[position] == 0x2F && literals.contains(Array(path[..<position])) {
                return true
            }
        }
        return PathPattern.exclude(path, isDirectory: true, by: others)
    }

    /// Names that have nothing in common: patterns that match all of them match everything.
    private static let strangeNames = ["\u{1}x~", ".\u{7F}", "Ж", "7", "-- z%", "q.w.e", "Q"]

    /// Whether nothing at the top of a tree is kept, be it a file or a directory.
    var excludeEverything: Bool {
        !patterns.isEmpty
            && ExcludePatterns.strangeNames.allSatisfy { name in
                patterns.contains { $0.matches(Array(name.utf8), isDirectory: false) }
                    && patterns.contains { $0.matches(Array(name.utf8), isDirectory: true) }
            }
    }
}
