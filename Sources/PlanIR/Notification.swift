package import CanonicalForm
internal import Schedules

extension PlanIR {
    /// Who is told how a run ended: a command that is run, or an address to which the report is sent.
    package struct Notification: Sendable, Hashable {
        /// The runs of which it tells.
        package var occasion: Occasion
        /// Who is told.
        package var recipient: Recipient
        /// How long telling may take, as a duration of a plan.
        package var timeoutText: String

        /// The runs of which a notification tells.
        package enum Occasion: String, Sendable, Hashable, CaseIterable {
            case success, failure, always

            /// The occasion of a notification that names none.
            package static let standard = Occasion.failure

            /// Whether a run that ended so is told.
            package func includes(success: Bool) -> Bool {
                switch self {
                case .success: success
                case .failure: !success
                case .always: true
                }
            }
        }

        /// Who is told.
        package enum Recipient: Sendable, Hashable {
            /// A program with its arguments, started without a shell.
            case command([String])
            /// An address of the web, to which JSON is posted with these headers besides.
            case address(ReferableText, headers: [Header])
        }

        /// A header of a request.
        package struct Header: Sendable, Hashable {
            package var name: String
            package var value: ReferableText

            package init(name: String, value: ReferableText) {
                self.name = name
                self.value = value
            }
        }

        /// The timeout of a notification that names none.
        package static let standardTimeout = "30s"

        package init(occasion: Occasion, recipient: Recipient, timeoutText: String = standardTimeout) {
            self.occasion = occasion
            self.recipient = recipient
            self.timeoutText = timeoutText
        }

        /// How long telling may take, in nanoseconds.
        package var timeout: Int64 { AttemptRules.nanoseconds(ofDuration: timeoutText) ?? 30_000_000_000 }

        /// The notification as a compiled plan has it: as in the plan, with what it leaves out.
        package var json: JSONObject {
            var object: JSONObject = ["on": .string(occasion.rawValue), "timeout": .string(timeoutText)]
            switch recipient {
            case .command(let arguments): object["command"] = .array(arguments.map { .string($0) })
            case .address(let address, let headers):
                object["url"] = address.json
                if !headers.isEmpty {
                    object["headers"] = .object(JSONObject(headers.map { ($0.name, $0.value.json) }))
                }
            }
            return object
        }

        /// Reads the notification of a compiled plan, and throws what is wrong with it.
        package init(_ value: JSONValue) throws(NotificationFault) {
            guard let object = value.objectValue else { throw NotificationFault("a notification is an object") }
            for member in object.members where !["on", "command", "url", "headers", "timeout"].contains(member.key) {
                throw NotificationFault("a notification has no member '\(member.key)'")
            }
            guard let occasion = object["on"]?.stringValue.flatMap(Occasion.init) else {
                throw NotificationFault("'on' is 'success', 'failure' or 'always'")
            }
            guard let timeout = object["timeout"]?.stringValue, DurationText.seconds(timeout) != nil else {
                throw NotificationFault("'timeout' is a duration")
            }
            switch (object["command"], object["url"]) {
            case (let command?, nil):
                guard object["headers"] == nil else { throw NotificationFault("a command takes no headers") }
                recipient = .command(try Self.arguments(command))
            case (nil, let address?): recipient = try Self.address(address, object["headers"])
            default: throw NotificationFault("a notification has either 'command' or 'url'")
            }
            self.occasion = occasion
            timeoutText = timeout
        }

        private static func arguments(_ value: JSONValue) throws(NotificationFault) -> [String] {
            let arguments = (value.arrayValue ?? []).compactMap(\.stringValue)
            guard let list = value.arrayValue, list.count == arguments.count else {
                throw NotificationFault("a command is an array of texts")
            }
            if let fault = NotificationRules.commandFault(arguments) { throw NotificationFault(fault) }
            return arguments
        }

        private static func address(
            _ value: JSONValue, _ headers: JSONValue?
        ) throws(NotificationFault) -> Recipient {
            guard let address = ReferableText(value) else {
                throw NotificationFault("'url' is an address, or says where it is")
            }
            if case .literal(let text) = address, let fault = NotificationRules.addressFault(text) {
                throw NotificationFault(fault)
            }
            guard let headers else { return .address(address, headers: []) }
            guard let members = headers.objectValue?.members, !members.isEmpty else {
                throw NotificationFault("'headers' is an object that is not empty")
            }
            var list: [Header] = []
            for member in members {
                if list.contains(where: { $0.name.lowercased() == member.key.lowercased() }) {
                    throw NotificationFault("the header '\(member.key)' is there twice")
                }
                guard let text = ReferableText(member.value) else {
                    throw NotificationFault("the header '\(member.key)' is a text, or says where it is")
                }
                if let fault = NotificationRules.headerFault(member.key, text) { throw NotificationFault(fault) }
                list.append(Header(name: member.key, value: text))
            }
            return .address(address, headers: list)
        }
    }
}

/// What is wrong with a notification of a compiled plan.
package struct NotificationFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// A text that may be written, or that is read where it is kept at the moment of use, as secrets are.
package enum ReferableText: Sendable, Hashable {
    case literal(String)
    /// The value of an environment variable.
    case fromEnvironment(String)
    /// The content of a file.
    case fromFile(String)

    /// The text as a compiled plan has it.
    package var json: JSONValue {
        switch self {
        case .literal(let text): .string(text)
        case .fromEnvironment(let name): ["fromEnv": .string(name)]
        case .fromFile(let path): ["fromFile": .string(path)]
        }
    }

    /// Reads the text of a compiled plan; `nil` when it is none.
    package init?(_ value: JSONValue) {
        if let text = value.stringValue {
            self = .literal(text)
            return
        }
        guard let members = value.objectValue?.members, members.count == 1, let member = members.first,
            let place = member.value.stringValue, !place.isEmpty
        else { return nil }
        switch member.key {
        case "fromEnv": self = .fromEnvironment(place)
        case "fromFile": self = .fromFile(place)
        default: return nil
        }
    }
}
