import CommandLineSupport
import ArgumentParser
import Diagnostics
import GanttCharts
import Glibc
import GraphExport
import GraphViews
import Manifests
import Graphviz
import Manifests
import PlanCompiler
import PlanIR
import RunRecords
import Timings
import YAMLSource

/// `cairnc graph`
struct Graph: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draws the graph of a plan or of a compiled plan.",
        discussion: """
            The resource view shows what depends on what; the activity view shows every step of an operation and what \
            it waits for. A plan with a cycle is drawn, too, with the cycle in red; the exit code is then 1.

            EXAMPLES
              cairnc graph plans/shop.yaml --format text
              cairnc graph plans/shop.yaml --format html -o shop.html
              cairnc graph shop.ir --view activities --operation restore --format svg -o restore.svg
              cairnc graph shop.ir --view activities --path main:shopdb complete:web
              cairnc graph shop.ir --focus shopdb --up --format text
              cairnc graph shop.ir --stats
              cairnc graph shop.ir --simulate --jobs 4 --timings night.ndjson
            """)

    @OptionGroup var options: CompilerOptions

    @OptionGroup var inventory: InventoryOptions

    @Option(help: "The operation whose activities are shown.")
    var operation: OperationKind = .protect

    @Option(help: "What is drawn.")
    var view: GraphView = .resources

    @Option(
        help: """
            The language of the output; dot, or text with --path, --stats and --simulate. Graphviz must be installed \
            for svg and png, but for svg with --simulate.
            """)
    var format: GraphFormat?

    @Option(
        name: [.short, .long], help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
    var output: String?

    @OptionGroup(title: "What is drawn") var selection: SelectionOptions
    @OptionGroup(title: "What is shown on it") var overlay: OverlayOptions

    @Flag(help: "Print figures instead: resources, activities, edges, depth, width, critical path.")
    var stats = false

    @Flag(help: "Print the schedule that the executor would follow.")
    var simulate = false

    @Option(
        help: ArgumentHelp(
            "With --simulate: so many activities at a time; by default what the provider says, or 4.", valueName: "n"))
    var jobs: Int?

    @Argument(help: "The file with the plan or the compiled plan; - reads standard input.")
    var input: String

    func validate() throws {
        if stats && simulate { throw ValidationError("--stats and --simulate exclude each other") }
        if (stats || simulate) && (selection.isPartial || overlay.run != nil || overlay.diff != nil) {
            throw ValidationError(
                "\(stats ? "--stats" : "--simulate") is about the whole plan: leave out what selects or marks")
        }
        if jobs != nil && !simulate { throw ValidationError("--jobs belongs to --simulate") }
        if let jobs, !(1...100_000).contains(jobs) { throw ValidationError("--jobs is a number from 1 to 100000") }
        if overlay.timings != nil && !(stats || simulate || overlay.criticalPath) {
            throw ValidationError("--timings is for --critical-path, --simulate or --stats")
        }
        let formats: [GraphFormat] =
            stats ? [.text, .json] : simulate ? [.text, .json, .svg, .html] : GraphFormat.allCases
        if let format, !formats.contains(format) {
            throw ValidationError(
                "\(stats ? "--stats" : "--simulate") is written as \(formats.map(\.rawValue).joined(separator: ", "))")
        }
        if overlay.parameters && (format != .json || stats || simulate) {
            throw ValidationError("--parameters belongs to --format json; the page of --format html has them anyway")
        }
        if format == .html && !simulate && (selection.isPartial || selection.cluster != nil) {
            throw ValidationError("the page of --format html has everything, and selects in the page itself")
        }
    }

    func run() throws {
        let loaded = try GraphInput(input, options, inventories: inventory.files)
        if simulate {
            try writeSimulation(of: loaded)
        } else if stats {
            try writeStatistics(of: loaded.plan)
        } else {
            try draw(loaded)
        }
        if loaded.hasErrors { throw ExitCode(ExitStatus.failed) }
    }

    // MARK: Drawing

    /// What is marked on drawings, read once.
    private struct Overlays {
        var union: PlanUnion?
        var record: RunRecord?
        var estimate: EstimatedWeights?

        /// Marks a drawing; whether there is a cycle.
        func mark(_ drawing: inout Drawing) throws(ViewError) -> Bool {
            let isCyclic = drawing.markCycles()
            union?.mark(&drawing)
            if let record { drawing.mark(record) }
            if let estimate { try drawing.markCriticalPath(estimate) }
            return isCyclic
        }
    }

    private func draw(_ loaded: GraphInput) throws {
        var plan = loaded.plan
        var overlays = Overlays()
        if let old = overlay.diff {
            let union = PlanUnion(old: try options.loadPlan(old, inventories: inventory.files, warns: false), new: plan)
            plan = union.plan
            overlays.union = union
        }
        if let run = overlay.run { overlays.record = try RecordFile.record(run, options) }
        if overlay.criticalPath { overlays.estimate = try estimate(plan) }
        do {
            switch format ?? .dot {
            case .html: try write(page(plan, overlays))
            case .text: try writeText(plan, overlays, loaded.places)
            case _ where format == nil && !selection.path.isEmpty: try writeText(plan, overlays, loaded.places)
            case .dot where output == nil || output == "-":
                GraphDOT.write(try drawing(plan, overlays)) { piece in
                    // What is lost is told once.
                    if !StandardStream.lostOutput { StandardStream.output.write(piece) }
                }
            case .dot: try write(GraphDOT.export(try drawing(plan, overlays)))
            case .json: try write(GraphJSON.export(try drawing(plan, overlays), withParameters: overlay.parameters))
            case .mermaid: try write(GraphMermaid.export(try drawing(plan, overlays)))
            case .svg: try writePicture(of: try drawing(plan, overlays), as: .svg)
            case .png: try writePicture(of: try drawing(plan, overlays), as: .png)
            }
        } catch let error as ViewError { throw MessageFailure("\(input): \(error)") }
    }

    /// Everything of the view with its marks; whether there is a cycle.
    private func whole(_ plan: PlanIR, _ overlays: Overlays) throws(ViewError) -> (Drawing, isCyclic: Bool) {
        var drawing =
            selection.hideBarriers && view == .activities
            ? Drawing.withoutBarriers(plan, operation, clustering: selection.cluster)
            : Drawing.whole(plan, view, operation, clustering: selection.cluster)
        let isCyclic = try overlays.mark(&drawing)
        if !selection.only.isEmpty { try drawing.keep(only: selection.only) }
        if !selection.collapse.isEmpty { try drawing.collapse(selection.collapse) }
        if !selection.focus.isEmpty {
            try drawing.focus(on: selection.focus, depth: selection.depth, selection.directions)
        }
        return (drawing, isCyclic)
    }

    /// What was asked for.
    private func drawing(_ plan: PlanIR, _ overlays: Overlays) throws(ViewError) -> Drawing {
        var (drawing, isCyclic) = try whole(plan, overlays)
        if selection.path.count == 2 {
            drawing.keep(try drawing.path(from: selection.path[0], to: selection.path[1]))
        }
        if selection.reduce && !isCyclic && !drawing.reduce() {
            tell("some edges that say nothing more are left: to find all of them would have taken too long")
        }
        return drawing
    }

    private func writeText(_ plan: PlanIR, _ overlays: Overlays, _ places: DependencyPlaces) throws {
        if selection.path.count == 2 {
            let (drawing, _) = try whole(plan, overlays)
            let path = try drawing.path(from: selection.path[0], to: selection.path[1])
            return try write(PathText.text(path, in: drawing, places: places))
        }
        let isColored = output == nil && options.isColored(.output)
        try write(Array(GraphText.export(try drawing(plan, overlays), color: isColored).utf8))
    }

    /// The page has both views, with the same marks.
    private func page(_ plan: PlanIR, _ overlays: Overlays) throws(ViewError) -> [UInt8] {
        var page = GraphOverlay()
        for shown in GraphView.allCases {
            var drawing = Drawing.whole(plan, shown, operation)
            _ = try overlays.mark(&drawing)
            page.add(drawing)
        }
        return GraphHTML.export(plan, overlay: page, view: view, operation: operation)
    }

    private func writePicture(of drawing: Drawing, as picture: GraphvizProgram.Output) throws {
        if drawing.nodes.count > 2000 {
            tell(
                "Graphviz takes long for \(drawing.nodes.count) nodes; --format html shows them at once, and --focus, --only or --collapse draw less"
            )
        }
        if picture == .png && output == nil && StandardStream.output.isTerminal {
            throw ValidationError("a picture is not for the terminal: name a file with -o FILE")
        }
        let bytes: [UInt8]
        do { bytes = try GraphvizProgram.draw(GraphDOT.export(drawing), as: picture) } catch {
            throw MessageFailure(error.description)
        }
        try write(bytes)
    }

    private func write(_ bytes: [UInt8]) throws {
        guard let output, output != "-" else { return StandardStream.output.write(bytes) }
        try Interruption.deferred { try OutputFile.write(bytes, to: output) }
    }

    private func tell(_ text: String) { StandardStream.error.write("note: \(text)\n") }

    // MARK: Figures and schedules

    private func timings() throws -> ActivityTimings? {
        try overlay.timings.map { try RecordFile.timings($0, options) }
    }

    private func estimate(_ plan: PlanIR) throws -> EstimatedWeights {
        guard let timings = try timings() else { return EstimatedWeights(unit: plan.graph(operation)) }
        do {
            let estimate = try EstimatedWeights(timings, of: plan, operation)
            tellCoverage(estimate.measured, estimate.guessed, estimate.unused.map(\.description))
            return estimate
        } catch { throw MessageFailure("\(overlay.timings ?? ""): \(error)") }
    }

    /// Says how much of what follows is a guess.
    private func tellCoverage(_ measured: Int, _ guessed: Int, _ unused: [String]) {
        if guessed > 0 {
            tell("durations are known for \(measured) of \(measured + guessed) activities, the others get means")
        }
        if let first = unused.first {
            let rest = unused.count > 1 ? " and \(unused.count - 1) more" : ""
            tell("nothing in the plan has the duration of '\(first)'\(rest)")
        }
    }

    private func writeStatistics(of plan: PlanIR) throws {
        let timings = try timings()
        do {
            let figures = try GraphStatistics(plan, timings: timings)
            switch format {
            case .json: try write(StatisticsText.json(figures, isMeasured: timings != nil))
            default: try write(Array(StatisticsText.text(figures, isMeasured: timings != nil).utf8))
            }
        } catch let error as ViewError { throw MessageFailure("\(input): \(error)") }
    }

    private func writeSimulation(of loaded: GraphInput) throws {
        let timings = try timings()
        let run: WhatIf
        let limits = loaded.concurrency
        do {
            run = try WhatIf(
                loaded.plan, operation, jobs: jobs ?? limits.jobs ?? 4,
                plugins: limits.plugins.map { ($0.name.value, $0.count) },
                types: limits.types.map { ($0.name.value, $0.count) }, timings: timings)
        } catch {
            throw MessageFailure("\(input): \(error)")
        }
        if timings != nil { tellCoverage(run.coverage.measured, run.coverage.guessed, run.unusedTimings) }
        switch format ?? .text {
        case .json: try write(run.json)
        case .svg: try write(run.svg)
        case .html: try write(run.html)
        default: try write(run.text(width: StandardStream.output.isTerminal ? StandardStream.output.width : 100))
        }
    }
}
