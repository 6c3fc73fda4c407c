import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Testing

@testable import FilesPlugin

/// Directories that lie in each other, each a resource of its own, protected once and restored in many orders.
final class NestedTrees: Sendable {
    struct Tree: Sendable {
        let path: String
        let parameters: JSONObject
        let store: DirectoryArtifacts
        var definition = JSONObject()
        let reporter = RecordingReporter()
    }

    let directory: String
    var top: String { directory + "/tree" }
    var out: String { directory + "/out" }
    let trees: [Tree]
    private let scope: OperationScope

    /// Makes a tree by a script and protects directories of it: paths below its top, each with patterns to exclude.
    /// `meanwhile` runs before the tree of its number is protected.
    init(
        _ script: String, _ wanted: [(path: String, exclude: [String])], parameters: JSONObject = [:],
        meanwhile: [Int: String] = [:]
    ) async throws {
        directory = NSTemporaryDirectory() + "cairn-nested-" + UUID().uuidString
        let top = directory + "/tree"
        try FileManager.default.createDirectory(atPath: top, withIntermediateDirectories: true)
        try shell("cd '\(top)'\n" + script)
        var trees: [Tree] = []
        for (number, tree) in wanted.enumerated() {
            var own = parameters
            own["exclude"] = .array(tree.exclude.map { .string($0) })
            trees.append(
                Tree(
                    path: tree.path.isEmpty ? top : top + "/" + tree.path, parameters: own,
                    store: try DirectoryArtifacts("\(directory)/store\(number)", partLength: 1 << 16)))
        }
        scope = OperationScope(
            trees.enumerated().map {
                .init(resource: NestedTrees.resource($0, $1), protectParameters: $1.parameters)
            })
        for number in trees.indices {
            if let script = meanwhile[number] { try shell("cd '\(top)'\n" + script) }
            let context = NestedTrees.context(number, trees[number], scope)
            trees[number].definition = try await FilesPlugin().protect(.main, context)
        }
        self.trees = trees
    }

    deinit { _ = try? shell("chmod -R u+rwx '\(directory)'; rm -rf '\(directory)'") }

    private static func resource(_ number: Int, _ tree: Tree) -> ResourceDescription {
        ResourceDescription(
            type: "Host::FileSystem::Directory", id: "t\(number)", name: "", properties: ["path": .string(tree.path)])
    }

    private static func context(_ number: Int, _ tree: Tree, _ scope: OperationScope) -> ActivityContext {
        ActivityContext(
            resource: resource(number, tree), parameters: tree.parameters, protectParameters: tree.parameters,
            checkpoint: "c1", definition: tree.definition, artifacts: tree.store, reporter: tree.reporter, scope: scope)
    }

    func restore(
        _ number: Int, to directory: String?, overwrite: Bool = false, seams: FilesSeams = FilesSeams()
    ) async throws {
        try await FilesPlugin(seams: seams).restore(
            .main, NestedTrees.context(number, trees[number], scope),
            to: RestoreTarget(directory: directory, overwrite: overwrite))
    }

    /// The lines of a tree's catalog.
    func catalog(_ number: Int) throws -> [CatalogEntry] {
        let path = "\(directory)/catalog\(number)"
        try shell("cat \(trees[number].store.parts("catalog").joined(separator: " ")) > '\(path)'")
        var bytes: [UInt8]? = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let reader = try CatalogReader {
            defer { bytes = nil }
            return bytes
        }
        var lines: [CatalogEntry] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }
}

/// Runs what is asynchronous on a thread that may block, in the middle of something else.
private final class Interlude: Sendable {
    private let failure = Locked<(any Error)?>(nil)

    func run(_ body: @escaping @Sendable () async throws -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task {
            do { try await body() } catch { self.failure.set(error) }
            done.signal()
        }
        done.wait()
    }

    func rethrow() throws { if let error = failure.get() { throw error } }
}

private final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value
    init(_ value: Value) { self.value = value }
    func get() -> Value { lock.withLock { value } }
    func set(_ new: Value) { lock.withLock { value = new } }
}

@Suite struct NestedRestoreTests {
    /// Every directory has a mode, owner and time of its own, and some have attributes and lists.
    static let script = """
        echo 1 > f; mkdir -p d x/y/b/deep x/z; echo 2 > d/e; echo 3 > x/g; echo 4 > x/y/h; echo 5 > x/y/b/i
        echo 6 > x/y/b/deep/j; echo 7 > x/z/k
        chown 11:12 . x; chown 13:14 x/y; chown 15:16 x/y/b
        chmod 0751 .; chmod 0550 x; chmod 2711 x/y; chmod 0701 x/y/b; chmod 0500 x/y/b/deep; chmod 0555 d
        setfattr -n user.mark -v outer x; setfattr -n user.mark -v inner x/y/b; setfacl -m u:7:rwx,d:u:8:rx x/y
        for p in x/y/b/deep x/y/b x/y x/z x d .; do touch -d "2001-02-03 04:05:$(printf %02d ${#p}).123456789" $p; done
        """

