/// Finds the name that someone probably meant.
package enum Similar {
    /// The candidate nearest to `name` by edit distance, or `nil` when none is near; of equally near ones the first.
    package static func best(for name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        // One slip in a short name, about one in three letters in a long one.
        let limit = max(1, wanted.count / 3)
        var best: (distance: Int, name: String)?
        for candidate in candidates where candidate != name {
            let other = Array(candidate.utf8)
            let bound = min(limit, (best?.distance ?? limit + 1) - 1)
            if abs(other.count - wanted.count) > bound { continue }
            let folded = candidate.lowercased() == name.lowercased()
            let distance = folded ? 0 : distance(wanted, other, bound: bound)
            // Where every letter differs, nothing is similar.
            if distance <= bound && distance < max(wanted.count, other.count) { best = (distance, candidate) }
            if distance == 0 { break }
        }
        return best?.name
    }

    /// The candidates near to `name`, at most `limit` of them, the nearest first; of equally near ones the first.
    package static func nearest(_ limit: Int, to name: String, among candidates: some Sequence<String>) -> [String] {
        let wanted = Array(name.utf8)
        let bound = max(1, wanted.count / 3)
        let near = candidates.enumerated().compactMap { position, candidate in
            let distance = distance(wanted, Array(candidate.utf8), bound: bound)
            return distance <= bound ? (distance: distance, position: position, name: candidate) : nil
        }
        return near.sorted { ($0.distance, $0.position) < ($1.distance, $1.position) }.prefix(limit).map(\.name)
    }

    /// The one candidate that `name` is surely meant for: it differs by capitals only, or by one slip in four letters or
    /// more, and no other one is as near.
    package static func certain(for name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        var found: [String] = []
        for candidate in candidates where candidate != name {
            if differInCase(candidate, name) { return candidate }
            let other = Array(candidate.utf8)
            guard max(wanted.count, other.count) >= 4, abs(other.count - wanted.count) <= 1, !found.contains(candidate)
            else { continue }
            if distance(wanted, other, bound: 1) <= 1 { found.append(candidate) }
        }
        return found.count == 1 ? found[0] : nil
    }

    /// Whether two names are the same but for capitals.
    package static func differInCase(_ a: String, _ b: String) -> Bool { a != b && a.lowercased() == b.lowercased() }

    /// Edit distance with transpositions (optimal string alignment); `bound + 1` when it is larger than `bound`.
    static func distance(_ a: [UInt8], _ b: [UInt8], bound: Int) -> Int {
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        var current = last
        for i in 1...a.count {
            current[0] = i
            var smallest = i
            for j in 1...b.count {
                let substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var value = min(substitution, last[j] + 1, current[j - 1] + 1)
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    value = min(value, beforeLast[j - 2] + 1)
                }
                current[j] = value
                smallest = min(smallest, value)
            }
            if smallest > bound { return bound + 1 }
            (beforeLast, last, current) = (last, current, beforeLast)
        }
        return last[b.count]
    }
}
