internal import Diagnostics
internal import PlanIR
internal import Schedules
package import YAMLSource

/// The windows of the leases that are kept on a provider's bank. Times are in milliseconds.
package struct LeaseWindows: Sendable, Hashable {
    /// How long a lease lasts after it was written.
    package let expireWindow: Int64
    /// How long after a renewal the next one is due.
    package let renewWindow: Int64
    /// How much of the lease must be left to begin a write.
    package let validityWindow: Int64

    /// The windows of a provider that says nothing of them.
    package static let standard = LeaseWindows(
        expireWindow: LeaseRules.expireWindow, renewWindow: LeaseRules.renewWindow,
        validityWindow: LeaseRules.validityWindow)

    /// The keys of `leases`.
    package static let fields = FieldTable(
        "the leases of a provider", definition: "leases",
        "How long a process that works on the bank counts as alive, when nothing more is heard of it.",
        [
            FieldTable.Row("expireWindow", .text(.duration), "How long a lease lasts; 60s by default, a day at most."),
            FieldTable.Row("renewWindow", .text(.duration), "How often it is renewed; every 20s by default."),
            FieldTable.Row(
                "validityWindow", .text(.duration), "How much of it must be left to begin a write; 10s by default."),
        ])

    /// Reads the `leases` of a provider. What is faulty is reported, and the standard windows stand for it.
    static func decode(_ node: LocatedNode?, into diagnostics: inout DiagnosticList) -> LeaseWindows {
        guard let node else { return .standard }
        let reader = FieldReader(node, fields, into: &diagnostics)
        let names = fields.fields.map { "\($0.name)" }
        var windows = [LeaseRules.expireWindow, LeaseRules.renewWindow, LeaseRules.validityWindow]
        var written: [Int: Spanned<String>] = [:]
        for position in windows.indices where reader.key(position) != nil {
            guard let text = reader.text(position) else { return .standard }
            guard let seconds = DurationText.seconds(text.value) else {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(text.value)' is not a duration", at: text.range, notes: [DurationText.rule]))
                return .standard
            }
            windows[position] = seconds * 1000
            written[position] = text
        }
        let (expire, renew, validity) = (windows[0], windows[1], windows[2])
        if LeaseRules.fit(expire: expire, renew: renew, validity: validity) {
            return LeaseWindows(expireWindow: expire, renewWindow: renew, validityWindow: validity)
        }
        // At the first that was written; the others beside it.
        let places = windows.indices.compactMap { position in written[position].map { (position, $0) } }
        guard let first = places.first else { return .standard }
        func words(_ position: Int) -> String {
            "\(names[position]) \(DurationText.words(seconds: windows[position] / 1000))"
                + (written[position] == nil ? " (the default)" : "")
        }
        let message: String
        var notes: [String] = []
        if let shortest = LeaseRules.shortestExpireWindow(renew: renew, validity: validity), shortest > expire {
            message = "\(words(0)) is too short for \(words(1)) and \(words(2))"
            notes.append(
                "a lease lasts two renewals and the validity window at least, here "
                    + DurationText.words(seconds: shortest / 1000) + ", so that one renewal may fail")
        } else {
            message = "with \(words(0)), \(words(1)) and \(words(2)), a lease would last longer than a day"
            notes.append("as long as a lease lasts, others wait for a process that is gone")
        }
        diagnostics.add(
            Diagnostic(
                .leaseWindows, message, at: first.1.range,
                related: places.dropFirst().map { RelatedPlace($0.1.range, "\(names[$0.0]) is here") }, notes: notes))
        return .standard
    }
}