    /// What of the one restore happens when, while the other runs.
    enum Order: String, CaseIterable, Sendable {
        case outerFirst, innerFirst, together
        case innerWhenOuterOpened, innerWhenOuterUnpacksTheWay, innerWhenOuterUnpacksLater, innerBeforeOuterCompares
        case outerWhenInnerOpened, outerWhenInnerUnpacks, outerBeforeInnerCompares
    }

    private func restore(_ trees: NestedTrees, _ order: Order, to out: String?, overwrite: Bool = false) async throws {
        let interlude = Interlude()
        @Sendable func other(_ number: Int) {
            interlude.run { try await trees.restore(number, to: out, overwrite: overwrite) }
        }
        var seams = FilesSeams()
        switch order {
        case .outerFirst:
            try await trees.restore(0, to: out, overwrite: overwrite)
            return try await trees.restore(1, to: out, overwrite: overwrite)
        case .innerFirst:
            try await trees.restore(1, to: out, overwrite: overwrite)
            return try await trees.restore(0, to: out, overwrite: overwrite)
        case .together:
            async let first: Void = trees.restore(0, to: out, overwrite: overwrite)
            async let second: Void = trees.restore(1, to: out, overwrite: overwrite)
            return _ = try await (first, second)
        case .innerWhenOuterOpened, .outerWhenInnerOpened:
            seams.opened = { other(order == .innerWhenOuterOpened ? 1 : 0) }
        case .innerWhenOuterUnpacksTheWay: seams.extracted = { if $0 == Array("x".utf8) { other(1) } }
        case .innerWhenOuterUnpacksLater: seams.extracted = { if $0 == Array("x/z/k".utf8) { other(1) } }
        case .outerWhenInnerUnpacks: seams.extracted = { if $0 == Array("deep".utf8) { other(0) } }
        case .innerBeforeOuterCompares, .outerBeforeInnerCompares:
            seams.comparingDirectories = { other(order == .innerBeforeOuterCompares ? 1 : 0) }
        }
        let isOuter = order.rawValue.hasPrefix("inner")
        try await trees.restore(isOuter ? 0 : 1, to: out, overwrite: overwrite, seams: seams)
        try interlude.rethrow()
    }

    @Test(arguments: Order.allCases) func everyOrderGivesTheSameTree(_ order: Order) async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        let before = try portrait(trees.top)
        try await restore(trees, order, to: trees.out)
        #expect(try portrait(trees.out + trees.top) == before)
        #expect(trees.trees.allSatisfy { $0.reporter.warnings.isEmpty })

