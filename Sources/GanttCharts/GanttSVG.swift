import Diagnostics
import PlanIR
import Scheduling

/// A chart as a picture: a lane for each job, a bar for each activity.
///
/// Bars that are too short to be seen are drawn together, so that the size of the picture is bounded by its width.
struct GanttSVG {
    private let gantt: Gantt
    /// The left edge of the bars.
    let left = 58.0
    private let right = 22.0
    private let top = 112.0
    /// The width of the whole time.
    let plotWidth: Double
    private let laneHeight: Double

    /// The picture's size in pixels.
    let width: Double
    let height: Double

    init(_ gantt: Gantt) {
        self.gantt = gantt
        let lanes = max(1, gantt.run.laneCount)
        // Bars of 40 pixels on average, as long as that is not too wide for a screen to scroll.
        plotWidth = min(max(Double(gantt.run.steps.count) / Double(lanes) * 40, 1000), 6000).rounded()
        laneHeight = lanes <= 24 ? 28 : lanes <= 64 ? 20 : lanes <= 200 ? 12 : 6
        width = left + plotWidth + right
        height = top + Double(lanes) * laneHeight + 96
    }

    private var bottom: Double { top + Double(max(1, gantt.run.laneCount)) * laneHeight }

    /// The picture as a file of its own.
    var document: [UInt8] {
        var out = MarkupText()
        out.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        element(into: &out)
        return out.bytes
    }

    /// The picture as an element.
    func element(into out: inout MarkupText) {
        out.line(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"gantt\" role=\"img\" width=\"\(px(width))\" height=\"\(px(height))\" viewBox=\"0 0 \(px(width)) \(px(height))\">"
        )
        out.line("<title>\(MarkupText.escaped(gantt.title))</title>")
        out.line("<style>\(style)</style>")
        out.line("<rect id=\"page\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>")
        heading(&out)
        lanes(&out)
        out.line("<g id=\"plot\" transform=\"translate(\(px(left)) 0)\">")
        axis(&out)
        bars(&out)
        out.line("</g>")
        legend(&out)
        out.line("</svg>")
    }

    private func px(_ value: Double) -> String { MarkupText.length(value) }

    private func x(_ time: Int64) -> Double {
        gantt.run.makespan == 0 ? 0 : Double(time) / Double(gantt.run.makespan) * plotWidth
    }

    private var style: String {
        var text = """

            text{font-family:Helvetica,Arial,sans-serif;font-size:11px;fill:#111827}
            .h{font-size:16px;font-weight:bold}.k{fill:#6b7280}.a{fill:#6b7280;text-anchor:middle}.n{fill:#6b7280;text-anchor:end}
            .t{stroke:#e5e7eb;stroke-width:1}.w{fill:#f9fafb}.b rect{stroke-width:1}
            .b.s rect{fill:#ffffff}.b.c rect{stroke:#111827;stroke-width:2}.b .e{fill:#dc2626!important;stroke:none!important}
            .b.q rect{stroke:none;fill-opacity:.85}.m rect{fill:#9ca3af;stroke:none}

            """
        for (number, paint) in Palette.paints.enumerated() {
            text += ".p\(number) rect{fill:\(paint.fill);stroke:\(paint.line)}.p\(number).q rect{fill:\(paint.line)}\n"
        }
        text += ".px rect{fill:\(Palette.unknown.fill);stroke:\(Palette.unknown.line)}\n"
        return text
    }

    // MARK: Around the bars

    private func heading(_ out: inout MarkupText) {
        let columns = Int((width - 40) / 9.6)
        let title = MarkupText.escaped(ShortText.cut(gantt.title, to: columns))
        out.line("<text class=\"h\" x=\"16\" y=\"28\">\(title)</text>")
        for (row, number) in gantt.numbers.enumerated() {
            let y = 46 + row * 15
            out.raw("<text class=\"k\" x=\"16\" y=\"\(y)\">\(number.name)</text>")
            out.line("<text x=\"96\" y=\"\(y)\">\(number.value)</text>")
        }
    }

    private func lanes(_ out: inout MarkupText) {
        // Every lane has its number when there is room for it.
        let every = Int((14 / laneHeight).rounded(.up))
        for lane in 0..<gantt.run.laneCount {
            let y = top + Double(lane) * laneHeight
            if lane % 2 == 0 {
                out.raw("<rect class=\"w\" x=\"\(px(left))\" y=\"\(px(y))\"")
                out.line(" width=\"\(px(plotWidth))\" height=\"\(px(laneHeight))\"/>")
            }
            if lane % every == 0 {
                let baseline = px(y + laneHeight / 2 + 4)
                out.line("<text class=\"n\" x=\"\(px(left - 8))\" y=\"\(baseline)\">job \(lane + 1)</text>")
            }
        }
    }

