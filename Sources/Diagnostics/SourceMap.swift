/// Names one loaded file within a `SourceMap`.
package struct SourceID: Sendable, Hashable, Comparable {
    /// Position in the map, in order of loading.
    package let index: Int32

    package init(index: Int32) { self.index = index }

    package static func < (a: SourceID, b: SourceID) -> Bool { a.index < b.index }
}

/// A run of bytes in one file, from `start` up to but not including `end`.
package struct SourceRange: Sendable, Hashable {
    package let source: SourceID
    package let start: Int32
    package let end: Int32

    package init(source: SourceID, start: Int32, end: Int32) {
        self.source = source
        self.start = start
        self.end = max(start, end)
    }
}

/// A file's name and bytes, as they were read.
package final class SourceText: Sendable {
    /// The largest file that is read, in bytes: offsets are 32-bit.
    package static let maximumLength = 1 << 30

    /// The name to print: the path as the user gave it, or `<stdin>`.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// All files of one run, in order of loading.
package struct SourceMap: Sendable {
    package private(set) var texts: [SourceText] = []
    /// Secrets in clear text: places that no excerpt shows, whatever it is about.
    package private(set) var secrets: Set<SourceRange> = []

    package init() {}

    /// Lets no excerpt show what `diagnostics` say is a secret, also when a comment or a level keeps them quiet.
    package mutating func hideSecrets(of diagnostics: some Sequence<Diagnostic>) {
        for diagnostic in diagnostics where diagnostic.code.hidesItsText {
            if let range = diagnostic.range { secrets.insert(range) }
        }
    }

    /// Takes in a file and names it.
    package mutating func add(_ text: SourceText) -> SourceID {
        texts.append(text)
        return SourceID(index: Int32(texts.count - 1))
    }

    package subscript(id: SourceID) -> SourceText { texts[Int(id.index)] }

    /// The bytes of a range, as text; what is not UTF-8 becomes U+FFFD.
    package func text(of range: SourceRange) -> String {
        let bytes = self[range.source].bytes
        let end = min(Int(range.end), bytes.count)
        return String(decoding: bytes[min(Int(range.start), end)..<end], as: UTF8.self)
    }
}
