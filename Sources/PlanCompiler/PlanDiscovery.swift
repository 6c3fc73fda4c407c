import CanonicalForm
import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// What is known of the dependents that a plan's resources discover.
struct PlanDiscovery: Sendable {
    /// The inventory that the plan is compiled with.
    var inventory: Inventory?
    /// For each of the plan's discoveries the position of its entry in the inventory, or -1.
    var entryOf: [Int] = []
    /// Whether there is an inventory that cannot be used, which has been reported.
    var isUnusable = false
    /// The names in `dependsOn` that no resource has, where one that would be found may have it.
    var openNames: [Int32] = []
    /// The types of what may be found and is not known.
    var openTypes: [String] = []
    /// What each discovering resource asks for, by its number, as far as it was asked rightly.
    var selectors: [Int32: JSONObject] = [:]
    /// What the inventory appends to lists of parameters for protect, by the number of the resource.
    var parameters: [Int32: LocatedNode] = [:]

    /// The entry of the plan's discovery at `position`.
    func entry(_ position: Int) -> Inventory.Entry? {
        guard let inventory, entryOf[position] >= 0 else { return nil }
        return inventory.entries[entryOf[position]]
    }
}

extension PlanUnit {
    /// Whether the plan discovers dependents and no inventory says which there are.
    var needsInventory: Bool {
        !plan.resources.discoveries.isEmpty && discovery.inventory == nil && !discovery.isUnusable
    }

    /// Whether dependents may be missing that a discovery would bring.
    var lacksFound: Bool {
        !plan.resources.discoveries.isEmpty
            && (needsInventory || discovery.isUnusable || discovery.entryOf.contains(-1))
    }

    /// Whether a discovery may bring a resource to which parameters for `target` would apply, a type or `TYPE#ID`.
    func mayFind(_ target: String) -> Bool {
        discovery.openTypes.contains { $0 == target || target.hasPrefix($0 + "#") }
    }
}

/// How to come to an inventory, for messages.
enum InventoryAdvice {
    /// The way from a plan to its inventory.
    static func make(_ plan: String) -> String {
        "'cairnc compile --without-inventory -o \(plan).ir' and 'cairn inventory \(plan).ir -o \(plan).inventory.yaml' "
            + "make one, and --inventory \(plan).inventory.yaml takes it"
    }

    /// How an old one is made anew.
    static func remake(_ plan: String) -> String {
        "the inventory is old; make it anew with 'cairnc compile --without-inventory -o \(plan).ir' and "
            + "'cairn inventory \(plan).ir'"
    }
}
