/// Collects the bytes of a format.
struct OutputText {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    @inline(__always)
    mutating func raw(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    mutating func raw(_ byte: UInt8) { bytes.append(byte) }

    mutating func raw(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func raw(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }

    mutating func raw(_ text: [UInt8]) { bytes.append(contentsOf: text) }
}

/// The texts of many things one behind the other, so that writing one of them often costs a copy of its bytes.
struct ByteTable {
    private let bytes: [UInt8]
    private let offsets: [Int32]

    /// The texts of `count` things, each written by `write`.
    init(count: Int, _ write: (Int, inout OutputText) -> Void) {
        var text = OutputText(capacity: count * 40)
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(count + 1)
        for position in 0..<count {
            write(position, &text)
            offsets.append(Int32(clamping: text.bytes.count))
        }
        bytes = text.bytes
        self.offsets = offsets
    }

    subscript(position: Int) -> ArraySlice<UInt8> { bytes[Int(offsets[position])..<Int(offsets[position + 1])] }
}
