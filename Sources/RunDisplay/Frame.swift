internal import Engine
internal import PlanIR
internal import Wording

/// A picture of a run: lines that fit the terminal.
package struct Frame: Sendable, Hashable {
    /// How a piece of text stands out, where colours may be used.
    enum Style: Sendable, Hashable {
        case plain, strong, faint, good, bad, careful

        var code: String? {
            switch self {
            case .plain: nil
            case .strong: "1"
            case .faint: "2"
            case .good: "32"
            case .bad: "31"
            case .careful: "33"
            }
        }
    }

    struct Piece: Sendable, Hashable {
        let text: String
        let style: Style

        init(_ text: String, _ style: Style = .plain) {
            self.text = Words.harmless(text)
            self.style = style
        }
    }

    private(set) var lines: [[Piece]] = []
    private let width: Int

    /// The picture of `view` for a terminal of so many columns and rows. It leaves a column and a row free, so that
    /// nothing wraps or scrolls.
    package init(_ view: RunView, at now: Int64, columns: Int, rows: Int) {
        width = max(1, columns - 1)
        let most = max(1, rows - 1)
        guard let run = view.beginning else {
            lines = []
            return
        }
        add(Frame.heading(view, run, now))
        if most > 1 { add(Frame.phases(view)) }
        let running = view.running
        let room = max(0, most - lines.count)
        guard room > 0, !running.isEmpty else { return }
        // When not all fit, the last line says how many more there are.
        let shown = running.count <= room ? running.count : room - 1
        let cells = running.prefix(shown).map { Frame.cells(of: $0, view, now) }
        let widths = (0..<4).map { column in cells.map { Words.columns(of: $0[column]) }.max() ?? 0 }
        for cell in cells {
            let figures = zip(cell, widths).map { Frame.padded($0.0, $0.1) }.joined(separator: "  ")
            let name = Words.harmless(cell[4])
            add([Piece("  " + figures, .faint), Piece("  " + name)])
        }
        if shown < running.count { add([Piece("  and \(running.count - shown) more", .faint)]) }
    }

    private mutating func add(_ pieces: [Piece]) {
        var left = width
        var line: [Piece] = []
        for piece in pieces where left > 0 {
            let text = Words.fitting(piece.text, columns: left)
            left -= Words.columns(of: text)
            line.append(Piece(text, piece.style))
        }
        lines.append(line)
    }

    private static func padded(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - Words.columns(of: text))) + text
    }

    private static func heading(_ view: RunView, _ run: RunBeginning, _ now: Int64) -> [Piece] {
        var pieces = [Piece("\(run.operation.rawValue) \(run.plan)", .strong)]
        var text = "  " + Words.duration(Double(max(0, now - view.started)) / 1e9)
        if run.epoch > 1 { text += "  resumed" }
        let total = max(view.expectedBytes, run.expectedBytes ?? 0)
        if view.bytes > 0 {
            text += "  " + Words.bytes(view.bytes)
            if total > view.bytes { text += " of " + Words.bytes(total) }
            text += "  \(Words.bytes(Int64(max(0, min(9e18, view.pace.perSecond)))))/s"
        }
        if view.stage == nil, let left = view.remaining(at: now), left >= 500_000_000 {
            text += "  about \(Words.duration(Double(left) / 1e9)) left"
        }
        pieces.append(Piece(text))
        if let stage = view.stage { pieces.append(Piece("  " + stage, .careful)) }
        return pieces
    }

    private static let names: [(RunView.Phase, String, Style)] = [
        (.waiting, "waiting", .plain), (.preparing, "preparing", .plain), (.copying, "copying", .plain),
        (.completing, "completing", .plain), (.done, "done", .good), (.failed, "failed", .bad),
    ]

    private static func phases(_ view: RunView) -> [Piece] {
        var pieces = [Piece("\(view.count(.done))/\(view.beginning?.resources ?? 0) resources")]
        for (phase, name, style) in names where view.count(phase) > 0 {
            // What the fraction says already need not be said again; for its colour it is.
            pieces.append(Piece("  \(view.count(phase)) \(name)", style))
        }
        if view.warnings > 0 { pieces.append(Piece("  \(Words.count(view.warnings, "warning"))", .careful)) }
        return pieces
    }

    /// Hook, bytes, rate and time of an activity, and its resource.
    private static func cells(of running: RunView.Running, _ view: RunView, _ now: Int64) -> [String] {
        let bytes = view.bytes(of: running)
        let rate = running.pace.perSecond
        return [
            running.activity.hook.name + (running.attempt > 1 ? " (attempt \(running.attempt))" : ""),
            bytes > 0 ? Words.bytes(bytes) : "",
            bytes > 0 && rate >= 1 ? "\(Words.bytes(Int64(min(9e18, rate))))/s" : "",
            Words.duration(Double(max(0, now - running.started)) / 1e9), running.activity.identity,
        ]
    }

    /// The lines as a terminal shall get them.
    package func text(colored: Bool) -> [String] {
        lines.map { line in
            line.map { piece in
                guard colored, let code = piece.style.code else { return piece.text }
                return "\u{1B}[\(code)m\(piece.text)\u{1B}[m"
            }.joined()
        }
    }
}
