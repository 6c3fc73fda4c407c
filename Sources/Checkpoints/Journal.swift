package import CanonicalForm
package import PlanIR

/// What one hook of a resource has left behind in the bank and in its definition.
package struct HookResult: Sendable, Hashable {
    /// What the plugin returned for the protection definition.
    package var saved: JSONObject
    /// The artifacts that the hook has finished.
    package var artifacts: [DefinitionRecord.Artifact]
    package var warnings: WarningList
    /// Bytes of content handled.
    package var contentBytes: Int64
    /// How long its last attempt took, in milliseconds.
    package var milliseconds: Int64

    package init(
        saved: JSONObject = JSONObject(), artifacts: [DefinitionRecord.Artifact] = [],
        warnings: WarningList = WarningList(), contentBytes: Int64 = 0, milliseconds: Int64 = 0
    ) {
        self.saved = saved
        self.artifacts = artifacts
        self.warnings = warnings
        self.contentBytes = contentBytes
        self.milliseconds = milliseconds
    }
}

/// One line of a journal: something that happened to a resource.
package struct JournalEvent: Sendable, Hashable {
    /// What happened.
    package enum Change: Sendable, Hashable {
        /// An attempt at a hook began, counted from 1.
        case started(attempt: Int)
        /// The hook did its work.
        case finished(HookResult)
        /// An earlier epoch had finished the hook, and its result is taken over.
        case adopted(HookResult)
        /// An attempt failed, and another one will follow.
        case retrying(message: String)
        /// The hook failed; what it had warned of is kept.
        case failed(message: String, warnings: WarningList)
        /// The hook was stopped because another one had failed, or the whole run was cancelled.
        case cancelled
        /// Something must be undone from now on.
        case undo(JSONObject)
        /// Nothing must be undone any more.
        case undone
        /// The resource was reverted.
        case reverted
        /// Reverting it failed.
        case revertFailed(message: String)
        /// So many bytes of content have been handled since the hook began; now and then, for those who watch.
        case progress(bytes: Int64)
    }

    /// The resource's position in the IR.
    package let resource: Int
    /// The hook; `nil` for what is about the resource as a whole.
    package let hook: Hook?
    package let time: Timestamp
    package let change: Change

    package init(resource: Int, hook: Hook?, time: Timestamp, _ change: Change) {
        self.resource = resource
        self.hook = hook
        self.time = time
        self.change = change
    }
}

