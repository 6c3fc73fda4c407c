internal import CanonicalForm
internal import Checkpoints
internal import Engine
internal import PlanIR

/// Writes the lines of an event stream, one after the other, into bytes.
///
/// Members come in the order of the table, and nothing is built but the bytes: an event of a quick activity may not
/// cost more than the activity.
struct EventEncoder {
    private(set) var sequence: Int64 = 0
    private var writer = JSONWriter()
    /// The whole second, in milliseconds, of which `secondText` is the text: most lines share theirs with the one before.
    private var second = Int64.min
    private var secondText: [UInt8] = []

    /// How many bytes wait to be taken.
    var waiting: Int { writer.bytes.count }

    /// Gives out the bytes written so far.
    mutating func take() -> [UInt8] {
        let bytes = writer.bytes
        writer.bytes = []
        return bytes
    }

    /// Begins a line with what every line has.
    mutating func begin(_ kind: EventKind, wall milliseconds: Int64, elapsed: Int64) {
        writer.raw("{\"event\":\"")
        writer.bytes.append(contentsOf: kind.rawValue.utf8)
        writer.raw("\",\"seq\":")
        writer.integer(sequence)
        sequence += 1
        writer.raw(",\"time\":\"")
        let fraction = (milliseconds % 1000 + 1000) % 1000
        let now = milliseconds - fraction
        if now != second {
            second = now
            secondText = Array(Timestamp(milliseconds: now).text.utf8.prefix("YYYY-MM-DDThh:mm:ss".utf8.count))
        }
        writer.bytes.append(contentsOf: secondText)
        writer.raw(".")
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / 100))
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / 10 % 10))
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction % 10))
        writer.raw("Z\",\"elapsed\":")
        writer.integer(max(0, elapsed))
    }

    mutating func text(_ name: StaticString, _ value: String) {
        key(name)
        writer.string(value)
    }

    mutating func text(_ name: StaticString, ifAny value: String?) { if let value { text(name, value) } }

    mutating func number(_ name: StaticString, _ value: Int64) {
        key(name)
        writer.integer(value)
    }

    mutating func number(_ name: StaticString, ifAny value: Int64?) { if let value { number(name, value) } }

    mutating func truth(_ name: StaticString, _ value: Bool) {
        key(name)
        if value { writer.raw("true") } else { writer.raw("false") }
    }

    mutating func activity(_ activity: EventActivity) {
        text("resource", activity.identity)
        key("hook")
        writer.raw("\"")
        writer.bytes.append(contentsOf: activity.hook.name.utf8)
        writer.raw("\"")
    }

    mutating func end() { writer.raw("}\n") }

    private mutating func key(_ name: StaticString) {
        writer.raw(",\"")
        writer.raw(name)
        writer.raw("\":")
    }
}
