package import CanonicalForm

/// The kinds of lines of an event stream, by the word in their member `event`.
package enum EventKind: String, Sendable, CaseIterable {
    case stream, began, adopted, started, progress, finished, retrying, cancelled, failed, done, warning
    case undoRegistered, undoDischarged, stopping, reverting, reverted, revertFailed, damaged, notice, result, ended
    case aborted, notified
}

/// The table of the event stream's format: schema, page and reader are held to it.
package enum EventShapes {
    /// The version of the format. It changes when a member changes its meaning or goes; kinds and members may be added
    /// without.
    package static let version: Int64 = 1

    /// What a member holds.
    package enum Holding: Sendable, Hashable {
        case text
        case time
        case resource
        case hook
        case choice([String])
        /// A whole number, from the least one.
        case number(Int64)
        case truth
        case constant(Int64)

        var schema: JSONObject {
            switch self {
            case .text: ["type": "string"]
            case .time:
                ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"]
            case .resource: ["type": "string", "pattern": "^[^#]+#"]
            case .hook: ["enum": ["prepareBegin", "prepareFinish", "main", "complete"]]
            case .choice(let texts): ["enum": .array(texts.map { .string($0) })]
            case .number(let least): ["type": "integer", "minimum": .integer(least)]
            case .truth: ["type": "boolean"]
            case .constant(let value): ["const": .integer(value)]
            }
        }
    }

    /// One member of a line.
    package struct Member: Sendable, Hashable {
        package let name: String
        package let holding: Holding
        package let meaning: String
        package let isRequired: Bool

        init(_ name: String, _ holding: Holding, _ meaning: String, optional: Bool = false) {
            self.name = name
            self.holding = holding
            self.meaning = meaning
            isRequired = !optional
        }
    }

    /// One kind of line.
    package struct Shape: Sendable, Hashable {
        package let kind: EventKind
        package let meaning: String
        /// The members besides those that every line has.
        package let members: [Member]

        init(_ kind: EventKind, _ meaning: String, _ members: [Member] = []) {
            self.kind = kind
            self.meaning = meaning
            self.members = members
        }
    }

    /// What every line has, and in this order first.
    package static let common: [Member] = [
        Member("event", .choice(EventKind.allCases.map(\.rawValue)), "what kind of line it is"),
        Member("seq", .number(0), "the number of the line, from 0, without gaps"),
        Member("time", .time, "the wall clock when it happened, in UTC; it may jump"),
        Member("elapsed", .number(0), "microseconds since the first line, by a clock that only goes forward"),
    ]

    private static let resource = Member("resource", .resource, "the resource, `TYPE#ID`")
    private static let hook = Member("hook", .hook, "the hook")
    private static let message = Member("message", .text, "the reason, for people")

    /// All kinds of lines, in the order of the page.
    package static let all: [Shape] = [
        Shape(
            .stream, "The first line.",
            [
                Member("version", .constant(version), "the version of this format"),
                Member("program", .text, "what writes it, with its version"),
            ]),
        Shape(
            .began, "The run begins.",
            [
                Member(
                    "operation", .choice(["protect", "restore", "verify", "delete", "copy"]), "what is run"),
                Member("id", .text, "the id of the operation's record; the checkpoint's for protect and delete"),
                Member("checkpoint", .text, "the checkpoint's id"),
                Member("plan", .text, "the plan's name"), Member("provider", .text, "the provider's name"),
                Member("epoch", .number(1), "how often the run was begun: a resume has a later epoch"),
                Member("resources", .number(0), "how many resources there are"),
                Member("activities", .number(0), "how many activities do work, the adopted ones included"),
                Member("jobs", .number(0), "how many activities run at a time; 0 where that is not known"),
                Member("expectedBytes", .number(0), "bytes of content, by an earlier run", optional: true),
                Member("expectedNanoseconds", .number(0), "how long it will last, by earlier runs", optional: true),
            ]),
        Shape(.adopted, "An earlier epoch had finished this activity; it is not run again.", [resource, hook]),
        Shape(
            .started, "An activity starts.",
            [resource, hook, Member("attempt", .number(1), "which attempt it is")]),
        Shape(
            .progress,
            "So much of a resource is handled: at most one line a second for each resource, and one before its hook ends.",
            [
                resource,
                Member(
                    "contentBytes", .number(0),
                    "bytes of content so far, over all hooks; less than before when an attempt has failed and is tried again"
                ),
                Member("expectedBytes", .number(0), "how many the plugin expects in all", optional: true),
            ]),
        Shape(.finished, "An activity has done its work.", [resource, hook]),
        Shape(
            .retrying, "An attempt failed, and there will be another one.",
            [
                resource, hook, Member("attempt", .number(1), "which attempt failed"), message,
                Member("delayNanoseconds", .number(0), "how long it waits before the next"),
            ]),
        Shape(
            .cancelled, "An activity was stopped: another one had failed, or the run was cancelled.", [resource, hook]),
        Shape(.failed, "An activity failed, and is not tried again.", [resource, hook, message]),
        Shape(
            .done, "All hooks of a resource are done.",
            [resource, Member("contentBytes", .number(0), "bytes of content")]),
        Shape(
            .warning, "Something is not as it should be, but the activity went on.",
            [
                resource, Member("kind", .text, "what kind it is, such as `changed-while-read`"),
                Member("subject", .text, "what it is about, such as a path in the resource"),
                Member("message", .text, "a sentence for people"),
            ]),
        Shape(.undoRegistered, "From now on something must be undone if the run fails.", [resource]),
        Shape(.undoDischarged, "Nothing must be undone any more.", [resource]),
        Shape(
            .stopping, "Nothing new starts any more.", [Member("reason", .text, "why")]),
        Shape(
            .reverting, "What had started is undone.", [Member("resources", .number(0), "of how many resources")]),
        Shape(.reverted, "What a resource had begun is undone.", [resource]),
        Shape(.revertFailed, "What a resource had begun could not be undone.", [resource, message]),
        Shape(
            .damaged, "A record that the operation can do without is damaged.",
            [Member("object", .text, "its key in the bank"), message]),
        Shape(.notice, "Something else that an operator should hear of.", [Member("message", .text, "what")]),
        Shape(
            .result,
            "How the run ended for one resource; before `ended`, one line for each resource that any line names.",
            [
                resource,
                Member("status", .choice(["done", "failed", "incomplete"]), "how it ended"),
                Member("contentBytes", .number(0), "bytes of content"),
                Member("warnings", .number(0), "how many warnings it had"),
                Member("hook", .hook, "the hook that failed", optional: true),
                Member("message", .text, "why it failed", optional: true),
            ]),
        Shape(
            .ended,
            "The outcome is recorded. Behind it come only `notice`, `notified`, and in a rehearsal the next run's `began`.",
            [
                Member("status", .text, "`available`, `error`, `success`, `fail`, `deleted` or `error-deleting`"),
                Member("failures", .number(0), "how many failures are recorded"),
                Member("warnings", .number(0), "how many warnings there were"),
                Member("contentBytes", .number(0), "bytes of content of all resources"),
                Member("done", .number(0), "how many resources are done"),
                Member("failed", .number(0), "how many resources failed"),
                Member("incomplete", .number(0), "how many resources were begun and are not done"),
            ]),
        Shape(.aborted, "The run ended, and how could not be recorded.", [message]),
        Shape(
            .notified, "A notification was delivered, or could not be.",
            [
                Member("target", .text, "the program, or the host of the address"),
                Member("delivered", .truth, "whether it was delivered"),
                Member("message", .text, "why it was not", optional: true),
            ]),
    ]

    /// The shape of a kind.
    package static func shape(of kind: EventKind) -> Shape? { all.first { $0.kind == kind } }

    /// The JSON Schema of one line.
    package static var schema: JSONValue {
        let shapes = all.map { shape -> JSONValue in
            let members = common + shape.members
            return .object([
                "description": .string(shape.meaning), "type": "object",
                "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
                "properties": .object(
                    JSONObject(
                        members.map { member in
                            var schema = member.name == "event" ? [:] : member.holding.schema
                            if member.name == "event" { schema["const"] = .string(shape.kind.rawValue) }
                            schema["description"] = .string(member.meaning)
                            return (member.name, .object(schema))
                        })),
            ])
        }
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": .string("urn:cairn:schema:events:\(version)"), "title": "A line of a Cairn event stream",
            "oneOf": .array(shapes),
        ]
    }
}
