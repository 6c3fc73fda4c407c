import Diagnostics
import PlanIR
import Scheduling
import Timings

/// A chart of characters.
struct GanttText {
    /// The most lanes that are drawn.
    private static let mostLanes = 40
    /// The most steps of the chain to the end that are listed.
    private static let mostBounds = 12

    private struct Row {
        let label: String
        let steps: [Int]
    }

    private let gantt: Gantt
    private let width: Int
    private let isUnicode: Bool
    private var lines: [String] = []

    init(_ gantt: Gantt, width: Int, isUnicode: Bool) {
        self.gantt = gantt
        self.width = max(40, min(width, 1000))
        self.isUnicode = isUnicode
        draw()
    }

    var bytes: [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

    private var run: Simulation { gantt.run }

    private mutating func draw() {
        lines.append(cut(plain(gantt.title), to: width))
        lines.append("")
        if run.makespan > 0 {
            let byResource = rowsByResource()
            drawRows(byResource ?? rowsByLane(), namesInside: byResource == nil)
            lines.append("")
            addLegend()
            lines.append("")
        }
        for (name, value) in gantt.numbers {
            lines.append(cut(name + String(repeating: " ", count: 14 - name.count) + plain(value), to: width))
        }
        listBounds()
    }

    // MARK: Rows

    /// A row for each resource that has something to do, unless there are too many.
    private func rowsByResource() -> [Row]? {
        var stepsOf: [[Int]] = []
        var rowOf: [Int: Int] = [:]
        var resources: [Int] = []
        for (position, step) in run.steps.enumerated() {
            let resource = gantt.subject(step).position
            if let row = rowOf[resource] {
                stepsOf[row].append(position)
                continue
            }
            if resources.count == WhatIf.mostResourceRows { return nil }
            rowOf[resource] = resources.count
            resources.append(resource)
            stepsOf.append([position])
        }
        // In the order of the plan.
        return resources.indices.sorted { resources[$0] < resources[$1] }.map { row in
            let isOnPath = stepsOf[row].contains { gantt.isOnPath[Int(run.steps[$0].activity)] }
            let resource = gantt.ir.resources[resources[row]]
            let isOnlyName = resources.filter { gantt.ir.resources[$0].name == resource.name }.count == 1
            let name = plain(DisplayWidth.harmless(isOnlyName ? resource.name : resource.identity))
            return Row(label: (isOnPath ? "* " : "  ") + cut(name, to: 26), steps: stepsOf[row])
        }
    }

    private func rowsByLane() -> [Row] {
        var stepsOf = [[Int]](repeating: [], count: min(run.laneCount, Self.mostLanes))
        for (position, step) in run.steps.enumerated() where Int(step.lane) < stepsOf.count {
            stepsOf[Int(step.lane)].append(position)
        }
        return stepsOf.enumerated().map { lane, steps in Row(label: "job \(lane + 1)", steps: steps) }
    }

    private mutating func drawRows(_ rows: [Row], namesInside: Bool) {
        let labels = max(rows.map { DisplayWidth.columns(of: $0.label) }.max() ?? 0, 4)
        let columns = max(10, width - labels - 1)
        add("", axis(columns), labels)
        for row in rows { add(row.label, cells(row, columns, namesInside), labels) }
        if run.laneCount > Self.mostLanes && namesInside {
            lines.append("and \(run.laneCount - Self.mostLanes) more jobs")
        }
        add("busy", load(columns), labels)
    }

    private mutating func add(_ label: String, _ cells: String, _ width: Int) {
        let padding = String(repeating: " ", count: width - DisplayWidth.columns(of: label) + 1)
        var line = label + padding + cells
        while line.hasSuffix(" ") { line.removeLast() }
        lines.append(line)
    }

    // MARK: Cells

    /// The column in which a time lies, and the part of it that is before.
    private func place(_ time: Int64, _ columns: Int) -> Double {
        Double(time) / Double(run.makespan) * Double(columns)
    }

    private func axis(_ columns: Int) -> String {
        var line = ""
        for time in TimeAxis.marks(to: run.makespan, atMost: max(1, columns / 12)) {
            let column = min(columns - 1, Int(place(time, columns)))
            let text = DurationWords.text(time)
            guard column >= line.count, column + text.count <= columns else { continue }
            line += String(repeating: " ", count: column - line.count) + text + " "
        }
        return line
    }

    /// One row: each cell shows the hook that takes most of its time, and no step is left out for being short.
    private func cells(_ row: Row, _ columns: Int, _ namesInside: Bool) -> String {
        var owner = [Int](repeating: -1, count: columns)
        var share = [Double](repeating: -1, count: columns)
        for position in row.steps {
            let step = run.steps[position]
            let (start, end) = (place(step.start, columns), place(step.end, columns))
            let first = min(columns - 1, Int(start))
            let last = max(first, min(columns - 1, Int(end.rounded(.up)) - 1))
            for cell in first...last {
                let part = min(end, Double(cell + 1)) - max(start, Double(cell))
                if part > share[cell] { (owner[cell], share[cell]) = (position, part) }
            }
        }
        var cells = owner.map { $0 < 0 ? " " : sign(of: gantt.subject(run.steps[$0]).hook) }
        if namesInside { writeNames(owner, &cells) }
        return cells.joined()
    }

    /// Writes names into bars that have room for them.
    private func writeNames(_ owner: [Int], _ cells: inout [String]) {
        var cell = 0
        while cell < owner.count {
            let first = cell
            while cell < owner.count && owner[cell] == owner[first] { cell += 1 }
            guard owner[first] >= 0, cell - first >= 6 else { continue }
            let resource = gantt.subject(run.steps[owner[first]]).resource
            let whole = plain(DisplayWidth.harmless(resource.name))
            let name = cut(whole, to: cell - first - 2)
            // A few letters of a name say less than the bar.
            if name != whole && cell - first < 12 { continue }
            var place = first + 1
            for character in name {
                let columns = DisplayWidth.columns(of: String(character))
                // What takes no column belongs to the one before it.
                if columns == 0 {
                    cells[place - 1].append(character)
                    continue
                }
                cells[place] = String(character)
                for further in 1..<max(1, columns) { cells[place + further] = "" }
                place += columns
            }
        }
    }

    /// How many of the jobs are busy in each column.
    private func load(_ columns: Int) -> String {
        var busy = [Double](repeating: 0, count: columns)
        for step in run.steps {
            let (start, end) = (place(step.start, columns), place(step.end, columns))
            let first = min(columns - 1, Int(start))
            let last = max(first, min(columns - 1, Int(end.rounded(.up)) - 1))
            for cell in first...last {
                busy[cell] += max(0, min(end, Double(cell + 1)) - max(start, Double(cell)))
            }
        }
        let levels = Array(isUnicode ? " ▁▂▃▄▅▆▇█" : " .:-=+*%#")
        return String(
            busy.map { part in
                // A column in which anything runs is never empty.
                let level = (part / Double(run.jobs) * 8).rounded()
                return levels[max(part > 0 ? 1 : 0, min(8, Int(level)))]
            })
    }

    // MARK: Words

    private func sign(of hook: Hook) -> String {
        switch hook {
        case .prepareBegin: isUnicode ? "░" : "-"
        case .prepareFinish: isUnicode ? "▒" : "="
        case .main: isUnicode ? "█" : "#"
        case .complete: isUnicode ? "▓" : "+"
        }
    }

    /// The legend, in as many lines as it needs.
    private mutating func addLegend() {
        var line = ""
        for entry in gantt.hooks.map({ "\(sign(of: $0)) \($0.name)" }) + ["* on the critical path"] {
            if !line.isEmpty && line.count + 3 + entry.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : "   ") + entry
        }
        lines.append(line)
    }

