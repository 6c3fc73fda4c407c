internal import CanonicalForm

/// Compares values key by key.
enum ValueComparison {
    /// The differences of two objects, in the order of their keys.
    static func changes(_ old: JSONObject, _ new: JSONObject, at path: [String] = []) -> [ValueChange] {
        var changes: [ValueChange] = []
        var left = old.members[...]
        var right = new.members[...]
        while true {
            switch (left.first, right.first) {
            case (nil, nil): return changes
            case (let a?, let b?) where a.key.utf8.elementsEqual(b.key.utf8):
                compare(a.value, b.value, path, a.key, &changes)
                left.removeFirst()
                right.removeFirst()
            case (let a?, let b) where b.map({ JSONObject.precedes(a.key, $0.key) }) ?? true:
                compare(a.value, nil, path, a.key, &changes)
                left.removeFirst()
            case (_, let b?):
                compare(nil, b.value, path, b.key, &changes)
                right.removeFirst()
            case (_?, nil):
                // The case before takes whatever has nothing on the right.
                return changes
            }
        }
    }

    private static func compare(
        _ old: JSONValue?, _ new: JSONValue?, _ path: [String], _ key: String, _ changes: inout [ValueChange]
    ) {
        if old == new { return }
        let path = path + [key]
        let hidesOld = old.map { SecretMask.hides($0, under: key) } ?? false
        let hidesNew = new.map { SecretMask.hides($0, under: key) } ?? false
        if !hidesOld, !hidesNew, let before = old?.objectValue, let after = new?.objectValue {
            changes += self.changes(before, after, at: path)
            return
        }
        let shownOld = hidesOld ? SecretMask.hidden : old.map(SecretMask.masked)
        let shownNew = hidesNew ? SecretMask.hidden : new.map(SecretMask.masked)
        changes.append(
            ValueChange(path: path, old: shownOld, new: shownNew, isHidden: shownOld != old || shownNew != new))
    }
}
