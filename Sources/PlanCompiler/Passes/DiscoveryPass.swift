import CanonicalForm
import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// Judges what resources discover: whether their plugins can, whether they are asked rightly, and whether the inventory
/// is of this plan as it is now.
enum DiscoveryPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            let unit = compiler.plans[position]
            guard !unit.plan.resources.discoveries.isEmpty, unit.provider != nil else { return }
            var judge = DiscoveryJudge(unit)
            judge.run(&compiler.diagnostics)
            compiler.plans[position].discovery.selectors = judge.selectors
            compiler.plans[position].discovery.parameters = judge.parameters
            compiler.plans[position].discovery.openTypes = judge.openTypes
            if compiler.plans[position].needsInventory {
                judgeOpen(compiler.plans[position], judge.firstDiscovery, &compiler)
            }
        }
    }

    /// What follows from there being no inventory.
    private static func judgeOpen(_ unit: PlanUnit, _ first: SourceRange?, _ compiler: inout Compiler) {
        // What the inventories would have said, they could not.
        guard let first, !compiler.lacksInventories else { return }
        if compiler.requiresInventory {
            compiler.diagnostics.add(
                Diagnostic(
                    .inventoryNeeded,
                    "the plan '\(unit.name)' discovers dependents, and no inventory says which there are", at: first,
                    notes: [InventoryAdvice.make(unit.name)]))
        }
        var unchecked: [String] = []
        var seen: Set<String> = []
        var suggestions = 0
        for target in unit.discovery.openNames {
            let name = unit.plan.resources.tree.node(target).text
            if name.contains("#") && !unit.mayFind(name) {
                suggestions += 1
                compiler.diagnostics.add(
                    ResolveNamesPass.unknown(
                        target, in: unit.resources, suggests: suggestions <= ResolveNamesPass.suggestionLimit))
            } else if seen.insert(name).inserted {
                unchecked.append(name)
            }
        }
        for block in unit.plan.parameters where unit.mayFind(block.target.value) {
            let target = block.target.value
            let isThere =
                target.contains("#")
                ? unit.resource(identity: target) != nil : unit.resources.declarations.types.contains(target)
            if !isThere && seen.insert(target).inserted { unchecked.append(target) }
        }
        if compiler.requiresInventory { return }
        compiler.remarks.append(remark(unit.name, unchecked))
    }

    /// How many names a remark has at most.
    private static let namesLimit = 5

    private static func remark(_ plan: String, _ names: [String]) -> String {
        let start = "what the plan '\(plan)' discovers was not checked, since there is no --inventory"
        if names.isEmpty { return start }
        var list = names.prefix(namesLimit).map { "'\($0)'" }.joined(separator: ", ")
        if names.count > namesLimit { list += " and \(names.count - namesLimit) more" }
        return "\(start); nor was whether it brings \(list)"
    }
}

/// Works through the discoveries of one plan.
private struct DiscoveryJudge {
    private let unit: PlanUnit
    private let table: ResourceTable
    private let types: [String]
    /// By the number of the resource.
    private(set) var selectors: [Int32: JSONObject] = [:]
    /// What entries append to parameters, by the number of the resource.
    private(set) var parameters: [Int32: LocatedNode] = [:]
    /// The types of what may be found where it is not known what was.
    private(set) var openTypes: [String] = []
    /// The first discovery that its plugin can do.
    private(set) var firstDiscovery: SourceRange?

    init(_ unit: PlanUnit) {
        self.unit = unit
        table = unit.plan.resources
        types = unit.resources.declarations.types
    }

    mutating func run(_ diagnostics: inout DiagnosticList) {
        var resourceOf: [Int32: Int32] = [:]
        let wanted = Set(table.discoveries.map(\.position))
        for (resource, position) in unit.resources.declarationOf.enumerated() where wanted.contains(position) {
            resourceOf[position] = Int32(resource)
        }
        for (number, row) in table.discoveries.enumerated() {
            // A second declaration of an identity has been reported.
            guard let resource = resourceOf[row.position] else { continue }
            judge(number, row, resource, &diagnostics)
        }
    }

