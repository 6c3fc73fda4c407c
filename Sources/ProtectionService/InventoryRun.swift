package import CanonicalForm
import Engine
import Manifests
package import PlanIR
package import PluginKit

/// Why one resource could not be asked for its dependents, or why its answer cannot be used.
package struct DiscoveryFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// `TYPE#ID`
    package let resource: String
    package let reason: String

    package var description: String { "\(resource): \(reason)" }
}

/// Why there is no inventory: every discovery that failed, in the order of the IR.
package struct InventoryFailure: Error, Sendable {
    package let failures: [DiscoveryFailure]
}

/// Asks the plugins for the dependents of every resource of a plan that says `discover`.
package struct InventoryRun: Sendable {
    private let ir: PlanIR
    private let plugins: [ProvidedPlugin]
    private let jobs: Int

    /// A run over a compiled plan, complete or not, that asks for at most `jobs` resources at a time.
    package init(_ ir: PlanIR, plugins: [ProvidedPlugin], jobs: Int) {
        self.ir = ir
        self.plugins = plugins
        self.jobs = max(1, jobs)
    }

    /// Asks for all of them. Throws `InventoryFailure` when any cannot be told in full, and what keeps the plan from
    /// being asked about at all.
    package func inventory() async throws -> Inventory {
        try ProtectOperation.checkBindings(
            ir, Dictionary(plugins.map { ($0.manifest.name, $0.loaded) }, uniquingKeysWith: { first, _ in first }))
        let asked = ir.resources.indices.filter { ir.resources[$0].discover != nil }
        var answers: [Result<Inventory.Entry, DiscoveryFailure>?] = asked.map { _ in nil }
        try await withThrowingTaskGroup(of: (Int, Result<Inventory.Entry, DiscoveryFailure>).self) { group in
            var next = 0
            var running = 0
            while next < asked.count || running > 0 {
                if next < asked.count && running < jobs {
                    let (slot, resource) = (next, ir.resources[asked[next]])
                    group.addTask { (slot, try await ask(resource)) }
                    next += 1
                    running += 1
                } else if let (slot, answer) = try await group.next() {
                    answers[slot] = answer
                    running -= 1
                }
            }
        }
        var entries: [Inventory.Entry] = []
        var failures: [DiscoveryFailure] = []
        var finders: [String: String] = [:]
        for answer in answers.compactMap({ $0 }) {
            switch answer {
            case .failure(let failure): failures.append(failure)
            case .success(let entry):
                entries.append(entry)
                for dependent in entry.found.dependents {
                    if let other = finders.updateValue(entry.resource, forKey: dependent.identity) {
                        failures.append(
                            DiscoveryFailure(
                                resource: entry.resource,
                                reason: "'\(dependent.identity)' was found here and below '\(other)'; "
                                    + "give one of the two another id in the plan, or leave it out with its selector"))
                    }
                }
            }
        }
        if !failures.isEmpty { throw InventoryFailure(failures: failures) }
        return Inventory(plan: ir.plan, provider: ir.provider.name, discovered: entries)
    }

    private func ask(_ resource: PlanIR.Resource) async throws -> Result<Inventory.Entry, DiscoveryFailure> {
        let selector = resource.discover ?? JSONObject()
        let name = ir.plugins[Int(resource.plugin)].name
        do {
            guard let provided = plugins.first(where: { $0.manifest.name == name }) else {
                throw ExecutionError.unknownPlugin(name)
            }
            let found = try await provided.dependents(of: ResourceDescription(resource), selector: selector)
            return .success(
                Inventory.Entry(
                    resource: resource.identity, properties: resource.properties, selector: selector, found: found))
        } catch let error as CancellationError { throw error } catch {
            return .failure(DiscoveryFailure(resource: resource.identity, reason: "\(error)"))
        }
    }
}

extension ProvidedPlugin {
    /// The dependents of a resource, as the plugin tells them and within what its manifest allows.
    ///
    /// Throws `PluginError`, also when there are fewer than the selector's `atLeast`.
    package func dependents(
        of resource: ResourceDescription, selector: JSONObject
    ) async throws -> DiscoveredDependents {
        guard let plugin = loaded.plugin as? any DiscoveringPlugin,
            let discovery = manifest.resourceType(resource.type)?.discovery
        else { throw PluginError("the plugin '\(manifest.name)' cannot discover anything below '\(resource.type)'") }
        let found = try await plugin.dependents(of: resource, selector: selector)
        var seen: Set<String> = []
        for dependent in found.dependents {
            let fault: String? =
                if !discovery.finds(dependent.type) {
                    "its manifest does not name this type among those that it finds"
                } else if !seen.insert(dependent.identity).inserted {
                    "it has found two of this name"
                } else {
                    NameRules.idFault(dependent.id) ?? NameRules.identityFault(dependent.identity)
                }
            if let fault {
                throw PluginError(
                    "the plugin '\(manifest.name)' has found '\(dependent.identity)', which cannot be used: \(fault)")
            }
        }
        for member in found.parameters.members where member.value.arrayValue == nil {
            throw PluginError(
                "the plugin '\(manifest.name)' wants to leave something to dependents with '\(member.key)', which is no "
                    + "list")
        }
        let least = selector[Discovery.atLeast]?.integerValue ?? 1
        if Int64(found.dependents.count) < least {
            throw PluginError(
                "\(found.dependents.count) dependents were found, and there should be at least \(least)",
                advice: "see that what holds them is mounted, or allow fewer with 'atLeast' of its 'discover'")
        }
        return found
    }
}
