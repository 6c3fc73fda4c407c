/// The paths that resources protect, of one plan or of several, and which of them lie inside which.
///
/// Adding a path and finding those around it takes time in the length of the path, however many there are.
package struct ProtectedPaths: Sendable {
    private var bytes: [UInt8] = []
    /// Where each path starts in `bytes`, and where the last one ends.
    private var starts: [Int] = [0]
    /// The first entry with a path; a slot is empty when it is negative.
    private var slots: [Int32] = []
    private var hashes: [UInt64] = []
    /// For each entry the first one with the same path: itself, when there is none before.
    private var firsts: [Int32] = []

    package init() {}

    /// How many paths there are.
    package var count: Int { starts.count - 1 }

    /// The path of an entry, as `add` took it.
    package func path(_ entry: Int) -> ArraySlice<UInt8> { bytes[starts[entry]..<starts[entry + 1]] }

    /// Takes in a path in normal form; gives its number, and the first entry with the same path, if there is one.
    package mutating func add(_ path: [UInt8]) -> (entry: Int, same: Int?) {
        if 2 * (count + 1) > slots.count { grow() }
        let entry = count
        let hash = path.reduce(into: ProtectedPaths.seed) { ProtectedPaths.mix(&$0, $1) }
        bytes.append(contentsOf: path)
        starts.append(bytes.count)
        hashes.append(hash)
        let slot = find(path[...], hash)
        if slots[slot] >= 0 {
            firsts.append(slots[slot])
            return (entry, Int(slots[slot]))
        }
        slots[slot] = Int32(entry)
        firsts.append(Int32(entry))
        return (entry, nil)
    }

    /// The entries whose paths lead to that of `entry`, the nearest first; of equal paths the first entry.
    package func enclosing(_ entry: Int) -> [Int] { enclosing(path(entry)) }

    /// The entries whose paths lead to `path`, the nearest first, without `path` itself.
    package func enclosing(_ path: ArraySlice<UInt8>) -> [Int] {
        var found: [Int] = []
        if slots.isEmpty { return found }
        var hash = ProtectedPaths.seed
        for position in path.indices.dropLast() {
            let isSlash = path[position] == 0x2F
            // Before a slash ends a directory; the root's path is its slash.
            if isSlash && position > path.startIndex { look(path[..<position], hash, &found) }
            ProtectedPaths.mix(&hash, path[position])
            if isSlash && position == path.startIndex { look(path[...position], hash, &found) }
        }
        return found.reversed()
    }

    /// The first entry with exactly this path.
    package func entry(at path: ArraySlice<UInt8>) -> Int? {
        if slots.isEmpty { return nil }
        let hash = path.reduce(into: ProtectedPaths.seed) { ProtectedPaths.mix(&$0, $1) }
        let entry = slots[find(path, hash)]
        return entry < 0 ? nil : Int(entry)
    }

    private func look(_ path: ArraySlice<UInt8>, _ hash: UInt64, _ found: inout [Int]) {
        let entry = slots[find(path, hash)]
        if entry >= 0 { found.append(Int(entry)) }
    }

    // MARK: The table

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func mix(_ hash: inout UInt64, _ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

    /// The slot that holds a path, or the empty one where it belongs.
    private func find(_ path: ArraySlice<UInt8>, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        // The low bits of the hash alone hardly depend on the first bytes.
        var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            if hashes[entry] == hash && self.path(entry).elementsEqual(path) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: max(16, 2 * slots.count))
        for entry in 0..<count where Int(firsts[entry]) == entry {
            slots[find(path(entry), hashes[entry])] = Int32(entry)
        }
    }
}