        // Over it again, with changes.
        let top = trees.out + trees.top
        try shell(
            "cd '\(top)'; echo changed > f; chmod 700 x x/y; rm x/y/b/i; echo new > x/y/b/new; echo new > x/new")
        try await restore(trees, order, to: trees.out, overwrite: true)
        #expect(
            trees.trees.map { $0.reporter.warnings.map { "\($0.kind) \($0.message.prefix(2))" } }
                == [["extra-files-kept 1 "], ["extra-files-kept 1 "]])
        try shell(
            "cd '\(top)'; for d in x x/y/b; do touch -r $d '\(trees.directory)/t'; rm $d/new; touch -r '\(trees.directory)/t' $d; done"
        )
        #expect(try portrait(top) == before)

        // And to where it was, gone.
        try shell("rm -r '\(trees.top)'")
        try await restore(trees, order, to: nil)
        #expect(try portrait(trees.top) == before)
    }

    @Test func manyTimesAtOnce() async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        let before = try portrait(trees.top)
        for round in 0..<20 {
            try await restore(trees, .together, to: "\(trees.out)\(round)")
            let after = try portrait("\(trees.out)\(round)\(trees.top)")
            #expect(after == before)
            if after != before { break }
        }
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) func threeLevels(_ order: [Int]) async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/"]), ("x", ["y/b"]), ("x/y/b", [])])
        let before = try portrait(trees.top)
        for number in order { try await trees.restore(number, to: trees.out) }
        #expect(try portrait(trees.out + trees.top) == before)
    }

    /// The directories between the two are nobody's: they are made, and what they were like is not known.
    @Test(arguments: [[0, 1], [1, 0]]) func aWayThatNobodyHasSaved(_ order: [Int]) async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/"]), ("x/y/b", [])])
        for number in order { try await trees.restore(number, to: trees.out) }
        let top = trees.out + trees.top
        #expect(try portrait(top + "/x/y/b") == portrait(trees.top + "/x/y/b"))
        #expect(try portrait(top + "/d") == portrait(trees.top + "/d"))
        #expect(
            try shell("cd '\(top)'; stat -c '%n %a %u' . x x/y; ls x x/y") == """
                . 751 11
                x 755 0
                x/y 755 0
                x:
                y

                x/y:
                b

                """)
        #expect(try shell("stat -c %y '\(top)'") == shell("stat -c %y '\(trees.top)'"))
        for number in order { try await trees.restore(number, to: trees.out, overwrite: true) }
        #expect(trees.trees.allSatisfy { $0.reporter.warnings.isEmpty })
    }

    /// With `oneFileSystem`, the outer tree has a line for the directory at which the inner one is mounted.
    @Test(arguments: Order.allCases) func aPlaceToMountAtBelongsToWhatIsMounted(_ order: Order) async throws {
        let trees = try await NestedTrees(
            Self.script + "\nmv x/y/b ../b; mkdir x/y/b; touch -d @1 x/y", [("", []), ("x/y/b", [])],
            parameters: ["oneFileSystem": true], meanwhile: [1: "rmdir x/y/b; mv ../b x/y/b; touch -d @1 x/y"])
        let before = try portrait(trees.top)
        #expect(try trees.catalog(0).contains { $0.path == Array("x/y/b".utf8) })
        try await restore(trees, order, to: trees.out)
        #expect(try portrait(trees.out + trees.top) == before)
        try await restore(trees, order, to: trees.out, overwrite: true)
        #expect(trees.trees.allSatisfy { $0.reporter.warnings.isEmpty })
    }

    @Test func whatIsForeignIsRefused() async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        for (script, refusing) in [
            ("mkdir -p x/y/b; echo mine > mine", 0), ("mkdir -p x/y/b; echo mine > x/y/mine", 0),
            ("mkdir x; ln -s /tmp x/y", 0), ("mkdir -p x/y; echo mine > x/y/b", 1),
            ("mkdir -p x/y/b; echo mine > x/y/b/mine", 1), ("mkdir -p x/other", 0),
        ] {
            let out = trees.directory + "/" + UUID().uuidString
            try shell("mkdir -p '\(out)\(trees.top)'; cd '\(out)\(trees.top)'; \(script)")
            let before = try portrait(out)
            let reason = await failure { try await trees.restore(refusing, to: out) }
            #expect(reason.contains("is not empty") || reason.contains("is a link or not"), "\(script): \(reason)")
            #expect(try portrait(out) == before, "\(script)")
        }
    }

    /// Without the other resource in its operation, a tree keeps to itself.
    @Test func nobodyElseRestoresTheInnerOne() async throws {
        let fixture = try Fixture()
        try fixture.inTree("mkdir -p x/b; echo 1 > f; echo 2 > x/b/g")
        let definition = try await fixture.protect(["exclude": ["/x/b/"]])
        try fixture.inTree("rm f")
        let reason = await failure {
            try await FilesPlugin().restore(
                .main, fixture.context(["exclude": ["/x/b/"]], definition: definition),
                to: RestoreTarget(directory: nil, overwrite: false))
        }
        #expect(reason.contains("is not empty"))
    }

    /// A restore that broke off is repeated, whatever the other one had reached.
    @Test(arguments: [Order.outerFirst, .innerFirst, .together]) func brokenOffAndRepeated(_ order: Order) async throws
    {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        let before = try portrait(trees.top)
        struct Broken: Error {}
        for (number, path) in [(0, "x"), (0, "x/z/k"), (1, "deep")] {
            for otherCameBefore in [false, true] {
                let out = trees.directory + "/" + UUID().uuidString
                if otherCameBefore { try await trees.restore(1 - number, to: out) }
                let place = number == 0 ? out + trees.top : out + trees.top + "/x/y/b"
                var seams = FilesSeams()
                // What is taken away fails the comparison, and the restore leaves all that it had made.
                seams.extracted = {
                    if $0 == Array(path.utf8) { _ = try? shell("chmod 700 '\(place)'; rm -rf '\(place)/\(path)'") }
                }
                let reason = await failure { try await trees.restore(number, to: out, seams: seams) }
                #expect(reason != "(no error)")
                // What is whole refuses to be restored over, nested or not.
                try await restore(trees, order, to: out, overwrite: otherCameBefore)
                #expect(try portrait(out + trees.top) == before, "\(number) \(path) \(otherCameBefore)")
            }
        }
    }

    /// What the outer tree has as a directory, and by now is a link, is replaced by whoever comes first.
    @Test(arguments: [Order.outerFirst, .innerFirst]) func aLinkOnTheWayIsReplaced(_ order: Order) async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        let before = try portrait(trees.top)
        try shell("cd '\(trees.top)'; mv x ../elsewhere; ln -s ../elsewhere x")
        let elsewhere = try portrait(trees.directory + "/elsewhere")
        try await restore(trees, order, to: nil, overwrite: true)
        #expect(try portrait(trees.top) == before)
        #expect(try portrait(trees.directory + "/elsewhere") == elsewhere)
    }

    @Test func nothingIsLostBetweenTheTwo() async throws {
        let trees = try await NestedTrees(Self.script, [("", ["/x/y/b/"]), ("x/y/b", [])])
        let (outer, inner) = (try trees.catalog(0), try trees.catalog(1))
        let all = try shell("cd '\(trees.top)'; find . -printf '%P\\n' | sort").split(separator: "\n").map(String.init)
        let saved =
            outer.map { String(decoding: $0.path, as: UTF8.self) }.filter { $0 != "." }
            + inner.map { String(decoding: $0.path, as: UTF8.self) }.map { $0 == "." ? "x/y/b" : "x/y/b/" + $0 }
        #expect(saved.sorted() == all.sorted())
        // What the excluded directory is like, its own tree says.
        let root = try #require(inner.first)
        #expect((root.mode, root.owner, root.group) == (0o701, 15, 16))
        #expect(root.attributes.map { String(decoding: $0.name, as: UTF8.self) } == ["user.mark"])
    }
}