    private mutating func judge(
        _ number: Int, _ row: ResourceTable.DiscoveryRow, _ resource: Int32, _ diagnostics: inout DiagnosticList
    ) {
        let declaration = table[Int(row.position)]
        let type = table.rows[Int(row.position)].type
        // What no plugin takes has been reported.
        guard let support = unit.support(ofType: type) else { return }
        let node = table.tree.node(row.node)
        guard let discovery = support.discovery else {
            reportCannot(declaration, node, &diagnostics)
            return
        }
        if firstDiscovery == nil { firstDiscovery = node.headRange }
        let entry = unit.discovery.entry(number)
        if entry == nil { openTypes += discovery.types.filter { !openTypes.contains($0) } }
        let selector = node.kind == .mapping ? node : nil
        let faults = selector.map { discovery.faults(in: $0, of: declaration.type.value) } ?? []
        for fault in faults { diagnostics.add(fault) }
        let resolved = discovery.resolved(selector)
        if faults.isEmpty { selectors[resource] = resolved }
        if let entry {
            parameters[resource] = entry.parameters
            compare(entry, with: declaration, node, faults.isEmpty ? resolved : nil, &diagnostics)
            checkTypes(entry, discovery, declaration, &diagnostics)
        } else if let inventory = unit.discovery.inventory, !inventory.isIncomplete {
            diagnostics.add(
                Diagnostic(
                    .missingInventoryEntry,
                    "the inventory does not say what was found below '\(declaration.identity)'", at: node.headRange,
                    related: [RelatedPlace(inventory.plan.range, "the inventory is here")],
                    notes: [InventoryAdvice.remake(unit.name)]))
        }
    }

    private func reportCannot(
        _ declaration: ResourceDeclaration, _ node: LocatedNode, _ diagnostics: inout DiagnosticList
    ) {
        let type = declaration.type.value
        let able = unit.plugins.flatMap { plugin in plugin.resourceTypes.filter { $0.discovery != nil }.map(\.type) }
        let plugin = unit.resources.pluginOfType[Int(table.rows[declaration.position].type)]
        diagnostics.add(
            Diagnostic(
                .cannotDiscover,
                "the plugin '\(unit.plugins[Int(plugin)].name)' cannot find what is below a '\(type)'",
                at: node.headRange,
                notes: [
                    able.isEmpty
                        ? "name the dependents in 'resources' or 'dependsOn'"
                        : "name the dependents in 'resources' or 'dependsOn'; what can be discovered is below "
                            + able.joined(separator: ", ")
                ]))
    }

    /// Whether the resource is what it was when it was asked, and whether enough was found.
    private func compare(
        _ entry: Inventory.Entry, with declaration: ResourceDeclaration, _ node: LocatedNode, _ selector: JSONObject?,
        _ diagnostics: inout DiagnosticList
    ) {
        let identity = declaration.identity
        let properties = JSONValue.object(declaration.properties?.jsonValue.objectValue ?? JSONObject())
        if !declaration.lacksProperties && entry.properties.jsonValue.canonicalText != properties.canonicalText {
            diagnostics.add(
                Diagnostic(
                    .staleInventory, "'\(identity)' has other properties than when its dependents were found",
                    at: entry.properties.headRange,
                    related: [
                        RelatedPlace(
                            declaration.properties?.headRange ?? declaration.id.range, "its properties now are here")
                    ], notes: [InventoryAdvice.remake(unit.name)]))
            return
        }
        guard let selector else { return }
        let asked = entry.selector.jsonValue
        if asked.canonicalText != JSONValue.object(selector).canonicalText {
            diagnostics.add(
                Diagnostic(
                    .staleInventory, "'\(identity)' asks for other dependents than when they were found",
                    at: entry.selector.headRange,
                    related: [RelatedPlace(node.headRange, "what it asks for now is here")],
                    notes: [InventoryAdvice.remake(unit.name)]))
            return
        }
        guard case .integer(let least)? = selector[Discovery.atLeast], Int64(entry.list.count) < least else { return }
        let found = entry.list.count
        diagnostics.add(
            Diagnostic(
                .tooFewFound,
                "only \(found) dependent\(found == 1 ? " was" : "s were") found below '\(identity)', and \(least) must be",
                at: entry.resource.range, related: [RelatedPlace(node.headRange, "it discovers here")],
                notes: [
                    "see that what it stands for is there, and make the inventory anew; where fewer are right, "
                        + "write '\(Discovery.atLeast)'"
                ]))
    }

    /// Whether all that was found is of the types that the plugin finds; of each other type the first is told.
    private func checkTypes(
        _ entry: Inventory.Entry, _ discovery: Discovery, _ declaration: ResourceDeclaration,
        _ diagnostics: inout DiagnosticList
    ) {
        var reported: Set<String> = []
        let tree = entry.node.tree
        var last: LocatedNode?
        for dependent in entry.dependents {
            let type = tree.node(dependent.type)
            if let last, last.withText({ a in type.withText { ByteTexts.equal(a, $0) } }) { continue }
            last = type
            let name = type.text
            if discovery.finds(name) || !reported.insert(name).inserted { continue }
            diagnostics.add(
                Diagnostic(
                    .unexpectedFoundType,
                    "a '\(name)' cannot be found below a '\(declaration.type.value)'", at: type.range,
                    notes: ["its plugin finds \(discovery.types.joined(separator: ", "))"]))
        }
    }
}
