import PlanIR
package import YAMLSource

/// The tables of fields that say how runs are carried out and who is told of them; plans and providers have them.
package enum RunFields {
    /// How many activities may run at the same time.
    package static let counts: ClosedRange<Int64> = 1...1024

    /// How much may happen at the same time.
    package static let concurrency = FieldTable(
        "the concurrency of a provider", definition: "concurrency",
        "How many steps may run at the same time: in all, with one plugin, of one resource type.",
        [
            FieldTable.Row("jobs", .integer(counts), "How many in all; --jobs wins over it."),
            FieldTable.Row(
                "plugins", .entries(keys: nil, values: .integer(counts)),
                "How many with a plugin, by the names of the provider's plugins."),
            FieldTable.Row(
                "types", .entries(keys: .resourceType, values: .integer(counts)),
                "How many of resources of a type, by TYPE."),
        ])

    /// Who is told how a run ended.
    package static let notification = FieldTable(
        "a notification", definition: "notification",
        "A command that is run, or an address to which the report is sent, when a run has ended.",
        [
            FieldTable.Row(
                "on", .oneOf(PlanIR.Notification.Occasion.allCases.map(\.rawValue)),
                "Of which runs it tells; failure by default."),
            FieldTable.Row(
                "command", .list(.text(), atLeast: 1),
                "The program and its arguments, started without a shell; it reads the report."),
            FieldTable.Row(
                "url", .either([.text(.webAddress), .secretReference]),
                "The address to which the report is posted as JSON, or where the address is kept."),
            FieldTable.Row(
                "headers", .entries(keys: .headerName, values: .either([.text(), .secretReference])),
                "Headers of the request; secrets among them by reference."),
            FieldTable.Row("timeout", .text(.duration), "How long it may take; 30s by default."),
        ])
}

extension FieldTable.Row {
    /// The row of `notify`, which plans and providers have.
    package static let notify = FieldTable.Row(
        "notify", .list(.a(RunFields.notification)), "Who is told how a run ended.")
}

extension TextRule {
    /// An address of the web.
    package static let webAddress = TextRule(
        "an address of the web", pattern: NotificationRules.addressPattern,
        examples: ["https://example.org/hooks/backup"], fault: NotificationRules.addressFault)

    /// The name of a header.
    package static let headerName = TextRule(
        "the name of a header", pattern: NotificationRules.headerPattern, examples: ["Authorization"],
        fault: NotificationRules.headerNameFault)
}
