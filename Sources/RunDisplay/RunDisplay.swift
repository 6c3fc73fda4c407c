internal import BlockingIO
package import CommandLineSupport
internal import Dispatch
package import Engine
internal import Glibc
package import Surroundings
internal import Synchronization

/// Shows a run to people: a picture that is drawn anew on a terminal, plain lines otherwise.
///
/// Events are only taken note of where they happen; a thread of the display's own writes, ten times a second on a
/// terminal. So a terminal that is slow, stopped or gone does not hold the run up.
package final class RunDisplay: RunObserver {
    /// How much is kept for a terminal or a reader that takes nothing.
    private static let mostWaiting = 16 << 20
    /// How long the end of the run waits for one.
    private static let patience: Int64 = 5_000_000_000
    private static let interval = 100

    private struct State {
        var view = RunView()
        var messages: RunMessages
        /// How many lines were given up because nobody took them.
        var lost = 0
        var isGone = false
        var finishedAt: Int64?
    }

    private let state: Mutex<State>
    private let stream: StandardStream
    private let showsEvents: Bool
    private let isLive: Bool
    private let isColored: Bool
    private let clock: any RunClock
    private let something = DispatchSemaphore(value: 0)
    private let hurry = DispatchSemaphore(value: 0)

    /// A display that draws when its stream is a terminal; a quiet one shows failures and warnings only. Without
    /// `showsEvents`, it shows what it is told and nothing else.
    package init(
        quiet: Bool = false, showsEvents: Bool = true, on stream: StandardStream = .error,
        clock: any RunClock = SystemClock()
    ) {
        let kind = StandardStream.environment("TERM") ?? ""
        self.stream = stream
        self.showsEvents = showsEvents
        isLive = showsEvents && !quiet && stream.isTerminal && !kind.isEmpty && kind != "dumb"
        isColored = stream.isColored
        self.clock = clock
        state = Mutex(State(messages: RunMessages(tellsDone: !isLive && !quiet)))
    }

    package var wantsEstimate: Bool { isLive }

    package func observe(_ event: RunEvent) { observe(event, at: isLive ? clock.monotonicNanoseconds : 0) }

    /// Takes note of an event that happened at `now` by the display's clock.
    package func observe(_ event: RunEvent, at now: Int64) {
        guard showsEvents else { return }
        add { state in
            if isLive { state.view.take(event, at: now) }
            state.messages.add(event)
        }
    }

    /// Shows a line of text besides what events say. It never waits, and may be called from any thread.
    package func tell(_ line: String) { add { $0.messages.line(line) } }

    private func add(_ body: (inout State) -> Void) {
        let isFirst = state.withLock { state in
            guard !state.isGone else { return false }
            let wasEmpty = state.messages.bytes.isEmpty
            body(&state)
            if state.messages.bytes.count > Self.mostWaiting {
                // What comes last says most.
                state.lost += state.messages.lines
                _ = state.messages.take()
                return false
            }
            return wasEmpty && !state.messages.bytes.isEmpty
        }
        if isFirst && !isLive { something.signal() }
    }

    /// Shows what happens until `finish` is called; to be run beside the operation.
    package func show() async {
        // The thread's body throws nothing.
        try? await BlockingThreads.runAlone(name: "cairn.display") { self.showAll() }
    }

    /// Nothing comes any more: `show` clears the picture and ends.
    package func finish() {
        state.withLock { $0.finishedAt = SystemClock().monotonicNanoseconds }
        something.signal()
        hurry.signal()
    }

    private func showAll() {
        let isPatient = { [self] in
            state.withLock { $0.finishedAt }.map { SystemClock().monotonicNanoseconds - $0 < Self.patience } ?? true
        }
        do throws(PatientFile.Failure) {
            let file = try PatientFile(duplicating: stream.descriptor)
            defer { file.close() }
            var screen = TerminalScreen()
            while true {
                if !isLive { something.wait() }
                if state.withLock({ $0.finishedAt == nil }) {
                    _ = hurry.wait(timeout: .now() + .milliseconds(Self.interval))
                }
                let (messages, frame, isFinished) = next()
                var bytes = messages
                if isLive {
                    bytes =
                        isFinished
                        ? screen.erased() + messages
                        : screen.draw(frame?.text(colored: isColored) ?? [], messages: messages)
                }
                if !bytes.isEmpty { try file.write(bytes, patience: isPatient) }
                if isFinished && state.withLock({ $0.messages.bytes.isEmpty }) { return }
            }
        } catch {
            // What is still to be said at the end is not waited for once more.
            if error.code == ETIMEDOUT { stream.giveUp() }
            // Where nobody looks any more, nothing need be kept for them.
            state.withLock { state in
                state.isGone = true
                _ = state.messages.take()
            }
        }
    }

    private static func words(lost lines: Int) -> String {
        "note: \(lines) lines were lost here, since nobody read them; the records in the bank have all"
    }

    private func next() -> (messages: [UInt8], frame: Frame?, isFinished: Bool) {
        let now = clock.monotonicNanoseconds
        let (messages, view, isFinished) = state.withLock { state -> ([UInt8], RunView?, Bool) in
            if isLive { state.view.measure(at: now) }
            if state.lost > 0 { state.messages.line(Self.words(lost: state.lost), first: true) }
            state.lost = 0
            return (state.messages.take(), isLive ? state.view : nil, state.finishedAt != nil)
        }
        guard let view, !isFinished else { return (messages, nil, isFinished) }
        // Asked for each picture, so that it fits right after a resize.
        let size = Terminal.size(of: stream.descriptor)
        return (messages, Frame(view, at: now, columns: size.columns, rows: size.rows), isFinished)
    }
}

/// The terminal behind a descriptor.
enum Terminal {
    /// Its columns and rows, 80 and 24 when it does not say.
    static func size(of descriptor: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
