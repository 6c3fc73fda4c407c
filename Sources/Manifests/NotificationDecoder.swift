package import Diagnostics
package import PlanIR
package import YAMLSource

/// Reads the notifications of plans and providers.
package enum NotificationDecoder {
    /// The notifications of a list that have no faults, each with the place of the command or the address.
    package static func decode(
        _ list: LocatedNode?, into diagnostics: inout DiagnosticList
    ) -> [Spanned<PlanIR.Notification>] {
        var notifications: [Spanned<PlanIR.Notification>] = []
        for node in list?.elements ?? [] {
            let errors = diagnostics.errorsMet
            let notification = notification(node, &diagnostics)
            if let notification, diagnostics.errorsMet == errors {
                let place = node["url"]?.range ?? node["command"]?.headRange ?? node.headRange
                notifications.append(Spanned(notification, at: place))
            }
        }
        return notifications
    }

    private static func notification(
        _ node: LocatedNode, _ diagnostics: inout DiagnosticList
    ) -> PlanIR.Notification? {
        let reader = FieldReader(node, RunFields.notification, into: &diagnostics)
        let occasion = occasion(reader.text(0), &diagnostics)
        let timeout = timeout(reader.text(4), &diagnostics)
        let command = reader[1].flatMap { arguments($0, &diagnostics) }
        let address = reader[2].flatMap { self.address($0, &diagnostics) }
        let headers = reader[3].map { self.headers($0, &diagnostics) } ?? []
        switch (reader.key(1), reader.key(2)) {
        case (let command?, let address?):
            let keys = [command.range, address.range].sorted { $0.start < $1.start }
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "a notification has either 'command' or 'url', not both", at: keys[1],
                    related: [RelatedPlace(keys[0], "the other is here")], notes: ["make two notifications of it"]))
            return nil
        case (nil, nil):
            if !reader.isUnread(1) && !reader.isUnread(2) && node.kind == .mapping {
                diagnostics.add(
                    Diagnostic(.missingField, "a notification needs the key 'command' or 'url'", at: node.headRange))
            }
            return nil
        case (_?, nil):
            if let key = reader.key(3) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'headers' go with 'url', and this notification runs a command", at: key.range))
            }
            return command.map {
                PlanIR.Notification(occasion: occasion, recipient: .command($0), timeoutText: timeout)
            }
        case (nil, _?):
            return address.map {
                PlanIR.Notification(
                    occasion: occasion, recipient: .address($0, headers: headers), timeoutText: timeout)
            }
        }
    }

    private static func occasion(
        _ text: Spanned<String>?, _ diagnostics: inout DiagnosticList
    ) -> PlanIR.Notification.Occasion {
        guard let text else { return .standard }
        if let occasion = PlanIR.Notification.Occasion(rawValue: text.value) { return occasion }
        let words = PlanIR.Notification.Occasion.allCases.map(\.rawValue)
        diagnostics.add(
            WordChoice.fault("a notification tells of 'success', 'failure' or 'always'", text, among: words))
        return .standard
    }

    private static func timeout(_ text: Spanned<String>?, _ diagnostics: inout DiagnosticList) -> String {
        guard let text else { return PlanIR.Notification.standardTimeout }
        if let fault = TextRule.duration.fault(text.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(text.value)' is not a duration", at: text.range, notes: [fault]))
        }
        return text.value
    }

    private static func arguments(_ node: LocatedNode, _ diagnostics: inout DiagnosticList) -> [String]? {
        var arguments: [String] = []
        for element in node.elements {
            guard let text = text(element, "an element of 'command'", &diagnostics) else { return nil }
            arguments.append(text)
        }
        if let fault = NotificationRules.commandFault(arguments) {
            diagnostics.add(Diagnostic(.invalidValue, fault, at: node.elements.first?.range ?? node.headRange))
            return nil
        }
        return arguments
    }

    private static func address(_ node: LocatedNode, _ diagnostics: inout DiagnosticList) -> ReferableText? {
        guard let text = referable(node, "'url' of a notification", &diagnostics) else { return nil }
        guard case .literal(let address) = text else { return text }
        if NotificationRules.hasPassword(address) {
            diagnostics.add(
                Diagnostic(
                    .literalSecret, "'url' has a user or a password in it, which must not be written here",
                    at: node.range,
                    notes: ["write {fromEnv: NAME} or {fromFile: path} for the whole address, or send a header"]))
            return nil
        }
        if let fault = NotificationRules.addressFault(address) {
            diagnostics.add(
                Diagnostic(.invalidValue, "nothing can be sent to '\(address)'", at: node.range, notes: [fault]))
            return nil
        }
        return text
    }

    private static func headers(
        _ node: LocatedNode, _ diagnostics: inout DiagnosticList
    ) -> [PlanIR.Notification.Header] {
        var headers: [PlanIR.Notification.Header] = []
        var first: [String: SourceRange] = [:]
        for (key, value) in node.entries where !key.isFaulty && !value.isFaulty {
            let name = key.text
            if let fault = NotificationRules.headerNameFault(name) {
                diagnostics.add(Diagnostic(.invalidValue, fault, at: key.range))
                continue
            }
            if let place = first.updateValue(key.range, forKey: name.lowercased()) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "the header '\(name)' is here twice", at: key.range,
                        related: [RelatedPlace(place, "it is here first")],
                        notes: ["names of headers are the same in capitals and small letters"]))
                continue
            }
            if NotificationRules.isSecretHeader(name) && value.kind == .scalar && value.scalarValue != .null {
                diagnostics.add(
                    Diagnostic(
                        .literalSecret, "the header '\(name)' is a secret and must not be written here",
                        at: value.range,
                        notes: ["write {fromEnv: NAME} or {fromFile: path}; it is read at the moment of use"]))
                continue
            }
            guard let text = referable(value, "the header '\(name)'", &diagnostics) else { continue }
            if let fault = NotificationRules.headerFault(name, text) {
                diagnostics.add(Diagnostic(.invalidValue, fault, at: value.range))
                continue
            }
            headers.append(PlanIR.Notification.Header(name: name, value: text))
        }
        return headers
    }

    /// A text, or a mapping that says where it is.
    private static func referable(
        _ node: LocatedNode, _ what: String, _ diagnostics: inout DiagnosticList
    ) -> ReferableText? {
        guard node.kind == .mapping else { return text(node, what, &diagnostics).map { .literal($0) } }
        let entry = node.entries.first
        if node.count == 1, let entry, case .string(let place) = entry.value.scalarValue, !place.isEmpty {
            if entry.key.textEquals("fromFile") { return .fromFile(place) }
            if entry.key.textEquals("fromEnv"), isVariable(place) { return .fromEnvironment(place) }
        }
        if node.isFaulty || node.entries.contains(where: { $0.value.isFaulty || $0.key.isFaulty }) { return nil }
        diagnostics.add(
            Diagnostic(
                .invalidValue, "\(what) must say where it is: either {fromEnv: NAME} or {fromFile: path}",
                at: node.headRange))
        return nil
    }

    private static func text(
        _ node: LocatedNode, _ what: String, _ diagnostics: inout DiagnosticList
    ) -> String? {
        if node.isFaulty { return nil }
        if case .string(let text) = node.scalarValue { return text }
        diagnostics.add(
            Diagnostic(
                .wrongType, "\(what) is text, not \(node.shapeWords)", at: node.headRange,
                suggestions: FieldSuggestions.forValue(node, wanted: .text)))
        return nil
    }

    private static func isVariable(_ name: String) -> Bool {
        name.utf8.first?.isDigit == false
            && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    }
}

/// Says that a word is none of those that there are.
package enum WordChoice {
    /// The diagnostic at `text`; `rule` says what there is, such as `a trigger starts 'protect' or 'verify'`.
    package static func fault(_ rule: String, _ text: Spanned<String>, among words: [String]) -> Diagnostic {
        let close = Similar.best(for: text.value, among: words)
        return Diagnostic(
            .invalidValue, "\(rule), not '\(text.value)'", at: text.range,
            suggestions: close.map {
                [
                    Suggestion(
                        "did you mean '\($0)'?", replacing: text.range, with: $0,
                        isCertain: Similar.differInCase($0, text.value))
                ]
            } ?? [])
    }
}
