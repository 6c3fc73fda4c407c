internal import BlockingIO
package import CanonicalForm
package import PlanIR
package import PluginKit

/// Protects directories of the host's file system: the tree becomes a compressed tar archive and a catalog of what
/// must be in it.
package struct FilesPlugin: ProtectionPlugin {
    package let name = "files"
    private let seams: FilesSeams

    /// The plugin.
    package init() { seams = FilesSeams() }

    init(seams: FilesSeams) { self.seams = seams }

    /// Nothing is changed before the place is taken.
    package var takesPlaces: Bool { true }

    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        .restored(proof: "restored, and every entry compared with what was saved")
    }

    package func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        let settings = try FilesSettings(context.resource.properties, context.parameters)
        guard hook == settings.protectHook else { return [:] }
        return try await ProtectRun(settings: settings, context: context, seams: seams).run().object
    }

    package func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        guard hook == .main else { return }
        try await RestoreRun(
            definition: FilesDefinition(context.definition), context: context, target: target, seams: seams
        ).run()
    }

    package func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        guard hook == .main else { return }
        try await VerifyRun(definition: FilesDefinition(context.definition), context: context).run()
    }

    package func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition] { await FilesPreconditions.of(operation, context) }

    package func hostPreconditions() async -> [Precondition] { FilesPreconditions.ofHost() }
}

extension FilesPlugin: DiscoveringPlugin {
    package func dependents(of resource: ResourceDescription, selector: JSONObject) async throws -> DiscoveredDependents
    {
        let search = try SubdirectorySearch(resource, selector: selector, seams: seams)
        do { return try await BlockingThreads.runAlone(name: "files-discover") { try search.run() } } catch {
            throw Failures.asPluginError(error)
        }
    }

    package func instances(of type: String) async throws -> [ProtectableInstance] {
        do {
            let paths = try await BlockingThreads.runAlone(name: "files-discover") {
                try HostDirectories.all(mounts: MountTable.text())
            }
            return try paths.map { path in
                guard let text = String(validating: path, as: UTF8.self) else {
                    throw PluginError(
                        "the path '\(PathText.printable(path))' is not UTF-8, so no plan can name it",
                        advice: "rename the directory")
                }
                return ProtectableInstance(name: text, properties: ["path": .string(text)])
            }
        } catch { throw Failures.asPluginError(error) }
    }
}
