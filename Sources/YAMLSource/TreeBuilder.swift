internal import CLibYAML
internal import Diagnostics

/// Builds a syntax tree from libyaml's events, without recursion.
struct TreeBuilder {
    let source: SourceID
    let text: SourceText
    /// The bytes of `text`; the builder lives only as long as they are lent to it.
    private let bytes: UnsafeBufferPointer<UInt8>
    private var records: [SyntaxTree.Record] = []
    private var children: [Int32] = []
    private var scratch: [UInt8] = []
    private var roots: [Int32] = []

    /// A container that has begun and not ended.
    private struct Open {
        let node: Int32
        /// Where its children start on `pending`.
        let firstPending: Int
        /// How many nodes it stands for, aliases expanded.
        var weight: Int
        /// How many containers lie within each other in it, itself included.
        var height: Int
        /// Where its last key, value or alias ends.
        var lastEnd: Int32
        /// Position in `anchorNames`, or -1.
        let anchor: Int32
        let isFlow: Bool
    }

    private struct Anchor {
        let node: Int32
        let weight: Int
        let height: Int
        /// A container that has not ended cannot be referred to: it would contain itself.
        let open: Bool
    }

    private var open: [Open] = []
    private var pending: [Int32] = []
    private var anchors: [String: Anchor] = [:]
    private var anchorNames: [String] = []
    private var expanded = 0
    private var documentRoot: Int32?

    init(source: SourceID, text: SourceText, bytes: UnsafeBufferPointer<UInt8>) {
        self.source = source
        self.text = text
        self.bytes = bytes
        // A plan has a node in about nine bytes. Room that is never touched costs nothing, growing costs a copy.
        records.reserveCapacity(bytes.count / 8 + 16)
        children.reserveCapacity(bytes.count / 8 + 16)
    }

    func finish() -> SyntaxTree {
        SyntaxTree(source: source, text: text, records: records, children: children, scratch: scratch, roots: roots)
    }

    /// Forgets the document that a fault cut off.
    mutating func dropOpenDocument() {
        open = []
        pending = []
        documentRoot = nil
    }

    private func range(_ start: Int32, _ end: Int32) -> SourceRange {
        SourceRange(source: source, start: start, end: end)
    }

