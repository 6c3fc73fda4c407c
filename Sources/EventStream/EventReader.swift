internal import CanonicalForm
internal import Engine
internal import PlanIR
internal import PluginKit

/// Why a file is no event stream, and in which line.
package struct EventStreamError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

/// Rebuilds a run from its event stream, a line at a time.
///
/// Kinds and members that it does not know are passed over, so that later programs may add some.
package struct EventReader {
    private var lines = 0
    private var positions: [String: Int] = [:]
    /// What was rebuilt so far; `nil` before the first line.
    package private(set) var run: RebuiltRun?

    package init() {}

    /// Rebuilds a run from a whole stream. A last line that was cut off is passed over, and `isTorn` says so.
    package static func read(_ bytes: [UInt8]) throws(EventStreamError) -> RebuiltRun {
        var reader = EventReader()
        var rest = bytes[...]
        var isTorn = false
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: 0x0A) else {
                isTorn = true
                break
            }
            try reader.take(rest[..<end])
            rest = rest[(end + 1)...]
        }
        guard var run = reader.run else {
            throw EventStreamError(line: 1, reason: "there is no line; the first one says what the stream is")
        }
        run.isTorn = isTorn
        return run
    }

    /// Takes the next line, without its line feed.
    package mutating func take(_ line: ArraySlice<UInt8>) throws(EventStreamError) {
        let number = lines + 1
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(line)) } catch {
            throw EventStreamError(line: number, reason: "this is no JSON object: \(error)")
        }
        guard let object = value.objectValue else {
            throw EventStreamError(line: number, reason: "this is no JSON object")
        }
        let event = EventLine(number: number, object: object)
        guard try event.number("seq") == Int64(lines) else {
            throw event.error("the line has another number than \(lines): lines are missing or out of order")
        }
        if lines == 0 {
            try begin(event)
        } else if let kind = EventKind(rawValue: try event.text("event")) {
            try take(kind, event)
        }
        lines += 1
    }

    private mutating func begin(_ event: EventLine) throws(EventStreamError) {
        guard try event.text("event") == EventKind.stream.rawValue else {
            throw event.error("this is no event stream: the first line is no event 'stream'")
        }
        let version = try event.number("version")
        guard version == EventShapes.version else {
            throw event.error("the stream has version \(version), and this program reads \(EventShapes.version)")
        }
        run = RebuiltRun(program: try event.text("program"))
    }

    private mutating func take(_ kind: EventKind, _ event: EventLine) throws(EventStreamError) {
        switch kind {
        case .stream: throw event.error("a stream begins once")
        case .began:
            let beginning = try event.beginning()
            if let before = run, before.end != nil {
                var next = RebuiltRun(program: before.program)
                next.earlier = before.earlier
                var last = before
                last.earlier = []
                next.earlier.append(last)
                run = next
                positions = [:]
            }
            run?.beginning = beginning
        case .adopted: try change(event) { $0.state = .adopted }
        case .started:
            let (attempt, elapsed) = (Int(try event.number("attempt")), try event.number("elapsed"))
            try change(event) {
                $0.state = .running
                $0.attempt = attempt
                $0.started = elapsed
                $0.ended = nil
            }
        case .finished: try finish(event, .done)
        case .cancelled: try finish(event, .cancelled)
        case .failed: try finish(event, .failed, message: try event.text("message"))
        case .retrying: try finish(event, .waiting, message: try event.text("message"))
        case .progress:
            let (bytes, expected) = (try event.number("contentBytes"), try event.number(ifAny: "expectedBytes"))
            try resource(event) {
                $0.contentBytes = bytes
                $0.expectedBytes = expected
            }
        case .done:
            let bytes = try event.number("contentBytes")
            try resource(event) {
                $0.contentBytes = bytes
                $0.isDone = true
            }
        case .warning:
            let warning = ActivityWarning(
                kind: try event.text("kind"), subject: try event.text("subject"), message: try event.text("message"))
            try resource(event) { $0.warnings.append(warning) }
        case .undoRegistered: try resource(event) { $0.undoIsDue = true }
        case .undoDischarged: try resource(event) { $0.undoIsDue = false }
        case .stopping: run?.stopReasons.append(try event.text("reason"))
        case .reverting: break
        case .reverted:
            try resource(event) {
                $0.undoing = .undone
                $0.undoIsDue = false
            }
        case .revertFailed:
            let message = try event.text("message")
            try resource(event) { $0.undoing = .failed(message) }
        case .damaged: run?.damaged.append(try event.text("object"))
        case .notice: run?.notices.append(try event.text("message"))
        case .result:
            let status = try event.text("status")
            try resource(event) { $0.result = status }
        case .ended:
            run?.end = RebuiltRun.End(
                time: try event.text("time"), elapsed: try event.number("elapsed"), status: try event.text("status"),
                failures: try event.number("failures"), warnings: try event.number("warnings"),
                contentBytes: try event.number("contentBytes"))
        case .aborted: run?.abortion = try event.text("message")
        case .notified:
            run?.deliveries.append(
                RebuiltRun.Delivery(
                    target: try event.text("target"), isDelivered: try event.truth("delivered"),
                    message: try event.text(ifAny: "message")))
        }
    }

    private mutating func resource(
        _ event: EventLine, _ body: (inout RebuiltRun.Resource) -> Void
    ) throws(EventStreamError) {
        let identity = try event.text("resource")
        guard var run else { return }
        self.run = nil
        let position = positions[identity] ?? run.resources.count
        if position == run.resources.count {
            positions[identity] = position
            run.resources.append(RebuiltRun.Resource(identity: identity))
        }
        body(&run.resources[position])
        self.run = run
    }

    private mutating func change(
        _ event: EventLine, _ body: (inout RebuiltRun.Activity) -> Void
    ) throws(EventStreamError) {
        let name = try event.text("hook")
        guard let hook = Hook(name: name) else { throw event.error("'\(name)' is no hook") }
        try resource(event) { resource in
            if let position = resource.activities.firstIndex(where: { $0.hook == hook }) {
                body(&resource.activities[position])
            } else {
                var activity = RebuiltRun.Activity(hook: hook, state: .running)
                body(&activity)
                resource.activities.append(activity)
            }
        }
    }

    private mutating func finish(
        _ event: EventLine, _ state: RebuiltRun.ActivityState, message: String? = nil
    ) throws(EventStreamError) {
        let elapsed = try event.number("elapsed")
        try change(event) {
            $0.state = state
            $0.ended = elapsed
            if let message { $0.message = message }
        }
    }
}