    private mutating func listBounds() {
        let chain = run.boundingSteps
        if chain.isEmpty { return }
        lines.append("")
        lines.append("The end is bound by")
        let before = chain.count - Self.mostBounds
        if before > 0 { lines.append("  \(before) \(before == 1 ? "activity" : "activities") before these") }
        let times = chain.suffix(Self.mostBounds).map { Moment.text(run.steps[$0].start).count }.max() ?? 0
        for position in chain.suffix(Self.mostBounds) {
            let step = run.steps[position]
            let (hook, resource, _) = gantt.subject(step)
            let mark = gantt.isOnPath[Int(step.activity)] ? "* " : "  "
            let time = Moment.text(step.start)
            let why =
                step.waitedForLimit ? ", when its limit lets it" : step.waitedForLane ? ", when a job is free" : ""
            let rest = "  \(hook.name) of \(resource.identity), \(DurationWords.text(step.end - step.start))\(why)"
            lines.append(
                cut(
                    mark + String(repeating: " ", count: max(0, times - time.count)) + time
                        + plain(DisplayWidth.harmless(rest)), to: width))
        }
    }

    private func cut(_ text: String, to columns: Int) -> String {
        ShortText.cut(text, to: columns, mark: isUnicode ? "…" : "~")
    }

    /// The text with a question mark for what ASCII has not, where nothing else can be shown.
    private func plain(_ text: String) -> String {
        if isUnicode { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
    }
}
