internal import Diagnostics

/// Reads the YAML that most plans are written in, several times faster than libyaml; gives up on all other.
///
/// It knows block mappings and sequences, flow collections and quoted scalars that begin and end in one line, plain
/// scalars in one line, and comments, all in printable ASCII without tabs. What it takes, it takes exactly as libyaml
/// does: the same nodes at the same bytes (`QuickScannerTests` compares both). At anything else, faults among them, it
/// stops, and libyaml reads the file from its beginning.
struct QuickScanner {
    /// libyaml finds no key behind a longer text.
    private static let maximumKeyLength = 1000
    private static let maximumFlowDepth = 32

    /// A block collection that has begun and not ended.
    private struct Block {
        let column: Int
        let isSequence: Bool
    }

    /// A scalar in one line.
    private struct Scalar {
        let start: Int
        let end: Int
        let isQuoted: Bool
    }

    /// That the text is not of the kind that is read here.
    private struct Unusual: Error {}

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var lineStart = 0
    private var builder: TreeBuilder
    private var diagnostics = DiagnosticList()
    private var blocks: [Block] = []
    /// Whether the last line was a key of the innermost mapping without its value.
    private var awaitsValue = false

    /// The tree of a text that is nothing unusual, with the faults of its mappings; else `nil`.
    static func parse(
        _ text: SourceText, _ bytes: UnsafeBufferPointer<UInt8>, as source: SourceID
    ) -> (tree: SyntaxTree, faults: DiagnosticList)? {
        guard ByteTexts.isPrintable(bytes) else { return nil }
        var scanner = QuickScanner(bytes: bytes, builder: TreeBuilder(source: source, text: text, bytes: bytes))
        do throws(Unusual) { try scanner.run() } catch { return nil }
        return (scanner.builder.finish(), scanner.diagnostics)
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, builder: TreeBuilder) {
        self.bytes = bytes
        self.builder = builder
    }