    private func axis(_ out: inout MarkupText) {
        if gantt.run.makespan == 0 { return }
        for time in TimeAxis.marks(to: gantt.run.makespan, atMost: Int(plotWidth / 90)) {
            let at = px(x(time))
            out.line("<line class=\"t\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(px(top - 4))\" y2=\"\(px(bottom))\"/>")
            // The last mark may stand at the very end, where there is no room on its right.
            let isAtEnd = plotWidth - x(time) < 24
            out.line(
                "<text class=\"a\" x=\"\(at)\" y=\"\(px(bottom + 16))\"\(isAtEnd ? " style=\"text-anchor:end\"" : "")>\(DurationWords.text(time))</text>"
            )
        }
    }

    private func legend(_ out: inout MarkupText) {
        var plugins: [(classes: String, words: String)] = []
        for (number, plugin) in gantt.ir.plugins.enumerated() {
            plugins.append(("p\(number % Palette.paints.count)", plugin.name))
        }
        legend(plugins, bottom + 38, &out)
        legend(
            [
                ("p7", "main"), ("p7 s", "prepare and complete"), ("p7 c", "on the critical path"),
                ("p7 z", "bounds the end"),
            ], bottom + 62, &out)
    }

    private func legend(_ entries: [(classes: String, words: String)], _ y: Double, _ out: inout MarkupText) {
        var place = 16.0
        for (position, entry) in entries.enumerated() {
            let words = LabelWidth.cut(entry.words, to: 200)
            let size = 22 + LabelWidth.of(words) + 24
            // What has no room is left out and said, rather than written over the edge.
            if place + size + 60 > width && position + 1 < entries.count {
                out.line("<text class=\"k\" x=\"\(px(place))\" y=\"\(px(y + 10))\">…</text>")
                return
            }
            out.raw("<g class=\"b \(entry.classes)\">")
            out.raw("<rect x=\"\(px(place))\" y=\"\(px(y))\" width=\"16\" height=\"12\"/>")
            if entry.classes.hasSuffix("z") {
                out.raw("<rect class=\"e\" x=\"\(px(place))\" y=\"\(px(y + 9))\" width=\"16\" height=\"3\"/>")
            }
            out.line("</g><text x=\"\(px(place + 22))\" y=\"\(px(y + 10))\">\(MarkupText.escaped(words))</text>")
            place += size
        }
    }

    // MARK: Bars

    /// Shorter bars than this are drawn together with their neighbours, in pixels, and how wide that makes them at most.
    private static let shortest = 2.0
    private static let widestCluster = 8.0

    /// Bars in a lane that are too short to be told apart.
    private struct Cluster {
        var steps: [Int]
        var start: Double
        var end: Double
    }

    private func bars(_ out: inout MarkupText) {
        var stepsOf = [[Int]](repeating: [], count: gantt.run.laneCount)
        for (position, step) in gantt.run.steps.enumerated() { stepsOf[Int(step.lane)].append(position) }
        for (lane, steps) in stepsOf.enumerated() {
            let y = top + Double(lane) * laneHeight
            var cluster: Cluster?
            for position in steps {
                let step = gantt.run.steps[position]
                let (start, end) = (x(step.start), x(step.end))
                if end - start < Self.shortest, let open = cluster, start - open.end < 0.5,
                    end - open.start < Self.widestCluster
                {
                    cluster?.steps.append(position)
                    cluster?.end = end
                    continue
                }
                flush(&cluster, y, &out)
                if end - start < Self.shortest {
                    cluster = Cluster(steps: [position], start: start, end: end)
                } else {
                    bar(position, start, end, y, &out)
                }
            }
            flush(&cluster, y, &out)
        }
    }

    private func flush(_ cluster: inout Cluster?, _ y: Double, _ out: inout MarkupText) {
        guard let open = cluster else { return }
        cluster = nil
        let steps = open.steps.map { gantt.run.steps[$0] }
        guard let first = steps.first, let last = steps.last, steps.count > 1 else {
            for position in open.steps { bar(position, open.start, open.end, y, &out) }
            return
        }
        let plugins = steps.map { gantt.subject($0).resource.plugin }
        let isOfOne = plugins.allSatisfy { $0 == plugins[0] }
        let span = "\(DurationWords.text(first.start)) to \(DurationWords.text(last.end))"
        let busy = steps.reduce(0) { $0 + $1.end - $1.start }
        out.line(
            "<g class=\"\(isOfOne ? "b \(Palette.style(of: plugins[0])) q" : "m")\"><title>\(steps.count) short activities\n\n\(span), \(DurationWords.text(busy)) of work</title>\(rect(open.start, open.end, y))</g>"
        )
    }

    private func rect(_ start: Double, _ end: Double, _ y: Double, inset: Double = 0) -> String {
        let margin = laneHeight >= 12 ? 2.0 : 0.5
        return
            "<rect x=\"\(px(start + inset))\" y=\"\(px(y + margin + inset))\" width=\"\(px(max(0.5, end - start - 2 * inset)))\" height=\"\(px(laneHeight - 2 * margin - 2 * inset))\"/>"
    }

    private func bar(_ position: Int, _ start: Double, _ end: Double, _ y: Double, _ out: inout MarkupText) {
        let step = gantt.run.steps[position]
        let (hook, resource, _) = gantt.subject(step)
        let isThin = end - start < 4
        let isOnPath = gantt.isOnPath[Int(step.activity)]
        var classes = "b " + Palette.style(of: resource.plugin)
        if hook != .main && !isThin { classes += " s" }
        if isThin && !isOnPath { classes += " q" }
        if isOnPath { classes += " c" }
        out.raw("<g class=\"\(classes)\"><title>")
        out.raw(gantt.words(step).map(MarkupText.escaped).joined(separator: "\n"))
        // An outline lies within the bar, so that neighbours do not hide it.
        out.raw("</title>" + rect(start, end, y, inset: isThin ? 0 : isOnPath ? 1 : 0.5))
        if gantt.boundsEnd[position] {
            let height = laneHeight >= 12 ? 3.0 : 1.5
            out.raw(
                "<rect class=\"e\" x=\"\(px(start))\" y=\"\(px(y + laneHeight - height - (laneHeight >= 12 ? 2 : 0.5)))\" width=\"\(px(max(0.5, end - start)))\" height=\"\(px(height))\"/>"
            )
        }
        if laneHeight >= 20, let label = label(resource.name, hook, in: end - start - 8) {
            // A picture within the picture: whatever the font, nothing is written beyond the bar.
            out.raw(
                "<svg class=\"l\" x=\"\(px(start + 4))\" y=\"\(px(y))\" width=\"\(px(end - start - 8))\" height=\"\(px(laneHeight))\"><text y=\"\(px(laneHeight / 2 + 4))\">\(MarkupText.escaped(label))</text></svg>"
            )
        }
        out.line("</g>")
    }

    /// What is written on a bar: the name and the hook where both fit, else as much of the name as fits.
    private func label(_ name: String, _ hook: Hook, in width: Double) -> String? {
        let whole = "\(DisplayWidth.harmless(name)): \(hook.name)"
        if LabelWidth.of(whole) <= width { return whole }
        let short = LabelWidth.cut(DisplayWidth.harmless(name), to: width)
        return short.isEmpty ? nil : short
    }
}

