package import PlanIR
package import PluginKit
internal import ProcessSupervision
internal import ProgramSettings

/// Looks whether those could be told who are to be, without telling them anything.
package enum NotificationChecks {
    /// The addresses and the headers of all notifications, and the programs that tell, in their order.
    package static func check(_ notifications: [PlanIR.Notification]) async -> [Precondition] {
        var found: [Precondition] = []
        var programs: [ProgramCommand] = []
        for notification in notifications {
            switch notification.recipient {
            case .command(let arguments): programs.append(ProgramCommand(arguments))
            case .address(let address, let headers):
                found.append(await check(address, headers, timeout: notification.timeout))
                programs.append(ProgramCommand([WebPost.program]))
            }
        }
        let checked = await ProgramChecks.check(programs, confirmedBy: nil)
        return found
            + checked.map {
                Precondition("\($0.subject) of a notification", $0.state, $0.finding, advice: $0.advice)
            }
    }

    private static func check(
        _ address: ReferableText, _ headers: [PlanIR.Notification.Header], timeout: Int64
    ) async -> Precondition {
        do {
            let post = try await WebPost(address, headers, timeout: timeout)
            return Precondition("the notification to \(post.host)", .met, "has its address and its headers")
        } catch {
            return Precondition(
                "a notification to an address", .unmet, "could not be sent: \(error)",
                advice: "set what 'notify' refers to, where cairn is run")
        }
    }
}