/// One object of a journal: the events that became durable together.
package struct JournalSegment: Sendable, Hashable {
    package static let format = "cairn.journal"
    package static let version: Int64 = 2

    package let number: UInt32
    package let events: [JournalEvent]

    package init(number: UInt32, events: [JournalEvent]) {
        self.number = number
        self.events = events
    }

    /// The bytes to store.
    package var bytes: [UInt8] {
        var rows = JournalRows()
        for event in events { rows.append(event) }
        return rows.sealed(number: number)
    }

    /// Opens segment `number` of a journal that is about the resources of `ir`.
    package init(opening bytes: [UInt8], number expected: UInt32, of ir: PlanIR) throws(SealedRecordError) {
        try self.init(opening: bytes) { () throws(SealedRecordError) -> [String: Int] in
            Dictionary(
                ir.resources.enumerated().map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        }
        guard number == expected else { throw .malformed(member: "segment", expected: "\(expected)") }
        guard events.allSatisfy({ $0.resource < ir.resources.count }) else {
            throw .malformed(member: "events", expected: "resources of the plan")
        }
    }

    /// Opens a segment. Those of version 1 name activities by their resources' identities, whose positions `identities`
    /// gives.
    package init(
        opening bytes: [UInt8], identities: () throws(SealedRecordError) -> [String: Int]
    ) throws(SealedRecordError) {
        let record = try SealedRecord(opening: bytes, format: Self.format, versions: 1...Self.version)
        let content = record.content
        number = try content.uint32("segment")
        var list: [JournalEvent] = []
        if record.version == 1 {
            let identities = try identities()
            for value in try content.array("events") {
                guard let object = value.objectValue else { throw .malformed(member: "events", expected: "objects") }
                list.append(try JournalEvent(version1: object, identities))
            }
        } else {
            let base = try content.timestamp("base").milliseconds
            for value in try content.array("events") {
                guard let row = value.arrayValue else { throw .malformed(member: "events", expected: "rows") }
                list.append(try JournalEvent(row: row, base: base))
            }
        }
        events = list
    }
}

extension JournalEvent {
    /// The words for what happened.
    enum Word: String, CaseIterable {
        case started, finished, adopted, retrying, failed, cancelled, undo, undone, reverted, revertFailed, progress
    }

    /// Reads `[resource, hook, word, milliseconds since base, detail]`; the hook is a name or null.
    init(row: [JSONValue], base: Int64) throws(SealedRecordError) {
        guard row.count >= 4, let resource = row[0].integerValue, resource >= 0, resource < Int64(Int32.max),
            let word = row[2].stringValue.flatMap({ Word(rawValue: $0) }), let offset = row[3].integerValue
        else { throw .malformed(member: "events", expected: "rows of resource, hook, word and time") }
        var hook: Hook?
        if row[1] != .null {
            guard let named = row[1].stringValue.flatMap({ Hook(name: $0) }) else {
                throw .malformed(member: "events.hook", expected: "a hook or null")
            }
            hook = named
        }
        let (time, overflow) = base.addingReportingOverflow(offset)
        guard !overflow else { throw .malformed(member: "events.time", expected: "milliseconds") }
        self.init(
            resource: Int(resource), hook: hook, time: Timestamp(milliseconds: time),
            try Self.change(word, row.count > 4 ? row[4] : .null))
    }

    private static func change(_ word: Word, _ detail: JSONValue) throws(SealedRecordError) -> Change {
        switch word {
        case .started: return .started(attempt: Int(clamping: detail.integerValue ?? 1))
        case .finished: return .finished(try HookResult(detail))
        case .adopted: return .adopted(try HookResult(detail))
        case .retrying: return .retrying(message: detail.stringValue ?? "")
        case .failed:
            guard let object = detail.objectValue else {
                return .failed(message: detail.stringValue ?? "", warnings: WarningList())
            }
            return .failed(
                message: try object.string("message"), warnings: try WarningList(try object.object("warnings")))
        case .cancelled: return .cancelled
        case .undo:
            guard let note = detail.objectValue else { throw .malformed(member: "events.undo", expected: "a note") }
            return .undo(note)
        case .undone: return .undone
        case .reverted: return .reverted
        case .revertFailed: return .revertFailed(message: detail.stringValue ?? "")
        case .progress: return .progress(bytes: detail.integerValue ?? 0)
        }
    }

    /// Reads what version 1 wrote: the activity's name, its state, the time and a message.
    init(version1 object: JSONObject, _ identities: [String: Int]) throws(SealedRecordError) {
        let activity = try object.string("activity")
        guard let colon = activity.firstIndex(of: ":"),
            let resource = identities[String(activity[activity.index(after: colon)...])]
        else { throw .malformed(member: "activity", expected: "a hook and a resource of the plan") }
        let message = try object.string("message")
        let hook = Hook(name: String(activity[..<colon]))
        let change: Change
        switch try object.string("state") {
        case "started": change = .started(attempt: 1)
        case "finished": change = .finished(HookResult())
        case "failed":
            change =
                hook == nil
                ? .revertFailed(message: message)
                : message == "cancelled" ? .cancelled : .failed(message: message, warnings: WarningList())
        case "reverted": change = .reverted
        default: throw .malformed(member: "state", expected: "an activity state")
        }
        self.init(resource: resource, hook: hook, time: try object.timestamp("time"), change)
    }
}

extension HookResult {
    /// Reads what `json` gives; null is a result without anything in it.
    init(_ value: JSONValue) throws(SealedRecordError) {
        self.init()
        guard value != .null else { return }
        guard let object = value.objectValue else { throw .malformed(member: "events.result", expected: "an object") }
        if object["saved"] != nil { saved = try object.object("saved") }
        if object["artifacts"] != nil {
            for value in try object.array("artifacts") {
                guard let artifact = value.objectValue else {
                    throw .malformed(member: "artifacts", expected: "objects")
                }
                artifacts.append(try DefinitionRecord.Artifact(artifact, epoch: nil))
            }
        }
        if object["warnings"] != nil { warnings = try WarningList(try object.object("warnings")) }
        if object["bytes"] != nil { contentBytes = try object.integer("bytes") }
        if object["ms"] != nil { milliseconds = try object.integer("ms") }
    }

    /// The result as a journal has it: what is empty is left out, and a result without anything is null.
    var json: JSONValue {
        var object = JSONObject()
        if !saved.isEmpty { object["saved"] = .object(saved) }
        if !artifacts.isEmpty { object["artifacts"] = .array(artifacts.map { .object($0.json) }) }
        if warnings.count > 0 { object["warnings"] = warnings.json }
        if contentBytes != 0 { object["bytes"] = .integer(contentBytes) }
        if milliseconds != 0 { object["ms"] = .integer(milliseconds) }
        return object.isEmpty ? .null : .object(object)
    }
}