/// How wide text is at 11 pixels, rather too wide than too narrow.
enum LabelWidth {
    static func of(_ text: String) -> Double {
        text.unicodeScalars.reduce(0) { sum, scalar in sum + of(scalar) }
    }

    private static func of(_ scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "I", "t", "f", "r", ".", ",", ":", ";", "'", "|", "!", " ", "-", "/", "(", ")": 4.2
        case "m", "w", "M", "W", "@", "%": 10.5
        case "A"..."Z": 8.2
        case "\u{20}"..."\u{7E}": 6.4
        default: DisplayWidth.columns(of: String(scalar)) == 2 ? 12 : 8.5
        }
    }

    /// As much of the beginning of a text as fits, three characters at least, with a mark where something was left out.
    static func cut(_ text: String, to width: Double) -> String {
        if of(text) <= width { return text }
        var out = ""
        var used = of("…")
        for character in text {
            used += of(String(character))
            if used > width { break }
            out.append(character)
        }
        return out.count < 3 ? "" : out + "…"
    }
}

/// The colours that tell plugins apart, as in the drawings of graphs: light fills that keep black text readable, told
/// apart also by people who see few colours.
enum Palette {
    struct Paint {
        let fill: String
        let line: String
    }

    static let paints = [
        Paint(fill: "#dbeafe", line: "#2563eb"), Paint(fill: "#fef3c7", line: "#b45309"),
        Paint(fill: "#dcfce7", line: "#15803d"), Paint(fill: "#fce7f3", line: "#be185d"),
        Paint(fill: "#ede9fe", line: "#6d28d9"), Paint(fill: "#cffafe", line: "#0e7490"),
        Paint(fill: "#fee2e2", line: "#b91c1c"), Paint(fill: "#e5e7eb", line: "#374151"),
    ]
    /// For resources without a plugin.
    static let unknown = Paint(fill: "#f3f4f6", line: "#9ca3af")

    /// The style of a plugin's bars.
    static func style(of plugin: Int32) -> String { plugin < 0 ? "px" : "p\(Int(plugin) % paints.count)" }
}