@Suite struct NeighboursTests {
    private func index(_ trees: [(path: String, exclude: [String])]) -> Neighbours.Index {
        Neighbours.Index(
            trees.map {
                .init(
                    resource: .init(
                        type: "T", id: "t", name: "", properties: ["path": .string($0.path)]),
                    protectParameters: ["exclude": .array($0.exclude.map { .string($0) })])
            })
    }

    @Test func onlyWhatIsLeftToOthersIsShared() {
        let index = index([("/a", ["/b/", "/c"]), ("/a/b/", []), ("/a/c/d/./e", []), ("/a/f", []), ("/ab", [])])
        let outer = index.neighbours(of: Array("/a".utf8))
        for (path, isRoot, isWay) in [
            ("b", true, false), ("c/d/e", true, false), ("c", false, true), ("c/d", false, true), (".", false, true),
            ("f", false, false), ("b/x", false, false),
        ] {
            #expect(outer.isRoot(Array(path.utf8)) == isRoot && outer.isWay(Array(path.utf8)) == isWay, "\(path)")
        }
        let inner = index.neighbours(of: Array("/a/c/d/e".utf8))
        #expect(!inner.hasInner)
        #expect((0...3).map { inner.isWithinAnother(steps: $0) } == [false, true, true, true])
        #expect((0...3).map { inner.isDescribed(steps: $0) } == [false, true, false, false])
        #expect(!index.neighbours(of: Array("/a/f".utf8)).isWithinAnother(steps: 1))
        #expect(!index.neighbours(of: Array("/nowhere".utf8)).hasInner)
    }

    @Test func theWholeSystemMayBeTheOuterOne() {
        let index = index([("/", ["/srv/x/"]), ("/srv/x", [])])
        #expect(index.neighbours(of: Array("/".utf8)).isRoot(Array("srv/x".utf8)))
        let inner = index.neighbours(of: Array("/srv/x".utf8))
        #expect((0...1).map { inner.isWithinAnother(steps: $0) } == [true, true])
        #expect((0...1).map { inner.isDescribed(steps: $0) } == [true, true])
    }

    @Test func tenThousandInnerOnesAreFoundQuickly() {
        let names = (0..<10_000).map { "d\($0)" }
        let index = index([("/a", names.map { "/\($0)/" })] + names.map { ("/a/" + $0, []) })
        let outer = index.neighbours(of: Array("/a".utf8))
        #expect(names.allSatisfy { outer.isRoot(Array($0.utf8)) })
        #expect(names.allSatisfy { index.neighbours(of: Array("/a/\($0)".utf8)).isDescribed(steps: 1) })
    }
}
