import CanonicalForm
import Manifests
import PathPatterns

/// The exclude patterns in a set of parameters, read as plugins read them.
struct ExcludePatterns {
    /// The patterns that could be read.
    private(set) var patterns: [PathPattern] = []
    /// What is wrong with the others, by position.
    private(set) var faults: [(position: Int, fault: PathPatternError)] = []

    init(_ traits: ResourceTraits, _ parameters: JSONObject) {
        guard let name = traits.excludePatterns else { return }
        for (position, value) in (parameters[name]?.arrayValue ?? []).enumerated() {
            guard let text = value.stringValue else { continue }
            do { patterns.append(try PathPattern(text)) } catch { faults.append((position, error)) }
        }
    }

    /// Whether a directory is left out; `path` is relative to the tree's root.
    func exclude(_ path: [UInt8]) -> Bool { PathPattern.exclude(path, isDirectory: true, by: patterns) }

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
