import ArgumentParser
import ChildProcesses
import CommandLineSupport
import Diagnostics
import Glibc
import GraphExport
import Manifests
import PlanCompiler
import PlanIR
import Reports
import RunRecords
import Timings
import YAMLSource

/// What is drawn: a compiled plan, or a plan that compiles or at least has resources with an order or a cycle.
struct GraphInput {
    let plan: PlanIR
    /// Whether the plan has errors, which have been printed.
    var hasErrors = false
    /// Where the plan says that one resource is another's dependent.
    var places = DependencyPlaces()
    /// How many activities the provider lets run at the same time, as far as it is found.
    var concurrency = ConcurrencyLimits.none

    init(_ path: String, _ options: CompilerOptions, inventories: [String]) throws {
        if let ir = try options.loadCompiledPlan(path) {
            plan = ir
            concurrency = GraphInput.concurrency(of: ir.provider.name, beside: path, options)
            return
        }
        let compiler = options.compile([path], inventories: inventories)
        options.printFaults(of: compiler)
        let code = ExitCode(Report(sources: compiler.sources, diagnostics: compiler.diagnostics.all).outcome.rawValue)
        guard let unit = try options.onlyPlan(of: compiler, in: path) else {
            if compiler.hasErrors { throw code }
            throw MessageFailure("'\(path)' holds no plan")
        }
        places = DependencyPlaces(unit, compiler.sources)
        concurrency = unit.concurrency
        if let ir = unit.ir, !compiler.hasErrors {
            plan = ir
            return
        }
        // Of other faults a picture tells nothing, and would be taken for the whole.
        guard !unit.isAcyclic else { throw code }
        plan = unit.sketch
        hasErrors = true
    }

    /// The limits of the provider that a compiled plan names, where `cairn` would find it; none when there is not exactly
    /// one without faults.
    private static func concurrency(
        of provider: String, beside path: String, _ options: CompilerOptions
    ) -> ConcurrencyLimits {
        var directory = ProviderDirectory()
        var sources = SourceMap()
        var faults = DiagnosticList()
        for place in ProviderDirectory.places(given: options.providerDirectories, beside: path) {
            directory.read(place, isGiven: false, sources: &sources, into: &faults)
        }
        let found = directory.entries(named: provider)
        guard found.count == 1, let entry = found.first, !entry.diagnostics.hasErrors else { return .none }
        return entry.manifest.concurrency
    }
}

/// Reads what `--timings` and `--run` name: a file, or the checkpoint that `cairn` has a record of.
enum RecordFile {
    /// The most bytes that a record may have.
    private static let limit = 1 << 30

    static func timings(_ name: String, _ options: CompilerOptions) throws -> ActivityTimings {
        let text = try read(name, options)
        var sources = SourceMap()
        var faults = DiagnosticList()
        do throws(RunRecordError) {
            let content = try TimingsFile.read(text, sources: &sources, into: &faults)
            if let content, !faults.hasErrors {
                tell(content, name)
                return content.timings
            }
        } catch { throw MessageFailure("\(name): \(error)") }
        let renderer = TextRenderer(sources: sources, color: options.isColored(.error))
        StandardStream.error.write(renderer.render(faults.sorted))
        throw ExitCode(ExitStatus.failed)
    }

    static func record(_ name: String, _ options: CompilerOptions) throws -> RunRecord {
        let text = try read(name, options)
        do {
            let record = try RunRecord(reading: text.bytes)
            tell(.record(record), name)
            return record
        } catch { throw MessageFailure("\(name): \(error)") }
    }

    private static func tell(_ content: TimingsFile.Content, _ name: String) {
        if case .record(let record) = content, record.isTorn {
            StandardStream.error.write("note: the last line of '\(name)' is cut off, and is left out\n")
        }
    }

    private static func read(_ name: String, _ options: CompilerOptions) throws -> SourceText {
        switch HostFiles().contents(of: name) {
        case .success(let bytes): return SourceText(name: name, bytes: bytes)
        case .failure(let fault):
            guard fault.isMissing, isCheckpointName(name) else {
                throw MessageFailure("cannot read '\(name)': \(fault.reason)")
            }
            return SourceText(name: name, bytes: try journal(of: name, options))
        }
    }

    /// Whether it could be a checkpoint's id, or its beginning: no path.
    private static func isCheckpointName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    /// Asks `cairn`, which stands beside this program or in PATH: banks are its business.
    private static func journal(of checkpoint: String, _ options: CompilerOptions) throws -> [UInt8] {
        var arguments = ["checkpoints", "journal", checkpoint]
        for directory in options.providerDirectories { arguments += ["--providers", directory] }
        let ending: ChildProcess.Ending
        do { ending = try ChildProcess.run([cairn] + arguments, limit: limit) } catch {
            switch error {
            case .notFound:
                throw MessageFailure(
                    "there is no file '\(checkpoint)', and 'cairn', which could look for a checkpoint, is not in PATH")
            case .system(let reason): throw MessageFailure("cannot run 'cairn': \(reason)")
            case .tooMuchOutput: throw MessageFailure("the record of '\(checkpoint)' is too long")
            }
        }
        guard ending.status == 0 else {
            throw MessageFailure(
                "there is no file '\(checkpoint)', and 'cairn checkpoints journal' says: \(ending.errorText)")
        }
        return ending.output
    }

    private static var cairn: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        if length > 0 {
            let path = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let beside =
                path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                + "/cairn"
            if access(beside, X_OK) == 0 { return beside }
        }
        return "cairn"
    }
}
