import CanonicalForm
import Foundation
import Testing

/// Plans with inventories, as `cairnc` is run on them.
@Suite(.timeLimit(.minutes(10))) struct InventoryTests {
    static let plan = """
        apiVersion: cairn/v1
        kind: Plan
        name: shop
        provider: local
        resources:
          - id: customers
            type: Host::FileSystem::Directory
            properties: {path: /srv/customers}
            discover: true
          - {id: reports, type: Host::FileSystem::Directory, properties: {path: /srv/reports}, dependsOn: [customers/bob]}

        """

    static func inventory(_ names: [String]) -> String {
        var text = """
            apiVersion: cairn/v1
            kind: Inventory
            plan: shop
            provider: local
            discovered:
              - resource: Host::FileSystem::Directory#customers
                properties: {"path": "/srv/customers"}
                selector: {"atLeast": 1}
                parameters: {"exclude": [\(names.map { "\"/\($0)/\"" }.joined(separator: ", "))]}
                dependents:

            """
        for name in names {
            text += "      - type: Host::FileSystem::Directory\n        id: \"customers/\(name)\"\n"
            text += "        name: \"\(name)\"\n        properties: {\"path\": \"/srv/customers/\(name)\"}\n"
        }
        return text
    }

    private func site() async throws -> Site {
        let site = try await Site(initialize: false)
        try site.write("plan.yaml", Self.plan)
        try site.write("shop.inventory.yaml", Self.inventory(["alice", "bob"]))
        return site
    }

    @Test func aPlanThatDiscoversIsCompiledWithAnInventory() async throws {
        let site = try await site()
        let refused = try await site.cairnc("compile", "plan.yaml", "-o", "plan.ir")
        #expect(refused.code == 1 && refused.errors.contains("error[E0610]"), "\(refused)")
        #expect(refused.errors.contains("--without-inventory"))
        #expect(!FileManager.default.fileExists(atPath: site.place + "/plan.ir"))

        let without = try await site.cairnc("compile", "plan.yaml", "--without-inventory")
        #expect(without.code == 0 && without.errors.contains("note: what the plan 'shop' discovers"), "\(without)")
        let incomplete = try #require(try without.json().objectValue)
        #expect(incomplete["needsInventory"] == true)
        #expect(incomplete["resources"]?.arrayValue?.count == 2)

        let made = try await site.cairnc("compile", "plan.yaml", "--inventory", "shop.inventory.yaml")
        #expect(made.code == 0 && made.errors.isEmpty, "\(made)")
        let complete = try #require(try made.json().objectValue)
        #expect(complete["needsInventory"] == nil)
        let ids = complete["resources"]?.arrayValue?.compactMap { $0.objectValue?["id"]?.stringValue }
        #expect(ids == ["customers", "customers/alice", "customers/bob", "reports"])
        let again = try await site.cairnc("compile", "plan.yaml", "--inventory", "./shop.inventory.yaml")
        #expect(again.output == made.output)
    }

    @Test func checkAndGraphDoWithoutAndWith() async throws {
        let site = try await site()
        let checked = try await site.cairnc("check", "plan.yaml")
        #expect(checked.code == 0 && checked.errors.contains("nor was whether it brings 'customers/bob'"), "\(checked)")
        #expect(checked.errors.contains("2 resources, no errors"))
        let whole = try await site.cairnc("check", "plan.yaml", "--inventory", "shop.inventory.yaml")
        #expect(whole.code == 0 && whole.errors == "1 file checked: 1 plan, 4 resources, no errors\n", "\(whole)")
        // In a directory, an inventory is checked and not used.
        try site.write("plans/plan.yaml", Self.plan)
        try site.write("plans/shop.inventory.yaml", Self.inventory(["alice", "bob"]))
        let found = try await site.cairnc("check", "plans", "--providers", "providers")
        #expect(found.code == 0 && found.errors.contains("2 files checked: 1 plan, 2 resources"), "\(found)")
        let both = try await site.cairnc(
            "check", "plans", "--providers", "providers", "--inventory", "plans/shop.inventory.yaml")
        #expect(both.code == 0 && both.errors == "2 files checked: 1 plan, 4 resources, no errors\n", "\(both)")
        try site.write("plans/shop.inventory.yaml", Self.inventory(["alice"]).replacing("name:", with: "nmae:"))
        let faulty = try await site.cairnc(
            "check", "plans", "--providers", "providers", "--inventory", "plans/shop.inventory.yaml")
        // Told once, though the file was met twice.
        #expect(faulty.code == 1 && faulty.errors.components(separatedBy: "error[").count == 2, "\(faulty)")

        let drawn = try await site.cairnc("graph", "plan.yaml", "--inventory", "shop.inventory.yaml")
        #expect(drawn.code == 0 && drawn.output.contains("customers/alice"), "\(drawn)")
        let rest = try await site.cairnc("graph", "plan.yaml")
        #expect(rest.code == 0 && !rest.output.contains("customers/alice") && rest.errors.contains("note:"), "\(rest)")
    }

    @Test func diffShowsWhatAnotherInventoryChanges() async throws {
        let site = try await site()
        _ = try await site.cairnc("compile", "plan.yaml", "--inventory", "shop.inventory.yaml", "-o", "old.ir")
        let same = try await site.cairnc("diff", "old.ir", "plan.yaml", "--inventory", "shop.inventory.yaml")
        #expect(same.code == 0, "\(same)")
        try site.write("new.inventory.yaml", Self.inventory(["bob", "carol"]))
        let changed = try await site.cairnc("diff", "old.ir", "plan.yaml", "--inventory", "new.inventory.yaml")
        #expect(changed.code == 1, "\(changed)")
        #expect(changed.output.contains("#customers/alice is no longer protected"), "\(changed)")
        #expect(changed.output.contains("#customers/carol"), "\(changed)")
        let uneven = try await site.cairnc("diff", "old.ir", "plan.yaml")
        #expect(uneven.code == 2 && uneven.errors.contains("give --inventory"), "\(uneven)")
    }

    @Test func badInventoriesAreToldWithTheirPlaces() async throws {
        let site = try await site()
        let missing = try await site.cairnc("compile", "plan.yaml", "--inventory", "none.yaml")
        #expect(missing.code == 1 && missing.errors.contains("error[E0001]: cannot read 'none.yaml'"), "\(missing)")
        #expect(!missing.errors.contains("E0610") && !missing.errors.contains("E0206"))
        let plan = try await site.cairnc("compile", "plan.yaml", "--inventory", "plan.yaml")
        #expect(plan.code == 1 && plan.errors.contains("plan.yaml:2:7: error[E0101]"), "\(plan)")
        let directory = try await site.cairnc("check", "plan.yaml", "--inventory", ".")
        #expect(directory.code == 1 && directory.errors.contains("it is a directory"), "\(directory)")
        let both = try await site.cairnc(
            "compile", "plan.yaml", "--without-inventory", "--inventory", "shop.inventory.yaml")
        #expect(both.code == 2 && both.errors.contains("exclude each other"), "\(both)")
        try site.write("bad.yaml", Self.inventory(["alice"]).replacing("/srv/customers/alice", with: "alice"))
        let faulty = try await site.cairnc("check", "plan.yaml", "--inventory", "bad.yaml", "--format", "json")
        let diagnostics = try faulty.json().objectValue?["diagnostics"]?.arrayValue ?? []
        #expect(faulty.code == 1 && diagnostics.count == 2, "\(faulty)")
        let places = diagnostics.compactMap { $0.objectValue?["file"]?.stringValue }
        #expect(places == ["plan.yaml", "bad.yaml"], "\(faulty)")
    }
}
