import PlanLanguage
import YAMLSource

/// The names of a plan's resources, for finding them by id or by `TYPE#ID`.
struct ResourceNames: Sendable {
    private var ids: TextIndex
    /// For each id the first resource that has it with its type, and how many have it.
    private var first: [(resource: Int32, type: Int32, count: Int32)] = []
    /// The resources of the ids that several have, by id and type.
    private var shared: [Pair: Int32] = [:]

    private struct Pair: Hashable {
        let id: Int32
        let type: Int32
    }

    init(capacity: Int = 0) { ids = TextIndex(capacity: capacity) }

    /// Takes in a resource; returns the one that has this id and type already, if any.
    mutating func insert(_ resource: Int32, id: UnsafeBufferPointer<UInt8>, type: Int32) -> Int32? {
        let (number, isNew) = ids.insert(id)
        if isNew {
            first.append((resource, type, 1))
            return nil
        }
        let earlier = first[Int(number)]
        if earlier.count == 1 { shared[Pair(id: number, type: earlier.type)] = earlier.resource }
        if let same = shared[Pair(id: number, type: type)] { return same }
        shared[Pair(id: number, type: type)] = resource
        first[Int(number)].count += 1
        return nil
    }

    /// The first resource with an id, and how many have it.
    func resources(id: UnsafeBufferPointer<UInt8>) -> (first: Int32, count: Int) {
        guard let number = ids.find(id) else { return (-1, 0) }
        return (first[Int(number)].resource, Int(first[Int(number)].count))
    }

    /// The resource that `TYPE#ID` names.
    func resource(identity: UnsafeBufferPointer<UInt8>, types: [String]) -> Int32? {
        // Neither part may hold a '#'; one that does has been reported, and is found all the same.
        for mark in identity.indices where identity[mark] == UInt8(ascii: "#") {
            let rest = UnsafeBufferPointer(rebasing: identity[(mark + 1)...])
            guard let number = ids.find(rest) else { continue }
            let candidate = first[Int(number)]
            func isNamed(_ type: Int) -> Bool { types[type].utf8.elementsEqual(identity[..<mark]) }
            if candidate.count == 1 {
                if isNamed(Int(candidate.type)) { return candidate.resource }
            } else if let type = types.indices.first(where: isNamed),
                let found = shared[Pair(id: number, type: Int32(type))]
            {
                return found
            }
        }
        return nil
    }
}
