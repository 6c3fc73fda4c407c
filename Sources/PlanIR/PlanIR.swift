package import CanonicalForm

/// A compiled plan: its resources, what each is bound to, and one activity graph per operation.
///
/// It holds nothing of the place or time of its compilation, and no secret. The executor needs this and the
/// provider's manifest, never the plan.
package struct PlanIR: Sendable, Hashable {
    /// The format's name in the file.
    package static let format = "cairn.ir"
    /// The format version that this program writes.
    package static let version: Int64 = 3
    /// The format versions that this program reads; those before the last lack what came later.
    package static let readableVersions: ClosedRange<Int64> = 1...version

    /// The plan's name.
    package var plan: String
    package var description: String
    /// The provider that the plan names, with the digest of the manifest that it was compiled against.
    package var provider: ProviderBinding
    /// The files that the plan was compiled from, by role and document name.
    package var sources: [SourceDigest]
    /// The plugins that resources are bound to.
    package var plugins: [PluginBinding]
    /// The distinct sets of resolved parameters; resources refer to them by position.
    package var parameterSets: [JSONObject]
    /// For each set, which layer each of its parameters came from, where that is known: the words of
    /// `ParameterOrigin`.
    package var parameterOrigins: [JSONObject]
    /// The resources, in plan order.
    package var resources: [Resource]
    /// Whether there are dependents to be discovered that no inventory has named: such a plan cannot be run.
    package var needsInventory: Bool
    /// The triggers as the plan has them, checked.
    package var triggers: [JSONValue]
    /// The retention policy as the plan has it, checked.
    package var retention: JSONObject
    /// Whether the triggers start anything.
    package var isEnabled: Bool
    /// What becomes of the rest of a run when an activity fails.
    package var onFailure: FailurePolicy
    /// Who is told how a run of the plan ended, beside those whom the provider names.
    package var notifications: [Notification]
    /// One graph per operation, by `OperationKind.index`; their order is the same.
    package var graphs: [ActivityGraph]

    package init(
        plan: String, description: String, provider: ProviderBinding, sources: [SourceDigest],
        plugins: [PluginBinding], parameterSets: [JSONObject], parameterOrigins: [JSONObject]? = nil,
        resources: [Resource], triggers: [JSONValue], retention: JSONObject, isEnabled: Bool = true,
        onFailure: FailurePolicy = .standard, notifications: [Notification] = [], needsInventory: Bool = false,
        graphs: [ActivityGraph]
    ) {
        self.plan = plan
        self.description = description
        self.provider = provider
        self.sources = sources
        self.plugins = plugins
        self.parameterSets = parameterSets
        self.parameterOrigins = parameterOrigins ?? parameterSets.map { _ in JSONObject() }
        self.resources = resources
        self.triggers = triggers
        self.retention = retention
        self.isEnabled = isEnabled
        self.onFailure = onFailure
        self.notifications = notifications
        self.needsInventory = needsInventory
        self.graphs = graphs
    }

    /// The activity graph of an operation.
    package func graph(_ operation: OperationKind) -> ActivityGraph { graphs[operation.index] }

    /// The dependents of all resources.
    package var dependentLists: DependentLists {
        resources.withUnsafeBufferPointer { resources in
            var offsets: [Int32] = [0]
            offsets.reserveCapacity(resources.count + 1)
            var targets: [Int32] = []
            targets.reserveCapacity(resources.count)
            for position in resources.indices {
                targets.append(contentsOf: resources[position].dependents)
                offsets.append(Int32(targets.count))
            }
            return DependentLists(offsets: offsets, targets: targets)
        }
    }

    /// The resolved parameters of a resource for an operation; `delete` and `copy` have none.
    package func parameters(of resource: Int, for operation: OperationKind) -> JSONObject {
        guard operation.takesParameters else { return JSONObject() }
        return parameterSets[Int(resources[resource].parameters[operation.index])]
    }

    /// Where each of these parameters came from, where that is known.
    package func parameterOrigins(of resource: Int, for operation: OperationKind) -> JSONObject {
        guard operation.takesParameters else { return JSONObject() }
        return parameterOrigins[Int(resources[resource].parameters[operation.index])]
    }

    /// The provider that a plan was compiled for.
    package struct ProviderBinding: Sendable, Hashable {
        package var name: String
        package var digest: SHA256Digest

        package init(name: String, digest: SHA256Digest) {
            self.name = name
            self.digest = digest
        }
    }

    /// One file that went into the compilation.
    package struct SourceDigest: Sendable, Hashable {
        /// `plan`, `provider` or `inventory`.
        package var role: String
        /// The name that the document gives itself.
        package var name: String
        package var digest: SHA256Digest

        package init(role: String, name: String, digest: SHA256Digest) {
            self.role = role
            self.name = name
            self.digest = digest
        }
    }

    /// A plugin with the manifest that the plan was checked against.
    package struct PluginBinding: Sendable, Hashable {
        package var name: String
        package var version: Int64
        package var digest: SHA256Digest

        package init(name: String, version: Int64, digest: SHA256Digest) {
            self.name = name
            self.version = version
            self.digest = digest
        }
    }

    /// One resource with its bindings.
    package struct Resource: Sendable, Hashable {
        package var type: String
        package var id: String
        package var name: String
        package var properties: JSONObject
        /// Position in `plugins`.
        package var plugin: Int32
        /// Positions in `parameterSets` for protect, restore and verify.
        package var parameters: [Int32]
        /// Positions of the dependents (children) in `resources`, in the order in which the plan names them.
        package var dependents: [Int32]
        /// What the plugin is asked to discover below the resource, `nil` when nothing is.
        package var discover: JSONObject?

        package init(
            type: String, id: String, name: String, properties: JSONObject, plugin: Int32, parameters: [Int32],
            dependents: [Int32], discover: JSONObject? = nil
        ) {
            self.type = type
            self.id = id
            self.name = name
            self.properties = properties
            self.plugin = plugin
            self.parameters = parameters
            self.dependents = dependents
            self.discover = discover
        }

        /// `TYPE#ID`, the resource's identity.
        package var identity: String { "\(type)#\(id)" }
    }
}