/// One line, with what it must have.
private struct EventLine {
    let number: Int
    let object: JSONObject

    func error(_ reason: String) -> EventStreamError { EventStreamError(line: number, reason: reason) }

    func text(_ member: String) throws(EventStreamError) -> String {
        guard let value = object[member] else { throw error("the member '\(member)' is missing") }
        guard let text = value.stringValue else { throw error("the member '\(member)' is no text") }
        return text
    }

    func text(ifAny member: String) throws(EventStreamError) -> String? {
        object[member] == nil ? nil : try text(member)
    }

    func number(_ member: String) throws(EventStreamError) -> Int64 {
        guard let value = object[member] else { throw error("the member '\(member)' is missing") }
        guard let number = value.integerValue, number >= 0 else {
            throw error("the member '\(member)' is no whole number from 0")
        }
        return number
    }

    func number(ifAny member: String) throws(EventStreamError) -> Int64? {
        object[member] == nil ? nil : try number(member)
    }

    func truth(_ member: String) throws(EventStreamError) -> Bool {
        guard let value = object[member]?.boolValue else { throw error("the member '\(member)' is no truth value") }
        return value
    }

    func beginning() throws(EventStreamError) -> RunBeginning {
        let name = try text("operation")
        guard let operation = OperationKind(rawValue: name) else { throw error("'\(name)' is no operation") }
        guard let epoch = UInt32(exactly: try number("epoch")) else { throw error("the epoch is too large") }
        return RunBeginning(
            operation: operation, id: try text("id"), checkpoint: try text("checkpoint"), plan: try text("plan"),
            provider: try text("provider"), epoch: epoch, resources: Int(try number("resources")),
            activities: Int(try number("activities")), jobs: Int(try number("jobs")),
            expectedBytes: try number(ifAny: "expectedBytes"),
            expectedNanoseconds: try number(ifAny: "expectedNanoseconds"))
    }
}
