package import YAMLSource

/// The tables of fields of the traits in manifests.
package enum TraitFields {
    /// The traits of a resource type.
    package static let type = FieldTable(
        "the traits of a type", definition: "traits", "What the compiler may conclude of resources of the type.",
        [
            FieldTable.Row(
                "protectedPath", .text(),
                "The property with the absolute path of what is saved with all below it."),
            FieldTable.Row(
                "excludePatterns", .text(),
                "The parameter of protect with the patterns of what is left out below that path."),
            FieldTable.Row(
                "oneFileSystem", .text(),
                "The parameter of protect that, when true, leaves out what is mounted below that path."),
            FieldTable.Row(
                "copiedLive",
                .either([.boolean, .entries(keys: nil, values: .list(.anything))]),
                "Whether it is copied live: always, or when these parameters of protect have one of these values."),
            FieldTable.Row(
                "quiesces", .either([.boolean, .a(quiesces)]),
                "Whether it is brought to a standstill for its dependents: always, or when it has a property."),
            FieldTable.Row("savesNothing", .boolean, "Whether nothing of it is saved."),
        ])

    /// When a resource is brought to a standstill.
    package static let quiesces = FieldTable(
        "'quiesces'", definition: "quiesces", "When a resource is brought to a standstill.",
        [FieldTable.Row("property", .text(), required: true, "It is, when it has this property.")])

    /// The traits of a bank.
    package static let bank = FieldTable(
        "the traits of a bank", definition: "bankTraits", "What the compiler may conclude of the bank.",
        [
            FieldTable.Row(
                "storagePath", .text(), "The setting with the directory in which the bank keeps its data.")
        ])
}
