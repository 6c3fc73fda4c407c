internal import CanonicalForm
internal import PlanIR

/// Why a file is no run record, and in which line.
package struct RunRecordError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

extension RunRecord {
    /// Whether a file is meant to be a run record: its first line is an object that names the format.
    package static func isLikely(_ bytes: [UInt8]) -> Bool {
        let line = bytes.prefix(4096).prefix { $0 != 0x0A }
        guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "{") else { return false }
        let name = Array("\"\(format)\"".utf8)
        return line.indices.contains { line[$0...].starts(with: name) }
    }

    /// Reads a run record.
    ///
    /// A last line that was cut off is passed over, and `isTorn` says so. Members that are not known are passed over.
    package init(reading bytes: [UInt8]) throws(RunRecordError) {
        var lines = LineReader(bytes)
        guard let first = lines.next() else {
            throw RunRecordError(line: 1, reason: "the file is empty; the first line of a run record says what it is")
        }
        try self.init(header: try first.object())
        var positions: [RunRecord.Subject: Int] = [:]
        while let line = lines.next() {
            let object: JSONObject
            do { object = try line.object() } catch {
                // Only what no line end follows can have been cut off.
                guard line.isUnfinished else { throw error }
                isTorn = true
                break
            }
            if end != nil { throw line.error("the run has ended in the line before") }
            if object["end"] != nil {
                end = End(time: try line.time("end", of: object), status: try line.text("status", of: object))
                continue
            }
            let time = try line.time("time", of: object)
            let text = try line.text("activity", of: object)
            guard let name = RunRecord.Subject(text) else {
                throw line.error("'\(text)' names no activity; one is called HOOK:TYPE#ID or revert:TYPE#ID")
            }
            let state = try line.text("state", of: object)
            guard let event = Event(rawValue: state) else {
                let known = Event.allCases.map(\.rawValue).joined(separator: ", ")
                throw line.error("'\(state)' is no state of an activity; there are \(known)")
            }
            let message = object["message"] == nil ? "" : try line.text("message", of: object)
            take(event, of: name, at: time, message, position: positions[name])
            if positions[name] == nil { positions[name] = activities.count - 1 }
        }
    }

    private init(header object: JSONObject) throws(RunRecordError) {
        func error(_ reason: String) -> RunRecordError { RunRecordError(line: 1, reason: reason) }
        guard object["format"]?.stringValue == Self.format else {
            throw error("this is no run record: the first line has no \"format\":\"\(Self.format)\"")
        }
        guard let version = object["version"]?.integerValue, version >= 1 else {
            throw error("the member 'version' is missing or no whole number")
        }
        guard version == Self.version else {
            throw error("the record has version \(version) of the format, and this program reads \(Self.version)")
        }
        let line = LineReader.Line(number: 1, bytes: [], isUnfinished: false)
        let name = try line.text("operation", of: object)
        guard let operation = OperationKind(rawValue: name) else {
            let known = OperationKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("'\(name)' is no operation; there are \(known)")
        }
        self.init(
            plan: try line.text("plan", of: object), operation: operation,
            checkpoint: try line.text("checkpoint", of: object))
    }
}

/// Gives out the lines of a file.
private struct LineReader {
    struct Line {
        let number: Int
        let bytes: ArraySlice<UInt8>
        /// Whether the file ends before the line does.
        let isUnfinished: Bool

        func error(_ reason: String) -> RunRecordError { RunRecordError(line: number, reason: reason) }

        func object() throws(RunRecordError) -> JSONObject {
            let value: JSONValue
            do { value = try JSONValue(parsing: Array(bytes)) } catch {
                // Messages of JSON tell bytes, which count from the line's first.
                throw self.error("this is no JSON object: \(error)")
            }
            guard let object = value.objectValue else { throw error("this is no JSON object") }
            return object
        }

        func text(_ member: String, of object: JSONObject) throws(RunRecordError) -> String {
            guard let value = object[member] else { throw error("the member '\(member)' is missing") }
            guard let text = value.stringValue else { throw error("the member '\(member)' is no text") }
            return text
        }

        func time(_ member: String, of object: JSONObject) throws(RunRecordError) -> RecordTime {
            let text = try text(member, of: object)
            guard let time = RecordTime(text) else {
                throw error("'\(text)' is no time, such as 2026-11-22T13:24:55.123Z")
            }
            return time
        }
    }

    private let bytes: [UInt8]
    private var position = 0
    private var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Line? {
        guard position < bytes.count else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
        let end = position
        let isUnfinished = end == bytes.count
        position += 1
        number += 1
        return Line(number: number, bytes: bytes[start..<end], isUnfinished: isUnfinished)
    }
}
