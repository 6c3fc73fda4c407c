import Glibc

/// Numbers distinct texts by their first appearance. It compares bytes and makes no strings, so that names are
/// resolved at the cost of looking at them.
package struct TextIndex: Sendable {
    private struct Entry {
        let hash: UInt64
        let start: Int32
        let count: Int32
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    /// Entry numbers plus one by hash, 0 where there is none; the count is a power of two.
    private var slots: [Int32]

    /// An index with room for `capacity` texts.
    package init(capacity: Int = 0) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        entries.reserveCapacity(capacity)
    }

    /// The number of distinct texts.
    package var count: Int { entries.count }

    /// The text of a number that this index gave out.
    package subscript(number: Int32) -> String {
        let entry = entries[Int(number)]
        return String(decoding: bytes[Int(entry.start)..<Int(entry.start + entry.count)], as: UTF8.self)
    }

    /// The number of `text`, which is added when it is new.
    package mutating func insert(_ text: UnsafeBufferPointer<UInt8>) -> (number: Int32, isNew: Bool) {
        let hash = ByteTexts.hash(text)
        let slot = slot(of: text, hash)
        if slots[slot] > 0 { return (slots[slot] - 1, false) }
        let number = Int32(entries.count)
        slots[slot] = number + 1
        entries.append(Entry(hash: hash, start: Int32(bytes.count), count: Int32(text.count)))
        bytes.append(contentsOf: text)
        if entries.count * 2 > slots.count { grow() }
        return (number, true)
    }

    /// The number of `text`, `nil` when it was never added.
    package func find(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
        let slot = slot(of: text, ByteTexts.hash(text))
        return slots[slot] > 0 ? slots[slot] - 1 : nil
    }

    /// The number of `text`, `nil` when it was never added.
    package func find(_ text: some StringProtocol) -> Int32? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { find($0) }
    }

    /// The slot that holds `text`, or the empty one in which it belongs.
    private func slot(of text: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] > 0 {
            let entry = entries[Int(slots[slot] - 1)]
            if entry.hash == hash && Int(entry.count) == text.count && isEqual(entry, text) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func isEqual(_ entry: Entry, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            ByteTexts.equal(
                UnsafeBufferPointer(rebasing: bytes[Int(entry.start)..<Int(entry.start + entry.count)]), text)
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (number, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & mask
            while slots[slot] > 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(number) + 1
        }
    }
}

/// Texts as bytes.
package enum ByteTexts {
    /// Differs from process to process, so that no file can be written whose names all fall together. No output
    /// depends on it.
    private static let seed = UInt64(bitPattern: Int64(0.hashValue)) | 1

    /// A hash for tables in memory.
    package static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 { hash(text, into: seed) }

    /// A hash of what `state` stands for, followed by `text`.
    package static func hash(_ text: UnsafeBufferPointer<UInt8>, into state: UInt64) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        var state = mix(state ^ UInt64(truncatingIfNeeded: raw.count), 0x9E37_79B9_7F4A_7C15)
        var offset = 0
        while raw.count - offset >= 8 {
            state = mix(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0xD6E8_FEB8_6659_FD93)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest << 8 | UInt64(raw[offset])
            offset += 1
        }
        return mix(state ^ rest, 0xA076_1D64_78BD_642F)
    }

    /// The seed of a hash over several parts.
    package static var start: UInt64 { seed }

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// Whether two texts have the same bytes.
    @inline(__always)
    package static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        guard a.count > 0, let left = a.baseAddress, let right = b.baseAddress else { return true }
        return memcmp(left, right, a.count) == 0
    }

    /// Whether all bytes are line feeds and printable ASCII.
    static func isPrintable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // Without a branch for each byte, many are looked at at once.
        var start = 0
        while start < bytes.count {
            let end = min(start + 4096, bytes.count)
            var isOther = false
            for offset in start..<end {
                isOther = isOther || (bytes[offset] &- 0x20 > 0x5E && bytes[offset] != 0x0A)
            }
            if isOther { return false }
            start = end
        }
        return true
    }

    /// Whether all bytes are ASCII.
    package static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(bytes)
        var offset = 0
        while raw.count - offset >= 32 {
            let a = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let b = raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            let c = raw.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
            let d = raw.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
            if (a | b | c | d) & 0x8080_8080_8080_8080 != 0 { return false }
            offset += 32
        }
        return raw[offset...].allSatisfy { $0 < 0x80 }
    }
}
