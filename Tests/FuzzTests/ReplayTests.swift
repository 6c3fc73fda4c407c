import Foundation
import FuzzTargets
import Testing

/// The corpus of the fuzz targets and a fixed number of changes of it, in every test run. `make fuzz` searches for
/// longer, led by coverage; what it finds is added to `Tests/Fixtures/fuzz`.
struct ReplayTests {
    /// A file of a corpus.
    struct Input: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        /// The file's name.
        var testDescription: String { name }
    }

    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    private static func files(below folder: String, _ isWanted: (String) -> Bool = { _ in true }) -> [Input] {
        let root = fixtures.appending(path: folder)
        let paths = (FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String] ?? []).sorted()
        return paths.filter(isWanted).compactMap { path in
            guard let data = try? Data(contentsOf: root.appending(path: path)) else { return nil }
            return Input(name: "\(folder)/\(path)", bytes: Array(data))
        }
    }

    /// What has once been found, and what there is among the other fixtures.
    static func corpus(_ target: FuzzTarget) -> [Input] {
        let found = files(below: "fuzz/\(target.rawValue)")
        let others = ["errors", "ok"].flatMap { folder in
            switch target {
            case .check: files(below: folder) { $0.hasSuffix(".yaml") }
            case .ir: files(below: folder) { $0.hasSuffix(".ir") }
            }
        }
        return found + others
    }

    @Test("The corpus breaks nothing", arguments: FuzzTarget.allCases) func corpusHolds(_ target: FuzzTarget) {
        let corpus = Self.corpus(target)
        #expect(corpus.count >= 8)
        for input in corpus {
            let fault = target.run(input.bytes)
            #expect(fault == nil, "\(input.name)")
        }
    }

    /// Changes that are tried; a run with another seed is `CAIRN_FUZZ_SEED=7 swift test --filter ReplayTests`.
    @Test("Changes of the corpus break nothing", arguments: FuzzTarget.allCases)
    func changesHold(_ target: FuzzTarget) {
        let seed = ProcessInfo.processInfo.environment["CAIRN_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        var mutator = Mutator(seed: seed)
        let corpus = Self.corpus(target).filter { $0.bytes.count < 20000 }
        for round in 0..<3000 {
            let input = corpus[mutator.number(below: corpus.count)]
            let other = corpus[mutator.number(below: corpus.count)]
            let bytes = mutator.change(input.bytes, with: other.bytes)
            let fault = target.run(bytes)
            #expect(
                fault == nil, "seed \(seed), round \(round), from \(input.name): \(Data(bytes).base64EncodedString())")
        }
    }
}
