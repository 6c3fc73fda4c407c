package import PlanIR

/// How many activities of certain resources may run at a time, beside the limit for all together.
package struct RunLimits: Sendable, Hashable {
    /// How many activities of each class run at a time, at least 1.
    package let most: [Int32]
    /// For each resource, the classes that it belongs to, -1 for none: that of its plugin, and that of its type.
    package let plugins: [Int32]
    package let types: [Int32]

    /// Limits by the names of plugins and of resource types; what is not named has no limit of its own.
    package init(_ ir: PlanIR, plugins pluginLimits: [String: Int], types typeLimits: [String: Int]) {
        var most: [Int32] = []
        var classes: [String: Int32] = [:]
        func position(_ name: String, _ limit: Int?) -> Int32 {
            guard let limit else { return -1 }
            if let known = classes[name] { return known }
            classes[name] = Int32(most.count)
            most.append(Int32(clamping: max(1, limit)))
            return Int32(most.count - 1)
        }
        plugins = ir.resources.map { resource in
            let name = ir.plugins.indices.contains(Int(resource.plugin)) ? ir.plugins[Int(resource.plugin)].name : ""
            // Names of plugins and types cannot be mistaken for each other: types are told by a mark.
            return position(name, pluginLimits[name])
        }
        types = ir.resources.map { position("#" + $0.type, typeLimits[$0.type]) }
        self.most = most
    }
}
