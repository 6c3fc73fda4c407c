import Manifests
import PlanIR
import Schedules
package import YAMLSource

/// The tables of fields of a plan: what the decoders read by, and what the plan's schema is made of.
package enum PlanFields {
    /// A whole plan.
    package static let plan = FieldTable(
        "a plan", definition: "plan", "What must not be lost, and when it is protected.", allowsExtensions: true,
        [
            .apiVersion, .kind("Plan"),
            FieldTable.Row(
                "name", .text(.planName), required: true, "The plan's name; checkpoints are listed by it."),
            FieldTable.Row("description", .text(), "What the plan is for, for people."),
            FieldTable.Row("provider", .text(), required: true, "The name of a provider manifest."),
        ] + FieldTable.Row.parameterBlocks + [
            FieldTable.Row("resources", .list(.a(resource), atLeast: 1), required: true, "What to protect."),
            FieldTable.Row("triggers", .list(.a(trigger)), "When operations are to start."),
            FieldTable.Row("retention", .a(retention), "Which checkpoints are to stay."),
            FieldTable.Row("enabled", .boolean, "Whether the triggers start anything; true by default."),
            FieldTable.Row(
                "onFailure", .oneOf(FailurePolicy.allCases.map(\.rawValue)),
                "What becomes of the rest of a run when a step fails: stop starts nothing new, and is the default."),
            .notify,
        ])

    /// One resource.
    package static let resource: FieldTable = FieldTable(
        "a resource", definition: "resource", "One thing that must not be lost, with its dependents.",
        [
            FieldTable.Row(
                "id", .text(.resourceID), required: true,
                "With the type, the resource's identity: no two resources of a plan have the same."),
            FieldTable.Row(
                "type", .text(.resourceType), required: true, "A resource type that a plugin of the provider takes."),
            FieldTable.Row("name", .text(), "The resource's name for people; its id when there is none."),
            FieldTable.Row("properties", .mapping, "What and where the resource is; the plugin says what there is."),
            FieldTable.Row("parameters", .parameters, "This resource's parameters for protect."),
            FieldTable.Row("restoreParameters", .parameters, "This resource's parameters for restore."),
            FieldTable.Row("verifyParameters", .parameters, "This resource's parameters for verify."),
            FieldTable.Row(
                "dependsOn", .list(.text(.dependency)), "Dependents that are declared elsewhere, by id or TYPE#ID."),
            FieldTable.Row("resources", .list(.a(resource)), "Dependents, declared here."),
            FieldTable.Row(
                "discover", .either([.boolean, .mapping]),
                "Dependents that the plugin finds: true for all, or which are wanted, as the plugin says."),
        ])

    /// The operations that a trigger can start.
    static let triggeredOperations = ["protect", "verify"]

    /// One trigger.
    package static let trigger = FieldTable(
        "a trigger", definition: "trigger", "When an operation starts by itself.",
        [
            FieldTable.Row("name", .text(), required: true, "The trigger's name, unique in the plan."),
            FieldTable.Row(
                "cron", .text(.schedule), required: true,
                "When it starts: minute, hour, day of month, month and day of week, as in crontab(5)."),
            FieldTable.Row(
                "timezone", .text(.timeZone), "The time zone of cron, by its name in the tz database."),
            FieldTable.Row("window", .text(.duration), "How late it may start."),
            FieldTable.Row("operation", .oneOf(triggeredOperations), required: true, "What it starts."),
        ])

    /// How many checkpoints a policy may ask for.
    static let retentionCounts: ClosedRange<Int64> = 1...1_000_000

    /// A retention policy: the counts, `maxAge` and `timezone` last.
    package static let retention = FieldTable(
        "a retention policy", definition: "retention", "Which checkpoints stay.",
        [
            FieldTable.Row("keepLast", .integer(retentionCounts), "Keep so many of the newest."),
            FieldTable.Row("keepHourly", .integer(retentionCounts), "Keep one an hour, for so many hours."),
            FieldTable.Row("keepDaily", .integer(retentionCounts), "Keep one a day, for so many days."),
            FieldTable.Row("keepWeekly", .integer(retentionCounts), "Keep one a week, for so many weeks."),
            FieldTable.Row("keepMonthly", .integer(retentionCounts), "Keep one a month, for so many months."),
            FieldTable.Row("keepYearly", .integer(retentionCounts), "Keep one a year, for so many years."),
            FieldTable.Row("maxCheckpoints", .integer(retentionCounts), "Never keep more than so many."),
            FieldTable.Row("maxAge", .text(.duration), "Keep none that is older than this."),
            FieldTable.Row(
                "timezone", .text(.timeZone),
                "By which clock hours, days, weeks, months and years begin; by default that of the triggers."),
        ])
}

extension TextRule {
    /// The name of a time zone.
    package static let timeZone = TextRule(
        "a time zone", pattern: "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", examples: ["Europe/Berlin", "UTC"],
        fault: { TimeZoneDatabase.isZoneName($0) ? nil : "time zones are named as in the tz database" })

    /// A cron schedule.
    package static let schedule = TextRule(
        "a schedule", pattern: CronSchedule.pattern, examples: ["15 3 * * *"],
        fault: { CronSchedule.fault(in: $0)?.description })
}