    /// The byte at an offset; a line feed behind the end.
    @inline(__always)
    private func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0x0A }

    @inline(__always)
    private func isBlank(_ offset: Int) -> Bool { byte(offset) == 0x20 || byte(offset) == 0x0A }

    private mutating func skipSpaces() {
        while byte(position) == 0x20 { position += 1 }
    }

    // MARK: Lines

    private mutating func run() throws(Unusual) {
        while findLine() {
            let column = position - lineStart
            if byte(position) == UInt8(ascii: "-") && isBlank(position + 1) {
                try enterSequence(column)
                position += 1
                skipSpaces()
                try element()
            } else {
                let key = try scalar()
                guard isKey(key) else { throw Unusual() }
                try enterMapping(column, at: key.start)
                try entry(key)
            }
            try endLine()
        }
        if blocks.isEmpty || awaitsValue { throw Unusual() }
        while !blocks.isEmpty { leaveBlock() }
        builder.endDocument()
    }

    /// Goes to the first byte of the next line that has content; `false` at the end.
    private mutating func findLine() -> Bool {
        while position < bytes.count {
            lineStart = position
            skipSpaces()
            switch byte(position) {
            case 0x0A: position += 1
            case UInt8(ascii: "#"): skipLine()
            default: return true
            }
        }
        return false
    }

    /// Goes behind the next line feed.
    private mutating func skipLine() {
        while byte(position) != 0x0A { position += 1 }
        position += 1
    }

    /// Takes what may stand behind a value: spaces and a comment.
    private mutating func endLine() throws(Unusual) {
        let end = position
        skipSpaces()
        if byte(position) == UInt8(ascii: "#") && position > end {
            skipLine()
        } else if byte(position) == 0x0A {
            position += 1
        } else {
            throw Unusual()
        }
    }

    // MARK: Blocks

    private mutating func enterSequence(_ column: Int) throws(Unusual) {
        if let top = blocks.last, !awaitsValue {
            if top.isSequence && top.column == column { return }
            while let top = blocks.last, top.column > column { leaveBlock() }
            guard let top = blocks.last, top.isSequence, top.column == column else { throw Unusual() }
            return
        }
        // The sequence that is a key's value may stand right below the key.
        if let mapping = blocks.last, column < mapping.column { throw Unusual() }
        try enterBlock(column, isSequence: true, at: position)
    }

    private mutating func enterMapping(_ column: Int, at start: Int) throws(Unusual) {
        if let top = blocks.last, !awaitsValue {
            if !top.isSequence && top.column == column { return }
            while let top = blocks.last, top.column > column || top.isSequence && top.column == column { leaveBlock() }
            guard let top = blocks.last, !top.isSequence, top.column == column else { throw Unusual() }
            return
        }
        if let mapping = blocks.last, column <= mapping.column { throw Unusual() }
        try enterBlock(column, isSequence: false, at: start)
    }

    private mutating func enterBlock(_ column: Int, isSequence: Bool, at start: Int) throws(Unusual) {
        guard
            builder.begin(isSequence ? .sequence : .mapping, isFlow: false, start: Int32(start), &diagnostics)
        else { throw Unusual() }
        blocks.append(Block(column: column, isSequence: isSequence))
        awaitsValue = false
    }

    private mutating func leaveBlock() {
        blocks.removeLast()
        builder.endContainer(end: Int32(position), &diagnostics)
    }

    /// What stands behind the mark of a sequence's element: a value, or the first key of a mapping.
    private mutating func element() throws(Unusual) {
        switch byte(position) {
        case UInt8(ascii: "["), UInt8(ascii: "{"): try flow()
        default:
            let column = position - lineStart
            let scalar = try scalar()
            if isKey(scalar) {
                try enterBlock(column, isSequence: false, at: scalar.start)
                try entry(scalar)
            } else {
                take(scalar)
            }
        }
    }

    /// A key of the innermost mapping, and its value if that is in the same line.
    private mutating func entry(_ key: Scalar) throws(Unusual) {
        take(key)
        position = key.end + 1
        skipSpaces()
        switch byte(position) {
        case 0x0A: awaitsValue = true
        case UInt8(ascii: "#"):
            // `endLine` wants to see the space before the comment.
            position -= 1
            awaitsValue = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): try flow()
        default:
            let value = try scalar()
            if isKey(value) { throw Unusual() }
            take(value)
        }
    }

    // MARK: Scalars

    /// Whether a colon makes the scalar a key; the scanner stands behind it.
    private func isKey(_ scalar: Scalar) -> Bool {
        byte(scalar.end) == UInt8(ascii: ":") && isBlank(scalar.end + 1)
            && scalar.end - scalar.start < Self.maximumKeyLength
    }

    private mutating func take(_ scalar: Scalar) {
        builder.addScalar(start: Int32(scalar.start), end: Int32(scalar.end), isQuoted: scalar.isQuoted)
    }

    /// The scalar at this place outside of flow collections.
    private mutating func scalar() throws(Unusual) -> Scalar {
        let start = position
        switch byte(start) {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quoted()
        default: guard beginsPlain(start) else { throw Unusual() }
        }
        var end = start
        while true {
            switch byte(position) {
            case 0x0A: return Scalar(start: start, end: end, isQuoted: false)
            case 0x20:
                if byte(position + 1) == UInt8(ascii: "#") {
                    return Scalar(start: start, end: end, isQuoted: false)
                }
                position += 1
            case UInt8(ascii: ":") where isBlank(position + 1):
                // A space before the colon is rare.
                if end != position { throw Unusual() }
                return Scalar(start: start, end: end, isQuoted: false)
            default:
                position += 1
                end = position
            }
        }
    }

    /// Whether a plain scalar may begin here: with nothing that ever means something else.
    private func beginsPlain(_ offset: Int) -> Bool {
        switch byte(offset) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "~"), UInt8(ascii: "$"), UInt8(ascii: "("):
            return true
        // Where a line begins, these may mark the end of a document.
        case UInt8(ascii: "."): return offset > lineStart
        case UInt8(ascii: "-"):
            return offset > lineStart && byte(offset + 1) | 0x20 >= UInt8(ascii: "a")
                && byte(offset + 1) | 0x20 <= UInt8(ascii: "z")
        default: return false
        }
    }

    private mutating func quoted() throws(Unusual) -> Scalar {
        let start = position
        let mark = byte(start)
        position += 1
        while byte(position) != mark {
            if byte(position) == 0x0A || byte(position) == UInt8(ascii: "\\") && mark == UInt8(ascii: "\"") {
                throw Unusual()
            }
            position += 1
        }
        position += 1
        // Two marks are one of the text.
        if byte(position) == mark { throw Unusual() }
        return Scalar(start: start, end: position, isQuoted: true)
    }

    // MARK: Flow collections

    /// A flow collection that ends in this line.
    private mutating func flow() throws(Unusual) {
        var isMapping: [Bool] = []
        repeat {
            // A value begins here, or the collection that was begun last ends without any.
            switch byte(position) {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                isMapping.append(byte(position) == UInt8(ascii: "{"))
                guard isMapping.count <= Self.maximumFlowDepth,
                    builder.begin(
                        isMapping.last == true ? .mapping : .sequence, isFlow: true, start: Int32(position),
                        &diagnostics)
                else { throw Unusual() }
                position += 1
                skipSpaces()
                if endsFlow(isMapping) { break }
                if isMapping.last == true { try flowKey() }
                continue
            default: take(try flowScalar())
            }
            while !isMapping.isEmpty {
                skipSpaces()
                if endsFlow(isMapping) {
                    position += 1
                    builder.endContainer(end: Int32(position), &diagnostics)
                    isMapping.removeLast()
                } else if byte(position) == UInt8(ascii: ",") {
                    position += 1
                    skipSpaces()
                    if isMapping.last == true { try flowKey() }
                    break
                } else {
                    throw Unusual()
                }
            }
        } while !isMapping.isEmpty
    }

    private func endsFlow(_ isMapping: [Bool]) -> Bool {
        byte(position) == (isMapping.last == true ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }

    /// A key of a flow mapping with the colon and the space behind it.
    private mutating func flowKey() throws(Unusual) {
        let key = try flowScalar()
        guard byte(key.end) == UInt8(ascii: ":"), byte(key.end + 1) == 0x20,
            key.end - key.start < Self.maximumKeyLength
        else { throw Unusual() }
        take(key)
        position = key.end + 1
        skipSpaces()
    }

    private mutating func flowScalar() throws(Unusual) -> Scalar {
        let start = position
        switch byte(start) {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quoted()
        default: guard beginsPlain(start) else { throw Unusual() }
        }
        var end = start
        while true {
            switch byte(position) {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
                return Scalar(start: start, end: end, isQuoted: false)
            case UInt8(ascii: ":"):
                if byte(position + 1) == 0x20 {
                    // A space before the colon is rare.
                    if end != position { throw Unusual() }
                    return Scalar(start: start, end: end, isQuoted: false)
                }
                guard beginsPlain(position + 1) else { throw Unusual() }
                position += 1
                end = position
            case 0x20: position += 1
            case 0x0A, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "?"), UInt8(ascii: "#"): throw Unusual()
            default:
                position += 1
                end = position
            }
        }
    }
}
