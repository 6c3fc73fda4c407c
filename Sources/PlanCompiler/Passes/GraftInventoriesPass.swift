import Diagnostics
import Manifests
import PlanLanguage
import Project
import YAMLSource

/// Puts what inventories found into the plans that they are for, as if it were nested in the resources that were asked.
///
/// It works on the text of both: whether a discovery is allowed, and whether the inventory still fits, is judged when the
/// plugins are known.
enum GraftInventoriesPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        if compiler.inventories.isEmpty { return }
        let errorsBefore = compiler.diagnostics.errorsMet
        let read = readAll(&compiler)
        // For each plan the inventory that it has got.
        var taken: [Int: Inventory] = [:]
        for (inventory, isFaulty) in read {
            let named = compiler.plans.indices.filter { compiler.plans[$0].name == inventory.plan.value }
            if named.isEmpty {
                reportUnknownPlan(inventory, &compiler)
                // It may be meant for one that goes without now.
                compiler.lacksInventories = true
                continue
            }
            let fitting = named.filter { compiler.plans[$0].plan.provider.value == inventory.provider.value }
            for position in fitting.isEmpty ? named : fitting {
                if let first = taken[position] {
                    reportSecond(inventory, first, &compiler.diagnostics)
                    continue
                }
                taken[position] = inventory
                use(inventory, isFaulty: isFaulty || fitting.isEmpty, for: position, &compiler)
            }
            if fitting.isEmpty, let position = named.first {
                reportProvider(inventory, compiler.plans[position].plan, &compiler.diagnostics)
            }
        }
        if compiler.diagnostics.errorsMet == errorsBefore { return }
        // For which plan a faulty inventory was meant, nobody can say for sure.
        for position in compiler.plans.indices { compiler.plans[position].isFaulty = true }
    }

    // MARK: Reading

    /// The inventories of the command line, each with whether it has faults.
    private static func readAll(_ compiler: inout Compiler) -> [(inventory: Inventory, isFaulty: Bool)] {
        var read: [(inventory: Inventory, isFaulty: Bool)] = []
        var known: Set<String> = []
        for text in compiler.inventories {
            let identity = compiler.files.identity(of: text.name)
            if let identity, !known.insert(identity).inserted { continue }
            if let loaded = compiler.loadedInventories.first(where: { identity != nil && $0.file == identity }) {
                // It is among the files to check, so that its faults are told.
                read += loaded.inventories.map { ($0, loaded.isFaulty) }
                if loaded.inventories.isEmpty { compiler.lacksInventories = true }
                continue
            }
            read += Self.read(text, &compiler)
        }
        return read
    }

    private static func read(_ text: SourceText, _ compiler: inout Compiler) -> [(Inventory, Bool)] {
        let errorsBefore = compiler.diagnostics.errorsMet
        let tree = YAMLParser.parse(text, as: compiler.sources.add(text), into: &compiler.diagnostics)
        var inventories: [Inventory] = []
        for document in tree.documents where !document.isEmptyDocument {
            switch DocumentKind.read(document, into: &compiler.diagnostics) {
            case .inventory:
                if let inventory = InventoryDecoder.decode(document, into: &compiler.diagnostics) {
                    inventories.append(inventory)
                }
            case let kind?:
                compiler.diagnostics.add(
                    Diagnostic(
                        .unknownKind, "an inventory was expected here, not a document of the kind '\(kind.rawValue)'",
                        at: document["kind"]?.range ?? document.headRange,
                        notes: ["'cairn inventory' writes inventories"]))
            case nil: break
            }
        }
        compiler.allowances.read(tree, into: &compiler.diagnostics)
        let isFaulty = compiler.diagnostics.errorsMet != errorsBefore
        if inventories.isEmpty {
            compiler.lacksInventories = true
            if !isFaulty { reportNothing(in: text, &compiler) }
        }
        return inventories.map { ($0, isFaulty) }
    }

    private static func reportNothing(in text: SourceText, _ compiler: inout Compiler) {
        compiler.diagnostics.add(
            Diagnostic(
                .emptyDocument, "there is no inventory in this file", file: text.name,
                notes: ["'cairn inventory' writes inventories"]))
    }

    // MARK: Using

    private static func use(
        _ inventory: Inventory, isFaulty: Bool, for position: Int, _ compiler: inout Compiler
    ) {
        let unit = compiler.plans[position]
        let source = inventory.node.tree.source
        if let project = compiler.projectOfSource[unit.plan.node.tree.source] {
            compiler.projectOfSource[source] = project
        }
        if isFaulty {
            compiler.plans[position].isFaulty = true
            compiler.plans[position].discovery.isUnusable = true
            return
        }
        let declared = unit.plan.resources
        guard let tree = declared.tree.grafting(inventory.node.tree) else {
            compiler.diagnostics.add(
                Diagnostic(
                    .unreadableFile,
                    "the plan and its inventory are longer than \(SourceText.maximumLength >> 20) MiB together",
                    at: inventory.plan.range))
            compiler.plans[position].discovery.isUnusable = true
            return
        }
        let (owners, entryOf) = match(inventory, declared, &compiler.diagnostics)
        let resources = declared.grafting(inventory.entries, owners: owners, onto: tree)
        compiler.plans[position].use(resources)
        compiler.plans[position].discovery.inventory = inventory
        compiler.plans[position].discovery.entryOf = entryOf
    }

    /// For each entry the position of its resource, or `none`, and for each discovery of the plan its entry, or -1.
    private static func match(
        _ inventory: Inventory, _ declared: ResourceTable, _ diagnostics: inout DiagnosticList
    ) -> (owners: [Int32], entryOf: [Int]) {
        var discoveryOf: [String: Int] = [:]
        for (number, row) in declared.discoveries.enumerated() {
            let identity = declared[Int(row.position)].identity
            if discoveryOf[identity] == nil { discoveryOf[identity] = number }
        }
        var owners = [Int32](repeating: ResourceTable.none, count: inventory.entries.count)
        var entryOf = [Int](repeating: -1, count: declared.discoveries.count)
        var unmatched: [Int] = []
        for (number, entry) in inventory.entries.enumerated() {
            guard let discovery = discoveryOf[entry.resource.value] else {
                unmatched.append(number)
                continue
            }
            owners[number] = declared.discoveries[discovery].position
            entryOf[discovery] = number
        }
        if !unmatched.isEmpty {
            let identities = declared.isIncomplete ? nil : Set(declared.map(\.identity))
            for number in unmatched {
                reportUnused(inventory.entries[number], among: identities, &diagnostics)
            }
        }
        return (owners, entryOf)
    }

    // MARK: Messages

    private static func reportUnused(
        _ entry: Inventory.Entry, among identities: Set<String>?, _ diagnostics: inout DiagnosticList
    ) {
        let name = entry.resource
        guard let identities else { return }
        let isThere = identities.contains(name.value)
        diagnostics.add(
            Diagnostic(
                .unusedInventoryEntry,
                isThere
                    ? "'\(name.value)' does not say 'discover' in the plan; what was found below it is left out"
                    : "the plan has no resource '\(name.value)'; what was found below it is left out",
                at: name.range))
    }

    private static func reportUnknownPlan(_ inventory: Inventory, _ compiler: inout Compiler) {
        let name = inventory.plan
        let close = Similar.best(for: name.value, among: compiler.plans.map(\.name))
        compiler.diagnostics.add(
            Diagnostic(
                .inventoryWithoutPlan, "this inventory is for the plan '\(name.value)', which is not compiled here",
                at: name.range,
                notes: close == nil && compiler.plans.count == 1
                    ? ["the plan here is '\(compiler.plans[0].name)'"] : [],
                suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: name.range, with: $0)] } ?? []
            ))
    }

    private static func reportSecond(
        _ second: Inventory, _ first: Inventory, _ diagnostics: inout DiagnosticList
    ) {
        diagnostics.add(
            Diagnostic(
                .duplicateInventory, "there is another inventory for the plan '\(second.plan.value)'",
                at: second.plan.range, related: [RelatedPlace(first.plan.range, "it is here")]))
    }

    private static func reportProvider(_ inventory: Inventory, _ plan: Plan, _ diagnostics: inout DiagnosticList) {
        diagnostics.add(
            Diagnostic(
                .inventoryOfOtherProvider,
                "this inventory was made with the provider '\(inventory.provider.value)', and the plan's is "
                    + "'\(plan.provider.value)'",
                at: inventory.provider.range,
                related: [RelatedPlace(plan.provider.range, "the plan names its provider here")],
                notes: [InventoryAdvice.remake(plan.name.value)]))
    }
}
