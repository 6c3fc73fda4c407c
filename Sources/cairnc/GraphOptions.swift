import ArgumentParser
import GraphViews
import PlanIR

extension OperationKind: ExpressibleByArgument {}
extension GraphView: ExpressibleByArgument {}
extension Clustering: ExpressibleByArgument {}

/// The languages that a graph, a chart or figures are written in.
enum GraphFormat: String, ExpressibleByArgument, CaseIterable {
    case dot, json, mermaid, text, svg, png, html
}

/// What of a graph is drawn.
struct SelectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw only what is connected with this resource or activity (repeatable).",
            discussion:
                "A resource is TYPE#ID or an id that only one has; an activity has its hook before that: main:ID.",
            valueName: "name"))
    var focus: [String] = []

    @Option(help: ArgumentHelp("With --focus: at most so many edges away.", valueName: "n"))
    var depth: Int?

    @Flag(help: "With --focus: only what comes before it.")
    var up = false

    @Flag(help: "With --focus: only what comes behind it.")
    var down = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Say why the second waits for the first: a shortest way between them.", valueName: "a> <b"))
    var path: [String] = []

    @Option(help: ArgumentHelp("Draw only resources of this type (repeatable).", valueName: "type"))
    var only: [String] = []

    @Option(
        help: ArgumentHelp(
            "Draw resources of this type with the same parents as one node (repeatable).", valueName: "type"))
    var collapse: [String] = []

    @Flag(help: "Leave out activities without work, where that does not multiply edges.")
    var hideBarriers = false

    @Flag(help: "Leave out edges between whose ends another way leads.")
    var reduce = false

    @Option(help: "What frames are drawn around; resource in the activity view, none in the other.")
    var cluster: Clustering?

    func validate() throws {
        if !path.isEmpty && path.count != 2 {
            throw ValidationError("--path takes two names, and stands behind the plan: cairnc graph PLAN --path A B")
        }
        if focus.isEmpty && (depth != nil || up || down) {
            throw ValidationError("--depth, --up and --down belong to --focus")
        }
        if let depth, depth < 0 { throw ValidationError("--depth is a number from 0") }
    }

    /// Whether less than everything is drawn.
    var isPartial: Bool {
        !focus.isEmpty || !path.isEmpty || !only.isEmpty || !collapse.isEmpty || hideBarriers || reduce
    }

    var directions: Directions { up == down ? [.up, .down] : up ? .up : .down }
}

/// What is shown on a graph besides the plan.
struct OverlayOptions: ParsableArguments {
    @Flag(help: "Mark the longest path: what a run takes at least, by --timings or with every activity alike.")
    var criticalPath = false

    @Option(
        help: ArgumentHelp(
            "Take durations from a run record, a file of kind Timings, or a checkpoint.",
            discussion: "A checkpoint's record is asked of 'cairn checkpoints journal'.", valueName: "file|checkpoint"))
    var timings: String?

    @Flag(help: "With --format json: the resolved parameters of each node, and which layer gave each of them.")
    var parameters = false

    @Option(help: ArgumentHelp("Mark what is added, removed and changed since this plan.", valueName: "old"))
    var diff: String?

    @Option(
        help: ArgumentHelp(
            "Mark what happened in a run: its record, or a checkpoint.", valueName: "file|checkpoint"))
    var run: String?
}
