internal import CanonicalForm
internal import PathPatterns
internal import PluginKit

/// How the tree of one resource lies to the trees of the others in its operation.
///
/// A tree may leave a directory in it to another resource. Both are restored at any time, in any order, so each must
/// know what the other makes: the outer one, which directories on the way to an inner one are no foreign ones; the
/// inner one, which directories on its way are described by the outer one.
struct Neighbours: Sendable {
    /// The directories in this tree that are left to other resources, by their paths below its root; whether the
    /// catalog of this tree leaves them out too.
    private var roots: [[UInt8]: Bool] = [:]
    /// The directories on the way to them, the root `.` included.
    private var ways: Set<[UInt8]> = []
    private let exclude: PathPatternSet
    /// How many steps from `/` the outermost tree begins that leaves this one to us; `nil` when there is none.
    private let outermost: Int?
    /// Of the directories on the way to this tree, by their number of steps from `/`, those that another describes.
    private let described: Set<Int>

    /// Of a tree that lies alone.
    static let none = Neighbours(exclude: PathPatternSet(), outermost: nil, described: [])

    private init(exclude: PathPatternSet, outermost: Int?, described: Set<Int>) {
        self.exclude = exclude
        self.outermost = outermost
        self.described = described
    }

    // MARK: What lies in this tree

    /// Whether another resource puts a directory into this tree.
    var hasInner: Bool { !roots.isEmpty }

    /// Whether another resource restores the directory at `path`, and all below it.
    func isRoot(_ path: [UInt8]) -> Bool { roots[path] != nil }

    /// Whether the directory at `path` leads to one that another resource restores.
    func isWay(_ path: [UInt8]) -> Bool { ways.contains(path) }

    /// Whether another resource may make the directory at `path`.
    func isShared(_ path: [UInt8]) -> Bool { isWay(path) || isRoot(path) }

    /// Whether the catalog of this tree has no line for the shared directory at `path`.
    func isLeftOut(_ path: [UInt8]) -> Bool { roots[path] ?? exclude.excludes(path, isDirectory: true) }

    // MARK: What this tree lies in

    /// Whether the directory so many steps from `/` on the way to this tree is within a tree that leaves it to us.
    func isWithinAnother(steps: Int) -> Bool { outermost.map { steps >= $0 } ?? false }

    /// Whether another resource restores the metadata of that directory.
    func isDescribed(steps: Int) -> Bool { described.contains(steps) }
}

extension Neighbours {
    /// The trees of an operation, ready to be looked up.
    struct Index: Sendable {
        fileprivate struct Tree: Sendable {
            /// The steps from `/`, each followed by a slash; empty for `/` itself.
            let key: [UInt8]
            let exclude: PathPatternSet
            let oneFileSystem: Bool

            /// Whether the tree leaves the directory at a path below its root to whoever asks for it. With
            /// `oneFileSystem` it may have a line for it, as a place to mount something at.
            func leaves(_ path: [UInt8]) -> Bool { oneFileSystem || exclude.excludes(path, isDirectory: true) }
        }

        /// Sorted by their keys, so that what lies in a tree follows it.
        private let trees: [Tree]
        private let positions: [[UInt8]: Int]

        /// The trees of `members`.
        init(_ members: [OperationScope.Member]) {
            var trees: [Tree] = []
            for member in members {
                // What is wrong with a member is for its own activity to say.
                guard let text = member.resource.properties["path"]?.stringValue,
                    let path = try? FilesSettings.absolute(text, "")
                else { continue }
                let parameters = member.protectParameters
                trees.append(
                    Tree(
                        key: Index.key(PathText.steps(path)),
                        exclude: (try? FilesSettings.patterns(parameters["exclude"], "")) ?? PathPatternSet(),
                        oneFileSystem: parameters["oneFileSystem"]?.boolValue ?? false))
            }
            trees.sort { $0.key.lexicographicallyPrecedes($1.key) }
            self.trees = trees
            positions = Dictionary(
                trees.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
        }

        private static func key(_ steps: some Sequence<[UInt8]>) -> [UInt8] {
            steps.reduce(into: []) { $0 += $1 + [0x2F] }
        }

        /// The neighbours of the tree at `path`.
        func neighbours(of path: [UInt8]) -> Neighbours {
            let steps = PathText.steps(path)
            let key = Index.key(steps)
            guard let own = positions[key] else { return .none }
            var outermost: Int?
            var described: Set<Int> = []
            for depth in steps.indices {
                guard let position = positions[Index.key(steps[..<depth])] else { continue }
                let tree = trees[position]
                let below = Array(steps[depth...].joined(separator: [0x2F]))
                guard tree.leaves(below) else { continue }
                outermost = outermost ?? depth
                described.insert(depth)
                for inner in steps.indices where inner > depth {
                    let way = Array(steps[depth..<inner].joined(separator: [0x2F]))
                    if !tree.exclude.excludes(way, isDirectory: true) { described.insert(inner) }
                }
            }
            var neighbours = Neighbours(exclude: trees[own].exclude, outermost: outermost, described: described)
            var position = own + 1
            while position < trees.count, trees[position].key.starts(with: key) {
                defer { position += 1 }
                let inner = trees[position].key
                let below = Array(inner[key.count...].dropLast())
                if below.isEmpty || !trees[own].leaves(below) { continue }
                neighbours.addRoot(below)
            }
            return neighbours
        }
    }

    private mutating func addRoot(_ path: [UInt8]) {
        roots[path] = exclude.excludes(path, isDirectory: true)
        ways.insert([0x2E])
        for position in path.indices where path[position] == 0x2F { ways.insert(Array(path[..<position])) }
    }
}
