internal import Diagnostics
package import PlanIR

/// Why something cannot be drawn as asked.
package enum ViewError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknownResource(String, similar: String?)
    case unknownType(String, similar: String?)
    /// Several resources have the id.
    case ambiguous(String, identities: [String])
    /// An activity is named, and resources are drawn.
    case activityInResourceView(String)
    /// There is no way from the first to the second; whether there is one back.
    case noPath(from: String, to: String, isReversed: Bool, view: GraphView)
    /// What needs an order finds a cycle.
    case cyclic(String)

    package var description: String {
        switch self {
        case .unknownResource(let name, let similar):
            "the plan has no resource '\(name)'" + (similar.map { "; did you mean '\($0)'?" } ?? "")
        case .unknownType(let name, let similar):
            "the plan has no resource of the type '\(name)'" + (similar.map { "; did you mean '\($0)'?" } ?? "")
        case .ambiguous(let id, let identities):
            "several resources have the id '\(id)': write \(identities.joined(separator: " or "))"
        case .activityInResourceView(let name):
            "'\(name)' is an activity: ask for --view activities"
        case .noPath(let from, let to, let isReversed, .activities):
            isReversed
                ? "'\(to)' does not wait for '\(from)'; it is the other way round"
                : "neither of '\(from)' and '\(to)' waits for the other"
        case .noPath(let from, let to, let isReversed, .resources):
            isReversed
                ? "'\(to)' is no dependent of '\(from)', directly or not; it is the other way round"
                : "neither of '\(from)' and '\(to)' is a dependent of the other, directly or not"
        case .cyclic(let what): "\(what) needs an order, and the plan has a cycle"
        }
    }
}

extension Drawing {
    /// The nodes that a name stands for: a resource by `TYPE#ID` or its id, an activity by its hook before that, `start`
    /// or `finish`. In the activity view, a resource stands for all of its activities.
    package func nodes(named name: String) throws(ViewError) -> [Int32] {
        if view == .activities {
            if let fixed = nodes.firstIndex(where: { $0.kind == .start && name == "start" })
                ?? nodes.firstIndex(where: { $0.kind == .finish && name == "finish" })
            {
                return [Int32(fixed)]
            }
        }
        var hook: Hook?
        var resourceName = Substring(name)
        if let colon = name.firstIndex(of: ":"), let named = Hook(name: String(name[..<colon])) {
            hook = named
            resourceName = name[name.index(after: colon)...]
            if view == .resources { throw .activityInResourceView(name) }
        }
        let resource = try plan.resource(named: String(resourceName))
        let group = groupOf.isEmpty ? resource : groupOf[Int(resource)]
        return nodes.indices.filter { position in
            let node = nodes[position]
            return node.resource == group && (hook == nil || node.hook == hook)
        }.map(Int32.init)
    }

    /// The numbers of types that are named, each by its whole name.
    func types(named names: [String]) throws(ViewError) -> Set<String> {
        let known = plan.resources.map(\.type)
        for name in names where !known.contains(name) {
            throw .unknownType(name, similar: Similar.best(for: name, among: known.uniqued))
        }
        return Set(names)
    }
}

extension PlanIR {
    /// The resource of an identity, or of an id that only one has.
    package func resource(named name: String) throws(ViewError) -> Int32 {
        if name.utf8.contains(UInt8(ascii: "#")) {
            if let position = resources.firstIndex(where: { $0.identity == name }) { return Int32(position) }
            throw .unknownResource(name, similar: Similar.best(for: name, among: resources.map(\.identity)))
        }
        let found = resources.indices.filter { resources[$0].id == name }
        if found.count > 1 { throw .ambiguous(name, identities: found.map { resources[$0].identity }) }
        guard let position = found.first else {
            throw .unknownResource(name, similar: Similar.best(for: name, among: resources.map(\.id)))
        }
        return Int32(position)
    }
}

extension Array where Element: Hashable {
    /// The elements, each once, in the order of their first occurrence.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
