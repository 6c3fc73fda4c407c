package import CanonicalForm
internal import PlanIR

/// Writes run records, a line at a time.
package enum RunRecordWriter {
    /// The first line: what was run. `further` are members that readers of this version do not know.
    package static func header(_ record: RunRecord, further: JSONObject = [:]) -> [UInt8] {
        line(
            [
                ("format", .string(RunRecord.format)), ("version", .integer(RunRecord.version)),
                ("plan", .string(record.plan)), ("operation", .string(record.operation.rawValue)),
                ("checkpoint", .string(record.checkpoint)),
            ], further)
    }

    /// The line of an event; a message that is empty is left out.
    package static func event(
        _ event: RunRecord.Event, of name: RunRecord.Subject, at time: RecordTime, message: String = "",
        further: JSONObject = [:]
    ) -> [UInt8] {
        var members: [(String, JSONValue)] = [
            ("time", .string(time.description)), ("activity", .string(name.description)),
            ("state", .string(event.rawValue)),
        ]
        if !message.isEmpty { members.append(("message", .string(message))) }
        return line(members, further)
    }

    /// The last line of a run that ended.
    package static func end(_ end: RunRecord.End, further: JSONObject = [:]) -> [UInt8] {
        line([("end", .string(end.time.description)), ("status", .string(end.status))], further)
    }

    /// Members in the order of the format's description, which puts first what a person looks for first.
    private static func line(_ members: [(String, JSONValue)], _ further: JSONObject) -> [UInt8] {
        var writer = JSONWriter()
        let all = members + further.members.map { ($0.key, $0.value) }
        for (position, member) in all.enumerated() {
            writer.raw(position == 0 ? 0x7B : 0x2C)
            writer.string(member.0)
            writer.raw(0x3A)
            writer.value(member.1)
        }
        writer.raw("}\n")
        return writer.bytes
    }
}
