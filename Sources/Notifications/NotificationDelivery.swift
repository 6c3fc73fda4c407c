package import PlanIR
internal import ProcessSupervision
internal import Surroundings

/// What a notification tells.
package struct NotificationContent: Sendable {
    /// Whether the run reached what it was for.
    package let isSuccess: Bool
    /// The operation, or `rehearse`.
    package let operation: String
    package let id: String
    package let checkpoint: String
    package let plan: String
    package let status: String
    /// The report, as JSON.
    package let report: [UInt8]

    package init(
        isSuccess: Bool, operation: String, id: String, checkpoint: String, plan: String, status: String,
        report: [UInt8]
    ) {
        self.isSuccess = isSuccess
        self.operation = operation
        self.id = id
        self.checkpoint = checkpoint
        self.plan = plan
        self.status = status
        self.report = report
    }
}

/// How one notification went.
package struct NotificationResult: Sendable, Hashable {
    /// The program, or the host of the address: what may be told of a recipient without telling a secret.
    package let target: String
    /// Why it was not delivered; `nil` when it was.
    package let failure: String?
}

/// Why a notification could not be delivered; nothing in it is a secret.
struct DeliveryFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Tells others how a run ended: programs by running them, addresses by posting to them.
package enum NotificationDelivery {
    /// Delivers the notifications whose occasion it is, in their order, and says how each went. Nothing is thrown: the
    /// run has ended as it did, whoever hears of it. Not to be cancelled with the run.
    package static func deliver(
        _ notifications: [PlanIR.Notification], _ content: NotificationContent
    ) async -> [NotificationResult] {
        let due = notifications.filter { $0.occasion.includes(success: content.isSuccess) }
        // All at once: one that is slow must not hold up another one, nor add to the time that all take.
        return await withTaskGroup(of: (Int, NotificationResult).self) { group in
            for (position, notification) in due.enumerated() {
                group.addTask { (position, await deliver(notification, content)) }
            }
            var results = [NotificationResult?](repeating: nil, count: due.count)
            for await (position, result) in group { results[position] = result }
            return results.compactMap { $0 }
        }
    }

    private static func deliver(
        _ notification: PlanIR.Notification, _ content: NotificationContent
    ) async -> NotificationResult {
        switch notification.recipient {
        case .command(let arguments):
            let failure = await failure(within: notification.timeout) {
                try await CommandNotification(arguments: arguments).run(content)
            }
            return NotificationResult(target: arguments.first ?? "", failure: failure)
        case .address(let address, let headers):
            let post: WebPost
            do { post = try await WebPost(address, headers, timeout: notification.timeout) } catch {
                return NotificationResult(target: "an address of the web", failure: String(describing: error))
            }
            // The program that posts knows the limit itself; this one is for when it hangs.
            let failure = await failure(within: notification.timeout + 5_000_000_000) {
                try await post.send(content.report)
            }
            return NotificationResult(target: post.host, failure: failure)
        }
    }

    /// Runs `body`, and cancels it when it takes longer than so many nanoseconds; returns why it failed.
    private static func failure(
        within limit: Int64, _ body: @escaping @Sendable () async throws -> Void
    ) async -> String? {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                do { try await body() } catch { return .failed(String(describing: error)) }
                return .delivered
            }
            group.addTask {
                do { try await SystemClock().sleep(nanoseconds: limit) } catch { return .clockStopped }
                return .timeUp
            }
            var failure: String?
            var isDecided = false
            for await ending in group {
                if isDecided { continue }
                switch ending {
                case .delivered: failure = nil
                case .failed(let reason): failure = reason
                case .timeUp: failure = "it took longer than \(limit / 1_000_000_000) s"
                case .clockStopped: continue
                }
                isDecided = true
                group.cancelAll()
            }
            return isDecided ? failure : "it was stopped"
        }
    }

    private enum Ending: Sendable {
        case delivered, timeUp, clockStopped
        case failed(String)
    }
}

/// A program that is given the report.
struct CommandNotification {
    let arguments: [String]

    /// Runs the program with the report on its standard input, in a process group of its own. It need not read it.
    func run(_ content: NotificationContent) async throws {
        let variables = [
            ("CAIRN_OPERATION", content.operation), ("CAIRN_ID", content.id),
            ("CAIRN_CHECKPOINT", content.checkpoint), ("CAIRN_PLAN", content.plan), ("CAIRN_STATUS", content.status),
        ]
        let command = ProgramCommand(
            arguments, environment: variables.map { EnvironmentVariable($0.0, .text($0.1)) })
        _ = try await ProgramPipeline(command).run(from: Chunks(content.report).next, grace: 2_000_000_000)
    }
}
