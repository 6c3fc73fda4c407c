package import CanonicalForm

/// The distinct sets of resolved parameters of one plan, in the order of their first use, each with the layers that its
/// values came from.
package struct ParameterSets: Sendable {
    package private(set) var sets: [JSONObject] = []
    /// For each set the layer of each of its parameters, as the IR has them.
    package private(set) var origins: [JSONObject] = []
    private var positions: [Key: Int32] = [:]

    private struct Key: Hashable {
        let set: JSONObject
        let origins: JSONObject
    }

    /// The position of a set, which is added when it is new.
    mutating func position(of set: JSONObject, from origins: JSONObject) -> Int32 {
        let key = Key(set: set, origins: origins)
        if let known = positions[key] { return known }
        let position = Int32(sets.count)
        sets.append(set)
        self.origins.append(origins)
        positions[key] = position
        return position
    }
}
