package import CanonicalForm

/// The distinct sets of resolved parameters of one plan, in the order of their first use.
package struct ParameterSets: Sendable {
    package private(set) var sets: [JSONObject] = []
    private var positions: [JSONObject: Int32] = [:]

    /// The position of a set, which is added when it is new.
    mutating func position(of set: JSONObject) -> Int32 {
        if let known = positions[set] { return known }
        let position = Int32(sets.count)
        sets.append(set)
        positions[set] = position
        return position
    }
}
