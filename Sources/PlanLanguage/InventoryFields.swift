import Manifests
package import YAMLSource

/// The tables of fields of an inventory: what its decoder reads by, and what its schema is made of.
package enum InventoryFields {
    /// A whole inventory.
    package static let inventory = FieldTable(
        "an inventory", definition: "inventory",
        "What plugins found below the resources of a plan that say 'discover'; 'cairn inventory' writes it.",
        allowsExtensions: true,
        [
            .apiVersion, .kind("Inventory"),
            FieldTable.Row("plan", .text(.planName), required: true, "The name of the plan that it is for."),
            FieldTable.Row(
                "provider", .text(.providerName), required: true, "The name of the provider whose plugins were asked."),
            FieldTable.Row("discovered", .list(.a(entry)), required: true, "What was found, by who was asked."),
        ])

    /// What was found below one resource.
    package static let entry = FieldTable(
        "an entry of an inventory", definition: "entry", "What was found below one resource.",
        [
            FieldTable.Row("resource", .text(.identity), required: true, "The resource that was asked."),
            FieldTable.Row(
                "properties", .mapping, required: true,
                "The resource's properties then; with others now, the inventory is stale."),
            FieldTable.Row(
                "selector", .mapping, required: true,
                "What was asked for, defaults filled in; with another one now, the inventory is stale."),
            FieldTable.Row(
                "parameters", .entries(keys: nil, values: .list(.anything)),
                "What is appended to lists among the resource's parameters for protect: what it leaves to those found."
            ),
            FieldTable.Row(
                "dependents", .list(.a(dependent)), required: true, "What was found, in the order of the plan."),
        ])

    /// One dependent that was found.
    package static let dependent = FieldTable(
        "a dependent in an inventory", definition: "dependent", "One dependent that was found.",
        [
            FieldTable.Row("type", .text(.resourceType), required: true, "Its resource type."),
            FieldTable.Row(
                "id", .text(.resourceID), required: true,
                "With the type, its identity: no other resource of the plan has the same."),
            FieldTable.Row("name", .text(), "Its name for people; its id when there is none."),
            FieldTable.Row("properties", .mapping, "What and where it is; the plugin says what there is."),
        ])
}
