internal import CLibYAML
package import Diagnostics

/// Reads YAML text into a located tree: through libyaml's events, or without them where both give the same.
package enum YAMLParser {
    /// The deepest nesting of sequences and mappings; libyaml's own work grows with depth, and no plan needs more.
    package static let maximumDepth = 1000
    /// How many nodes all aliases of a file may stand for.
    package static let maximumAliasExpansion = 1_000_000

    /// Parses every document of `text`.
    ///
    /// A file that is not UTF-8 or not YAML gives one diagnostic, and the documents that ended before the fault;
    /// duplicate keys and the like are reported and the rest goes on.
    package static func parse(
        _ text: SourceText, as source: SourceID, into diagnostics: inout DiagnosticList
    ) -> SyntaxTree {
        parseQuickly(text, as: source, into: &diagnostics)
            ?? parseWithLibrary(text, as: source, into: &diagnostics)
    }

    /// Parses what is written as most plans are; `nil` for all else, which is libyaml's to decide.
    package static func parseQuickly(
        _ text: SourceText, as source: SourceID, into diagnostics: inout DiagnosticList
    ) -> SyntaxTree? {
        text.bytes.withUnsafeBufferPointer { bytes in
            guard let (tree, faults) = QuickScanner.parse(text, bytes, as: source) else { return nil }
            diagnostics.merge(faults)
            return tree
        }
    }

    /// Parses with libyaml, which decides what a file means.
    package static func parseWithLibrary(
        _ text: SourceText, as source: SourceID, into diagnostics: inout DiagnosticList
    ) -> SyntaxTree {
        text.bytes.withUnsafeBufferPointer { parse($0, of: text, as: source, into: &diagnostics) }
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, of text: SourceText, as source: SourceID,
        into diagnostics: inout DiagnosticList
    ) -> SyntaxTree {
        var builder = TreeBuilder(source: source, text: text, bytes: bytes)
        let isASCII = ByteTexts.isASCII(bytes)
        if !isASCII, let fault = EncodingCheck.fault(in: text.bytes) {
            diagnostics.add(
                Diagnostic(
                    .notUTF8, fault.message,
                    at: SourceRange(
                        source: source, start: Int32(fault.offset), end: Int32(fault.offset + fault.length)),
                    notes: ["Cairn reads UTF-8 only; convert the file, for example with iconv"]))
        } else {
            run(bytes, isASCII: isASCII, &builder, &diagnostics)
        }
        return builder.finish()
    }

    private static func run(
        _ bytes: UnsafeBufferPointer<UInt8>, isASCII: Bool, _ builder: inout TreeBuilder,
        _ diagnostics: inout DiagnosticList
    ) {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) != 0 else {
            diagnostics.add(
                Diagnostic(.unreadableFile, "there is no memory to read this file", file: builder.text.name))
            return
        }
        defer { yaml_parser_delete(&parser) }
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        var offsets = ByteOffsets(bytes, isASCII: isASCII)
        // libyaml would count a byte order mark as the first column, and find the next line indented differently.
        let content = UnsafeBufferPointer(rebasing: bytes[offsets.start...])
        yaml_parser_set_input_string(&parser, content.baseAddress, content.count)
        var event = yaml_event_t()
        while true {
            guard yaml_parser_parse(&parser, &event) != 0 else {
                builder.dropOpenDocument()
                diagnostics.add(syntaxError(of: parser, in: builder.source, bytes, &offsets))
                return
            }
            defer { yaml_event_delete(&event) }
            if event.type == YAML_STREAM_END_EVENT { return }
            let start = Int32(offsets.byteOffset(ofScalar: event.start_mark.index))
            let end = Int32(offsets.byteOffset(ofScalar: event.end_mark.index))
            guard builder.take(&event, start: start, end: end, &diagnostics) else {
                builder.dropOpenDocument()
                return
            }
        }
    }

    private static func syntaxError(
        of parser: yaml_parser_t, in source: SourceID, _ bytes: UnsafeBufferPointer<UInt8>,
        _ offsets: inout ByteOffsets
    ) -> Diagnostic {
        let problem = parser.problem.map { String(cString: $0) } ?? "the text cannot be read"
        if parser.error == YAML_READER_ERROR {
            let offset = Int32(min(parser.problem_offset + offsets.start, bytes.count))
            let end = min(Int32(bytes.count), offset + 1)
            let shown =
                parser.problem_value >= 0 ? " (U+\(String(parser.problem_value, radix: 16, uppercase: true)))" : ""
            return Diagnostic(.yamlSyntax, problem + shown, at: SourceRange(source: source, start: offset, end: end))
        }
        if parser.error == YAML_MEMORY_ERROR {
            return Diagnostic(
                .yamlSyntax, "there is no memory to read this file",
                at: SourceRange(source: source, start: 0, end: 0))
        }
        let offset = Int32(offsets.byteOffset(ofScalar: parser.problem_mark.index))
        var end = offset
        if Int(offset) < bytes.count, bytes[Int(offset)] != 0x0A && bytes[Int(offset)] != 0x0D { end += 1 }
        var related: [RelatedPlace] = []
        if let context = parser.context {
            let place = Int32(offsets.byteOffset(ofScalar: parser.context_mark.index))
            if place != offset {
                related.append(
                    RelatedPlace(
                        SourceRange(source: source, start: place, end: min(place + 1, Int32(bytes.count))),
                        String(cString: context)))
            }
        }
        var notes: [String] = []
        if problem.contains("cannot start any token"), Int(offset) < bytes.count, bytes[Int(offset)] == 0x09 {
            notes.append("YAML does not allow tabs for indentation; use spaces")
        }
        return Diagnostic(
            .yamlSyntax, problem, at: SourceRange(source: source, start: offset, end: end), related: related,
            notes: notes)
    }
}

/// Turns libyaml's marks, which count Unicode scalars, into byte offsets.
struct ByteOffsets {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// Where the text begins, behind a byte order mark.
    let start: Int
    private let isASCII: Bool
    private var lastScalar = 0
    private var lastByte: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, isASCII: Bool) {
        self.bytes = bytes
        self.isASCII = isASCII
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        lastByte = start
    }

    /// The byte offset of a scalar's number. Marks come in nearly ascending order, so the walk from the last one is
    /// short.
    mutating func byteOffset(ofScalar scalar: Int) -> Int {
        if isASCII { return min(scalar + start, bytes.count) }
        while lastScalar > scalar {
            lastByte -= 1
            while lastByte > start && bytes[lastByte] & 0xC0 == 0x80 { lastByte -= 1 }
            lastScalar -= 1
        }
        while lastScalar < scalar && lastByte < bytes.count {
            lastByte += 1
            while lastByte < bytes.count && bytes[lastByte] & 0xC0 == 0x80 { lastByte += 1 }
            lastScalar += 1
        }
        return lastByte
    }
}

/// Finds what is not UTF-8.
enum EncodingCheck {
    struct Fault {
        let offset: Int
        let length: Int
        let message: String
    }

    static func fault(in bytes: [UInt8]) -> Fault? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return Fault(offset: 0, length: 2, message: "this is UTF-16, not UTF-8")
        }
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return Fault(offset: offset, length: 0, message: "this is not UTF-8")
            case .error:
                let byte = offset < bytes.count ? bytes[offset] : 0
                return Fault(
                    offset: offset, length: 1,
                    message: "byte 0x\(String(byte, radix: 16, uppercase: true)) is not part of UTF-8 text")
            }
        }
    }
}
