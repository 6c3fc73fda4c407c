import PlanIR
package import YAMLSource

/// The tables of fields of plugin manifests and bank manifests.
package enum PluginFields {
    /// A plugin manifest.
    package static let plugin = FieldTable(
        "a plugin manifest", definition: "plugin",
        "What a plugin offers: its resource types with their properties, parameters and hooks.",
        [
            .apiVersion, .kind("Plugin"),
            FieldTable.Row("name", .text(), required: true, "The name of the plugin."),
            FieldTable.Row("version", .integer(Int64.min...Int64.max), required: true, "The version of the manifest."),
            FieldTable.Row("description", .text(), required: true, "What the plugin does, for people."),
            FieldTable.Row(
                "resourceTypes", .list(.a(resourceType)), required: true, "The resource types that it takes."),
        ])

    /// One resource type of a plugin.
    package static let resourceType = FieldTable(
        "a resource type", definition: "resourceType", "One resource type of the plugin.",
        [
            FieldTable.Row(
                "type", .text(.typeOrAny), required: true, "The resource type; * stands for every type."),
            FieldTable.Row("description", .text(), "What such a resource is, for people."),
            FieldTable.Row(
                "parents", .list(.text(.typeOrAny)),
                "The types of which it may be a dependent; * for any, which is the default."),
            FieldTable.Row("properties", .schema, "The schema of its properties; without one, anything goes."),
            FieldTable.Row("operations", .a(operations), required: true, "What the plugin does in each operation."),
            FieldTable.Row("savedInfo", .schema, "The schema of what the plugin saves of a resource."),
            FieldTable.Row("traits", .a(TraitFields.type), "What the compiler may conclude of such resources."),
            FieldTable.Row("discovery", .a(discovery), "What dependents of such resources the plugin finds."),
        ])

    /// What dependents a plugin finds.
    package static let discovery = FieldTable(
        "a discovery", definition: "discovery",
        "What dependents the plugin finds below a resource that says 'discover'.",
        [
            FieldTable.Row(
                "types", .list(.text(.resourceType), atLeast: 1), required: true, "The resource types of what it finds."
            ),
            FieldTable.Row(
                "selector", .schema,
                "The schema of what can be asked for, besides 'atLeast', which is always there; without one, nothing."),
        ])

    /// The operations of a type, in the order of `OperationKind`.
    package static let operations = FieldTable(
        "the operations of a type", definition: "operations", "What the plugin does in each operation.",
        [
            FieldTable.Row("protect", .a(operation), required: true, "What it does to protect a resource."),
            FieldTable.Row("restore", .a(operation), required: true, "What it does to restore one."),
            FieldTable.Row("verify", .a(operation), required: true, "What it does to verify what was saved."),
            FieldTable.Row("delete", .a(operation), required: true, "What it does to delete what was saved."),
            FieldTable.Row(
                "copy", .a(operation), "What it does to copy what was saved; nothing when it is not there."),
        ])

    /// One operation.
    package static let operation = FieldTable(
        "an operation of a type", definition: "operation", "The hooks of an operation, and its parameters.",
        [
            FieldTable.Row(
                "hooks", .list(.either([.oneOf(hookNames), .a(hook)])), required: true,
                "The hooks in which the plugin has work; the others are barriers, which cost nothing."),
            FieldTable.Row(
                "parameters", .schema, "The schema of the operation's parameters; without one, it takes none."),
        ])

    /// The names of the hooks, in the order in which they run.
    static let hookNames = Hook.allCases.map(\.name)

    /// A hook that is there for some parameters only.
    package static let hook = FieldTable(
        "a hook", definition: "hook", "A hook in which the plugin has work for some values of parameters only.",
        [
            FieldTable.Row("hook", .oneOf(hookNames), required: true, "The hook."),
            FieldTable.Row(
                "when", .entries(keys: nil, values: .list(.anything)),
                "Each of these parameters of protect must have one of its values."),
        ])

    /// The manifest of a bank plugin.
    package static let bank = FieldTable(
        "a bank manifest", definition: "bankPlugin", "What a bank plugin is called, and how it is configured.",
        [
            .apiVersion, .kind("BankPlugin"),
            FieldTable.Row("name", .text(), required: true, "The name of the bank plugin."),
            FieldTable.Row("description", .text(), required: true, "What the bank is, for people."),
            FieldTable.Row("config", .schema, required: true, "The schema of its settings."),
            FieldTable.Row("traits", .a(TraitFields.bank), "What the compiler may conclude of such a bank."),
        ])
}