    /// Takes one event; returns `false` when the rest of the file cannot be read sensibly.
    mutating func take(
        _ event: inout yaml_event_t, start: Int32, end: Int32, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            anchors = [:]
            anchorNames = []
            documentRoot = nil
        case YAML_DOCUMENT_END_EVENT:
            endDocument()
        case YAML_SCALAR_EVENT:
            let data = event.data.scalar
            scalar(
                ScalarData(
                    value: UnsafeBufferPointer(start: data.value, count: data.length), style: data.style,
                    anchor: data.anchor, tag: data.tag), start: start, end: end, &diagnostics)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            let isFlow = data.style == YAML_FLOW_SEQUENCE_STYLE
            return begin(
                .sequence, anchor: data.anchor, tag: data.tag, isFlow: isFlow, start: start, end: end, &diagnostics)
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            let isFlow = data.style == YAML_FLOW_MAPPING_STYLE
            return begin(
                .mapping, anchor: data.anchor, tag: data.tag, isFlow: isFlow, start: start, end: end, &diagnostics)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            endContainer(end: end, &diagnostics)
        case YAML_ALIAS_EVENT:
            return alias(String(cString: event.data.alias.anchor), start: start, end: end, &diagnostics)
        default: break
        }
        return true
    }

    private mutating func attach(_ node: Int32, weight: Int, height: Int, end: Int32) {
        guard !open.isEmpty else {
            documentRoot = node
            return
        }
        let parent = open.count - 1
        open.withUnsafeMutableBufferPointer { open in
            open[parent].weight += weight
            if open[parent].height <= height { open[parent].height = height + 1 }
            open[parent].lastEnd = end
        }
        pending.append(node)
    }

    // MARK: Scalars

    private struct ScalarData {
        let value: UnsafeBufferPointer<UInt8>
        let style: yaml_scalar_style_t
        let anchor: UnsafeMutablePointer<yaml_char_t>?
        let tag: UnsafeMutablePointer<yaml_char_t>?
    }

    /// Whether `value` stands in the source at `offset`.
    private func stands(_ value: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        offset + value.count <= bytes.count
            && ByteTexts.equal(UnsafeBufferPointer(rebasing: bytes[offset..<offset + value.count]), value)
    }

    private mutating func scalar(
        _ data: ScalarData, start: Int32, end: Int32, _ diagnostics: inout DiagnosticList
    ) {
        let head = start
        let start = data.anchor == nil && data.tag == nil ? start : contentStart(start, end)
        let value = data.value
        let style: SyntaxTree.Style =
            switch data.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
            case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
            default: .plain
            }
        let content = Int(start) + (style == .quoted ? 1 : 0)
        var record = SyntaxTree.Record(
            kind: .scalar, style: style, tag: .none, inScratch: false, start: start, end: end,
            first: Int32(content), count: Int32(value.count))
        if style == .block || !stands(value, at: content) {
            record.inScratch = true
            record.first = Int32(scratch.count)
            scratch.append(contentsOf: value)
        }
        if style == .block {
            // libyaml's end lies behind the line breaks that follow; the range is what a person would mark.
            while record.end > start, [0x0A, 0x0D, 0x20].contains(bytes[Int(record.end) - 1]) { record.end -= 1 }
        }
        if let tag = data.tag {
            record.tag = resolve(tag: tag, for: .scalar, tagRange(head, end), &diagnostics)
            if let words = misfit(value, record.tag) {
                diagnostics.add(
                    Diagnostic(
                        .unknownTag, "this is not \(words), as its tag says", at: range(start, record.end),
                        related: [RelatedPlace(tagRange(head, end), "the tag is here")]))
                record.tag = .faulty
            }
        }
        let node = Int32(records.count)
        records.append(record)
        if let anchor = data.anchor {
            anchors[String(cString: anchor)] = Anchor(node: node, weight: 1, height: 0, open: false)
        }
        attach(node, weight: 1, height: 0, end: record.end)
    }

    /// Where a node begins behind its anchor and tag, which libyaml counts to the node.
    private func contentStart(_ start: Int32, _ end: Int32) -> Int32 {
        var offset = Int(start)
        let end = Int(end)
        while offset < end {
            switch bytes[offset] {
            case UInt8(ascii: "&"), UInt8(ascii: "!"):
                while offset < end, ![0x09, 0x0A, 0x0D, 0x20].contains(bytes[offset]) { offset += 1 }
            case UInt8(ascii: "#"):
                while offset < end, ![0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
            case 0x09, 0x0A, 0x0D, 0x20: offset += 1
            default: return Int32(offset)
            }
        }
        return Int32(end)
    }

    /// The tag of a node that begins, with its anchor and tag, at `start`.
    private func tagRange(_ start: Int32, _ end: Int32) -> SourceRange {
        let lineBreaks: [UInt8] = [0x0A, 0x0D]
        let blanks: [UInt8] = [0x09, 0x0A, 0x0D, 0x20]
        var offset = Int(start)
        let end = Int(end)
        func skip(until stops: [UInt8]) { while offset < end, !stops.contains(bytes[offset]) { offset += 1 } }
        while offset < end {
            switch bytes[offset] {
            case UInt8(ascii: "!"):
                let first = offset
                skip(until: blanks)
                return range(Int32(first), Int32(offset))
            case UInt8(ascii: "&"): skip(until: blanks)
            case UInt8(ascii: "#"): skip(until: lineBreaks)
            default: offset += 1
            }
        }
        return range(start, start)
    }

    /// What a scalar with such a tag must be, when its text is something else.
    private func misfit(_ value: UnsafeBufferPointer<UInt8>, _ tag: SyntaxTree.Tag) -> String? {
        if tag == .none || tag == .string || tag == .faulty { return nil }
        switch (tag, CoreSchema.resolve(value)) {
        case (.integer, .integer), (.float, .integer), (.float, .number), (.boolean, .bool), (.null, .null): return nil
        // An integer that does not fit 64 bits.
        case (.integer, .number(let number)) where number.magnitude >= 0x1p63: return nil
        case (.integer, _): return "a whole number"
        case (.float, _): return "a number"
        case (.boolean, _): return "true or false"
        default: return "null"
        }
    }

    private func resolve(
        tag: UnsafePointer<yaml_char_t>, for kind: SyntaxTree.Kind, _ range: SourceRange,
        _ diagnostics: inout DiagnosticList
    ) -> SyntaxTree.Tag {
        let name = String(cString: tag)
        switch (name, kind) {
        case ("tag:yaml.org,2002:str", .scalar), ("!", .scalar): return .string
        case ("tag:yaml.org,2002:int", .scalar): return .integer
        case ("tag:yaml.org,2002:float", .scalar): return .float
        case ("tag:yaml.org,2002:bool", .scalar): return .boolean
        case ("tag:yaml.org,2002:null", .scalar): return .null
        case ("tag:yaml.org,2002:seq", .sequence), ("tag:yaml.org,2002:map", .mapping): return .none
        default:
            diagnostics.add(
                Diagnostic(
                    .unknownTag, "the tag '\(name)' means nothing here", at: range,
                    notes: [
                        "only the tags of YAML's core schema are read: !!str !!int !!float !!bool !!null !!seq !!map"
                    ]
                ))
            return .none
        }
    }

    /// Takes a scalar that stands in one line as it is, without anchor, tag and escapes.
    mutating func addScalar(start: Int32, end: Int32, isQuoted: Bool) {
        let node = Int32(records.count)
        let quotes: Int32 = isQuoted ? 1 : 0
        records.append(
            SyntaxTree.Record(
                kind: .scalar, style: isQuoted ? .quoted : .plain, tag: .none, inScratch: false, start: start, end: end,
                first: start + quotes, count: end - start - 2 * quotes))
        attach(node, weight: 1, height: 0, end: end)
    }

    // MARK: Containers

    /// Begins a container without anchor and tag; returns `false` when it would lie too deep.
    mutating func begin(
        _ kind: SyntaxTree.Kind, isFlow: Bool, start: Int32, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        begin(kind, anchor: nil, tag: nil, isFlow: isFlow, start: start, end: start, &diagnostics)
    }

    private mutating func begin(
        _ kind: SyntaxTree.Kind, anchor: UnsafePointer<yaml_char_t>?, tag: UnsafePointer<yaml_char_t>?,
        isFlow: Bool, start: Int32, end: Int32, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        if open.count >= YAMLParser.maximumDepth {
            diagnostics.add(
                Diagnostic(
                    .tooDeep, "nested deeper than \(YAMLParser.maximumDepth) levels",
                    at: range(start, max(end, start + 1)),
                    notes: ["resources can name their dependents with 'dependsOn' instead of nesting them"]))
            return false
        }
        if let tag { _ = resolve(tag: tag, for: kind, tagRange(start, Int32(bytes.count)), &diagnostics) }
        let start = anchor == nil && tag == nil ? start : contentStart(start, Int32(bytes.count))
        let node = Int32(records.count)
        records.append(
            SyntaxTree.Record(
                kind: kind, style: .plain, tag: .none, inScratch: false, start: start, end: end, first: 0, count: 0))
        var name: Int32 = -1
        if let anchor {
            name = Int32(anchorNames.count)
            anchorNames.append(String(cString: anchor))
            anchors[anchorNames[Int(name)]] = Anchor(node: node, weight: 0, height: 0, open: true)
        }
        open.append(
            Open(
                node: node, firstPending: pending.count, weight: 1, height: 1, lastEnd: start, anchor: name,
                isFlow: isFlow))
        return true
    }

    /// Ends a document; its root is what was added last outside of all containers.
    mutating func endDocument() {
        if let root = documentRoot { roots.append(root) }
        documentRoot = nil
    }

    mutating func endContainer(end: Int32, _ diagnostics: inout DiagnosticList) {
        guard let ended = open.popLast() else { return }
        let index = Int(ended.node)
        let firstChild = Int32(children.count)
        if records[index].kind == .sequence || hasPlainKeys(pending[ended.firstPending...]) {
            children.append(contentsOf: pending[ended.firstPending...])
        } else {
            // Merging looks children up, so they go to their place when all is decided.
            var isFaulty = false
            children.append(
                contentsOf: checkedEntries(Array(pending[ended.firstPending...]), isFaulty: &isFaulty, &diagnostics))
            if isFaulty { records[index].tag = .faulty }
        }
        pending.removeLast(pending.count - ended.firstPending)
        records[index].first = firstChild
        records[index].count = Int32(children.count) - firstChild
        // libyaml lets a block container end where the next thing begins; a person sees it end with its last child.
        records[index].end = ended.isFlow ? end : max(records[index].start, ended.lastEnd)
        if ended.anchor >= 0 {
            anchors[anchorNames[Int(ended.anchor)]] = Anchor(
                node: ended.node, weight: ended.weight, height: ended.height, open: false)
        }
        attach(ended.node, weight: ended.weight, height: ended.height, end: records[index].end)
    }

    private mutating func alias(
        _ name: String, start: Int32, end: Int32, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        guard let anchor = anchors[name] else {
            let close = Similar.best(for: name, among: anchors.keys.sorted())
            diagnostics.add(
                Diagnostic(
                    .unknownAlias, "there is no anchor '&\(name)' above this alias", at: range(start, end),
                    suggestions: close.map {
                        [Suggestion("did you mean '*\($0)'?", replacing: range(start, end), with: "*\($0)")]
                    } ?? []))
            attach(faultyNode(start, end), weight: 1, height: 0, end: end)
            return true
        }
        if anchor.open {
            diagnostics.add(
                Diagnostic(
                    .aliasLimit, "the alias '*\(name)' lies within its own anchor", at: range(start, end),
                    related: [RelatedPlace(LocatedRecord(records[Int(anchor.node)]).head(source), "the anchor is here")]
                ))
            attach(faultyNode(start, end), weight: 1, height: 0, end: end)
            return true
        }
        expanded += anchor.weight
        if expanded > YAMLParser.maximumAliasExpansion {
            diagnostics.add(
                Diagnostic(
                    .aliasLimit,
                    "the aliases of this file stand for more than \(YAMLParser.maximumAliasExpansion) nodes",
                    at: range(start, end)))
            return false
        }
        if open.count + anchor.height > YAMLParser.maximumDepth {
            diagnostics.add(
                Diagnostic(
                    .tooDeep, "with this alias, the file is nested deeper than \(YAMLParser.maximumDepth) levels",
                    at: range(start, end)))
            return false
        }
        attach(anchor.node, weight: anchor.weight, height: anchor.height, end: end)
        return true
    }

    private mutating func faultyNode(_ start: Int32, _ end: Int32) -> Int32 {
        records.append(
            SyntaxTree.Record(
                kind: .scalar, style: .plain, tag: .faulty, inScratch: false, start: start, end: end, first: start,
                count: 0))
        return Int32(records.count - 1)
    }

    // MARK: Mappings

    /// How many keys are compared each with each: more are looked up in a table.
    private static let fewKeys = 12

    /// Whether the keys of `entries` are few, different texts, and none of them merges: so it is nearly always.
    private func hasPlainKeys(_ entries: ArraySlice<Int32>) -> Bool {
        guard entries.count <= 2 * Self.fewKeys else { return false }
        return entries.withUnsafeBufferPointer { entries in
            records.withUnsafeBufferPointer { records in
                for position in stride(from: 0, to: entries.count, by: 2) {
                    let key = records[Int(entries[position])]
                    guard key.kind == .scalar, !key.inScratch else { return false }
                    let text = UnsafeBufferPointer(rebasing: bytes[Int(key.first)..<Int(key.first + key.count)])
                    if text.count == 2 && text[0] == UInt8(ascii: "<") { return false }
                    for earlier in stride(from: 0, to: position, by: 2) {
                        let other = records[Int(entries[earlier])]
                        if other.count == key.count && stands(text, at: Int(other.first)) { return false }
                    }
                }
                return true
            }
        }
    }

    /// Reports keys that are no text or come twice, and resolves merges (`<<`). The mapping is faulty when it merges
    /// what could not be read: nobody knows which keys it has.
    private mutating func checkedEntries(
        _ own: [Int32], isFaulty: inout Bool, _ diagnostics: inout DiagnosticList
    ) -> [Int32] {
        var kept: [Int32] = []
        kept.reserveCapacity(own.count)
        var merges: [Int32] = []
        var seen = KeySet(expecting: own.count / 2)
        for position in stride(from: 0, to: own.count - 1, by: 2) {
            let key = own[position]
            let record = records[Int(key)]
            guard record.kind == .scalar else {
                diagnostics.add(
                    Diagnostic(
                        .keyNotText, "a key is text, not a \(record.kind == .mapping ? "mapping" : "sequence")",
                        at: LocatedRecord(record).head(source)))
                continue
            }
            if record.style == .plain && keyText(key) == "<<" {
                merges.append(own[position + 1])
                continue
            }
            if let first = seen.insert(key, text: keyBytes(key), in: self) {
                let earlier = records[Int(first)]
                diagnostics.add(
                    Diagnostic(
                        .duplicateKey, "the key '\(keyText(key))' is here twice", at: range(record.start, record.end),
                        related: [RelatedPlace(range(earlier.start, earlier.end), "it is here first")]))
                continue
            }
            kept.append(key)
            kept.append(own[position + 1])
        }
        for merge in merges { mergeEntries(of: merge, into: &kept, &seen, isFaulty: &isFaulty, &diagnostics) }
        return kept
    }

    private mutating func mergeEntries(
        of node: Int32, into kept: inout [Int32], _ seen: inout KeySet, isFaulty: inout Bool,
        _ diagnostics: inout DiagnosticList
    ) {
        let record = records[Int(node)]
        var sources: [Int32] = [node]
        if record.kind == .sequence {
            sources = Array(children[Int(record.first)..<Int(record.first + record.count)])
        }
        for source in sources {
            let merged = records[Int(source)]
            if merged.tag == .faulty { isFaulty = true }
            guard merged.kind == .mapping else {
                isFaulty = true
                if merged.tag == .faulty { continue }
                diagnostics.add(
                    Diagnostic(
                        .invalidMerge, "'<<' merges a mapping, or a sequence of mappings",
                        at: LocatedRecord(merged).head(self.source)))
                continue
            }
            for position in stride(from: 0, to: Int(merged.count), by: 2) {
                let key = children[Int(merged.first) + position]
                // What the mapping says itself, and what was merged before, wins.
                if seen.insert(key, text: keyBytes(key), in: self) == nil {
                    kept.append(key)
                    kept.append(children[Int(merged.first) + position + 1])
                }
            }
        }
    }

    fileprivate func keyBytes(_ node: Int32) -> ArraySlice<UInt8> {
        let record = records[Int(node)]
        let span = Int(record.first)..<Int(record.first + record.count)
        return record.inScratch ? scratch[span] : text.bytes[span]
    }

    private func keyText(_ node: Int32) -> String { String(decoding: keyBytes(node), as: UTF8.self) }

    /// The keys of one mapping: compared one by one while they are few, hashed when they are many.
    private struct KeySet {
        private var few: [Int32] = []
        private var many: [ArraySlice<UInt8>: Int32]?

        init(expecting count: Int) { if count > TreeBuilder.fewKeys { many = [:] } }

        /// Adds a key; returns the equal key that was there before.
        mutating func insert(_ key: Int32, text: ArraySlice<UInt8>, in builder: TreeBuilder) -> Int32? {
            if many != nil {
                if let first = many?[text] { return first }
                many?[text] = key
                return nil
            }
            for other in few where builder.keyBytes(other) == text { return other }
            few.append(key)
            // Merges can bring more than was expected.
            if few.count > 16 {
                many = Dictionary(few.map { (builder.keyBytes($0), $0) }) { first, _ in first }
            }
            return nil
        }
    }

    /// Where to point for a record whose children are not in place yet.
    private struct LocatedRecord {
        let record: SyntaxTree.Record
        init(_ record: SyntaxTree.Record) { self.record = record }

        func head(_ source: SourceID) -> SourceRange {
            let end = record.kind == .scalar ? record.end : min(max(record.end, record.start), record.start + 1)
            return SourceRange(source: source, start: record.start, end: end)
        }
    }
}
