package import CanonicalForm

/// A plugin that can say what there is to protect: the dependents of a resource, and the instances on this host.
///
/// What it finds becomes part of a plan, and what it leaves out is protected by nobody. So whatever keeps it from
/// looking at all of it is an error with its reason, a `PluginError` that names the thing; it never answers with
/// less. The same host gives the same answer, in the same order. It must not block the cooperative pool.
package protocol DiscoveringPlugin: ProtectionPlugin {
    /// The dependents of a resource that a selector asks for.
    ///
    /// The selector has been checked against the manifest. How many there must be at least is not the plugin's
    /// business.
    func dependents(of resource: ResourceDescription, selector: JSONObject) async throws -> DiscoveredDependents

    /// The instances of one of the plugin's resource types on this host; none where a type has no instances that
    /// could be counted.
    func instances(of type: String) async throws -> [ProtectableInstance]
}

/// What a plugin has found below a resource.
package struct DiscoveredDependents: Sendable, Hashable {
    /// The dependents, in an order that depends on nothing but what they are.
    package let dependents: [ResourceDescription]
    /// What the resource must leave to them: values for its parameters of `protect` that are lists, to be appended.
    package let parameters: JSONObject

    package init(dependents: [ResourceDescription], parameters: JSONObject) {
        self.dependents = dependents
        self.parameters = parameters
    }
}

/// Something on this host that a plan could name as a resource. Its id is for the plan's author to choose.
package struct ProtectableInstance: Sendable, Hashable {
    /// What people call it.
    package let name: String
    /// The properties by which a plan names it.
    package let properties: JSONObject

    package init(name: String, properties: JSONObject) {
        self.name = name
        self.properties = properties
    }
}
