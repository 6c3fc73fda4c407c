/// Collects the bytes of a format, and hands them on in pieces where somebody takes them.
struct OutputText {
    private(set) var bytes: [UInt8] = []
    private let sink: (([UInt8]) -> Void)?

    /// The length from which on a piece is handed on: it stays in the processor's cache.
    private static let pieceLength = 1 << 17

    init(capacity: Int = 0) {
        sink = nil
        bytes.reserveCapacity(capacity)
    }

    /// A text whose pieces go to `sink`.
    init(to sink: @escaping ([UInt8]) -> Void) {
        self.sink = sink
        bytes.reserveCapacity(OutputText.pieceLength + 4096)
    }

    /// Hands on what is there, if that is enough; called between things that are written.
    @inline(__always)
    mutating func flow() {
        if bytes.count >= OutputText.pieceLength { finish() }
    }

    /// Hands on what is left.
    mutating func finish() {
        guard let sink else { return }
        sink(bytes)
        bytes.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func raw(_ byte: UInt8) { bytes.append(byte) }

    mutating func raw(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func raw(_ text: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: text) }
}

/// The texts of many things one behind the other, so that writing one of them often costs a copy of its bytes.
struct ByteTable {
    private let bytes: [UInt8]
    private let offsets: [Int32]

    /// The texts of `count` things, each written by `write`.
    init(count: Int, length: Int, _ write: (Int, inout OutputText) -> Void) {
        var text = OutputText(capacity: count * length)
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(count + 1)
        for position in 0..<count {
            write(position, &text)
            offsets.append(Int32(clamping: text.bytes.count))
        }
        bytes = text.bytes
        self.offsets = offsets
    }

    /// Lends out the texts, for work on many of them.
    func withTexts<Result>(_ body: (Texts) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            offsets.withUnsafeBufferPointer { offsets in body(Texts(bytes: bytes, offsets: offsets)) }
        }
    }

    /// The texts, valid only while they are lent out.
    struct Texts {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        fileprivate let offsets: UnsafeBufferPointer<Int32>

        @inline(__always)
        subscript(position: Int) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: bytes[Int(offsets[position])..<Int(offsets[position + 1])])
        }
    }
}
