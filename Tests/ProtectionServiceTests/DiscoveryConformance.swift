import CanonicalForm
import Diagnostics
import Engine
import FilesPlugin
import Foundation
import Manifests
import NoopPlugin
import PlanIR
import PluginKit
import ProtectionService
import Testing
import YAMLSource

/// What every discovering plugin must hold to, shown with a resource that has dependents.
enum DiscoveryConformance {
    /// Checks a plugin of this program against its manifest.
    static func check(_ plugin: any DiscoveringPlugin, _ resource: ResourceDescription) async throws {
        var sources = SourceMap()
        var faults = DiagnosticList()
        var catalogue = PluginCatalogue()
        let manifest = try #require(catalogue.plugin(plugin.name, sources: &sources, into: &faults))
        let provided = ProvidedPlugin(
            loaded: LoadedPlugin(plugin: plugin, version: manifest.version, digest: manifest.digest),
            manifest: manifest)
        let support = try #require(manifest.resourceType(resource.type))
        let discovery = try #require(support.discovery)

        let selector = discovery.resolved(nil)
        let found = try await provided.dependents(of: resource, selector: selector)
        #expect(!found.dependents.isEmpty)
        for _ in 0..<3 { #expect(try await provided.dependents(of: resource, selector: selector) == found) }
        for dependent in found.dependents {
            #expect(discovery.finds(dependent.type))
            #expect(manifest.resourceType(dependent.type)?.allows(parent: resource.type) == true)
            #expect(dependent.id.hasPrefix(resource.id + "/"))
            let type = try #require(Protectable.of(dependent.type, in: [provided]))
            #expect(type.faults(in: dependent.properties) == nil)
        }
        // What it leaves to them are lists that its parameters of protect take.
        let parameters = support.operations[OperationKind.protect.index].parameters
        for member in found.parameters.members {
            #expect(parameters.properties.contains { $0.name == member.key })
        }
        var defaults = parameters.defaults
        for member in found.parameters.members { defaults[member.key] = member.value }
        let text = SourceText(name: "parameters", bytes: Array(JSONValue.object(defaults).canonicalText.utf8))
        var list = DiagnosticList()
        let node = try #require(YAMLParser.parse(text, as: sources.add(text), into: &list).documents.first)
        #expect(parameters.validate(.node(node), as: Subject(.setting, of: "it"), partial: false).isEmpty)

        var tooMany = selector
        tooMany[Discovery.atLeast] = .integer(Int64(found.dependents.count + 1))
        await #expect(throws: PluginError.self) {
            try await provided.dependents(of: resource, selector: tooMany)
        }
        let nowhere = ResourceDescription(
            type: resource.type, id: resource.id, name: "", properties: JSONObject())
        await #expect(throws: PluginError.self) {
            try await provided.dependents(of: nowhere, selector: selector)
        }
        for instance in try await plugin.instances(of: resource.type) {
            let type = try #require(Protectable.of(resource.type, in: [provided]))
            #expect(type.faults(in: instance.properties) == nil)
        }
    }
}

@Suite struct DiscoveringPluginTests {
    @Test func files() async throws {
        let place = NSTemporaryDirectory() + "cairn-discovery-" + UUID().uuidString
        for name in ["b", "a", "with space", "é*", ".h"] {
            try FileManager.default.createDirectory(atPath: "\(place)/\(name)", withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(atPath: place) }
        try await DiscoveryConformance.check(
            FilesPlugin(),
            ResourceDescription(
                type: "Host::FileSystem::Directory", id: "customers", name: "", properties: ["path": .string(place)]))
    }

    @Test func typesOfAProvider() throws {
        var sources = SourceMap()
        var faults = DiagnosticList()
        var catalogue = PluginCatalogue()
        let plugins = try [NoopPlugin() as any ProtectionPlugin, FilesPlugin()].map { plugin in
            let manifest = try #require(catalogue.plugin(plugin.name, sources: &sources, into: &faults))
            return ProvidedPlugin(
                loaded: LoadedPlugin(plugin: plugin, version: manifest.version, digest: manifest.digest),
                manifest: manifest)
        }
        #expect(Protectable.all(of: plugins).map(\.type) == ["Host::FileSystem::Directory", "*"])
        #expect(Protectable.of("Host::FileSystem::Directory", in: plugins)?.plugin.manifest.name == "files")
        #expect(Protectable.of("Any::Thing", in: plugins)?.plugin.manifest.name == "noop")
        #expect(Protectable.of("Any::Thing", in: [plugins[1]]) == nil)
        let directory = try #require(Protectable.of("Host::FileSystem::Directory", in: plugins))
        #expect(directory.faults(in: ["path": "/srv"]) == nil)
        #expect(directory.faults(in: ["pth": "/srv"])?.faults.hasErrors == true)
        #expect(directory.faults(in: ["path": "relative"])?.faults.hasErrors == true)
        #expect(directory.faults(in: [:])?.faults.hasErrors == true)
    }
}
