/// One time zone of the tz database: when its clocks were and will be shifted (RFC 9636, TZif).
package struct TimeZoneRules: Sendable, Hashable {
    /// A moment at which clocks are set to another offset.
    package struct Shift: Sendable, Hashable {
        /// Seconds since 1970-01-01 00:00 UTC.
        package let instant: Int64
        /// Seconds east of UTC, before and from then on.
        package let before: Int
        package let after: Int
    }

    /// The moments that the file lists, in order.
    private let instants: [Int64]
    /// The offset from each of them on.
    private let offsets: [Int]
    /// The offset before the first.
    private let initialOffset: Int
    /// What holds after the last; `nil` where the file says nothing.
    private let rule: PosixTimeZone?

    /// The zone whose clocks are never shifted, which needs no database.
    package static let utc = TimeZoneRules(offset: 0)

    private init(offset: Int) {
        (instants, offsets, initialOffset, rule) = ([], [], offset, nil)
    }

    /// Reads the bytes of a TZif file; throws what is wrong with them.
    package init(tzif bytes: [UInt8]) throws(TimeZoneFault) {
        var reader = TZifReader(bytes: bytes)
        var header = try reader.header()
        if header.version >= 2 {
            // The first block is for readers of 32 bits.
            try reader.skip(header, timeSize: 4)
            header = try reader.header()
        }
        let timeSize = header.version >= 2 ? 8 : 4
        guard header.types > 0 else { throw TimeZoneFault("the file has no offset") }
        var listed: [Int64] = []
        listed.reserveCapacity(header.times)
        for _ in 0..<header.times { listed.append(try reader.integer(timeSize)) }
        var kinds: [Int] = []
        for _ in 0..<header.times { kinds.append(Int(try reader.byte())) }
        var types: [Int] = []
        for _ in 0..<header.types {
            types.append(Int(try reader.integer(4)))
            _ = try reader.byte()
            _ = try reader.byte()
        }
        guard zip(listed, listed.dropFirst()).allSatisfy({ $0 < $1 }), kinds.allSatisfy({ $0 < types.count }),
            types.allSatisfy({ abs($0) < 26 * 3600 })
        else { throw TimeZoneFault("the file is damaged") }
        try reader.skip(
            header.characters + header.leaps * (timeSize + 4) + header.standardFlags + header.universalFlags)
        instants = listed
        offsets = kinds.map { types[$0] }
        initialOffset = types[0]
        let footer = timeSize == 8 ? try reader.footer() : ""
        rule = footer.isEmpty ? nil : try PosixTimeZone(footer)
    }

    /// Seconds east of UTC at an instant.
    package func offset(at instant: Int64) -> Int {
        guard let last = instants.last else { return rule?.offset(at: instant) ?? initialOffset }
        if instant >= last, let rule { return rule.offset(at: instant) }
        var low = 0
        var high = instants.count
        while low < high {
            let middle = (low + high) / 2
            if instants[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initialOffset : offsets[low - 1]
    }

    /// All shifts of the clocks in the given years (of UTC), in order; a shift by nothing is none.
    package func shifts(inYears years: ClosedRange<Int>) -> [Shift] {
        let start = Int64(CivilDate(year: years.lowerBound, month: 1, day: 1).day) * 86400
        let end = Int64(CivilDate(year: years.upperBound + 1, month: 1, day: 1).day) * 86400
        var found: [Int64] = instants.filter { $0 >= start && $0 < end }
        let last = instants.last ?? Int64.min
        if let rule {
            for year in years { found += rule.shifts(ofYear: year).filter { $0 > last && $0 >= start && $0 < end } }
        }
        return found.sorted().compactMap { instant in
            let before = offset(at: instant - 1)
            let after = offset(at: instant)
            return before == after ? nil : Shift(instant: instant, before: before, after: after)
        }
    }

    /// The instants at which clocks show a time, earliest first: none where it is skipped, two where it comes twice.
    package func instants(of time: CivilTime) -> [Int64] {
        let local = Int64(time.minutes) * 60
        // Offsets are less than 26 hours, and no zone shifts its clocks twice in two days.
        let candidates = Set([offset(at: local - 93600), offset(at: local), offset(at: local + 93600)])
        return candidates.map { local - Int64($0) }.filter { Int64(offset(at: $0)) == local - $0 }.sorted()
    }
}

/// Why bytes are no time zone.
package struct TimeZoneFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Takes a TZif file apart.
private struct TZifReader {
    struct Header {
        var version = 1
        var universalFlags = 0
        var standardFlags = 0
        var leaps = 0
        var times = 0
        var types = 0
        var characters = 0
    }

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() throws(TimeZoneFault) -> UInt8 {
        guard position < bytes.count else { throw TimeZoneFault("the file is cut off") }
        position += 1
        return bytes[position - 1]
    }

    mutating func integer(_ size: Int) throws(TimeZoneFault) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<size { value = value << 8 | UInt64(try byte()) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    mutating func skip(_ count: Int) throws(TimeZoneFault) {
        guard count <= bytes.count - position else { throw TimeZoneFault("the file is cut off") }
        position += count
    }

    mutating func header() throws(TimeZoneFault) -> Header {
        guard try integer(4) == 0x545A_6966 else { throw TimeZoneFault("the file does not begin with 'TZif'") }
        var header = Header()
        let version = try byte()
        header.version = version == 0 ? 1 : Int(version) - 0x30
        try skip(15)
        func count(_ reader: inout TZifReader) throws(TimeZoneFault) -> Int {
            let value = try reader.integer(4)
            guard value >= 0, value <= reader.bytes.count else { throw TimeZoneFault("the file is damaged") }
            return Int(value)
        }
        header.universalFlags = try count(&self)
        header.standardFlags = try count(&self)
        header.leaps = try count(&self)
        header.times = try count(&self)
        header.types = try count(&self)
        header.characters = try count(&self)
        return header
    }

    /// Skips a block of data.
    mutating func skip(_ header: Header, timeSize: Int) throws(TimeZoneFault) {
        try skip(
            header.times * (timeSize + 1) + header.types * 6 + header.characters + header.leaps * (timeSize + 4)
                + header.standardFlags + header.universalFlags)
    }

    /// The text between the two line feeds at the end.
    mutating func footer() throws(TimeZoneFault) -> String {
        guard try byte() == 0x0A else { throw TimeZoneFault("the file has no footer") }
        let rest = bytes[position...]
        guard let end = rest.firstIndex(of: 0x0A) else { throw TimeZoneFault("the file is cut off") }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
