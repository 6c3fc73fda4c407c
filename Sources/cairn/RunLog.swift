import ArgumentParser
import Bank
import Engine
import Logging
import PlanIR
import PluginKit
import RunDisplay
import Wording

/// How grave an event must be to be logged.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

/// Logs a run, with times and levels, for those who read it the next morning.
struct RunLog: RunObserver {
    private let logger: Logger

    /// A log of what is at least as grave as `level`. The display writes it, so that a reader who stands still does not
    /// hold the run up.
    init(level: LogLevel, on display: RunDisplay) {
        var logger = Logger(label: "cairn") { StreamLogHandler(label: $0, stream: DisplayedLines(display: display)) }
        logger.logLevel = level.level
        self.logger = logger
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let run):
            logger.info(
                "\(run.operation.rawValue) begins",
                metadata: [
                    "id": "\(run.id)", "epoch": "\(run.epoch)", "resources": "\(run.resources)",
                    "activities": "\(run.activities)",
                ])
        case .activityAdopted(let activity): logger.debug("done before", metadata: place(activity))
        case .activityStarted(let activity, let attempt):
            logger.debug("started", metadata: place(activity).merging(["attempt": "\(attempt)"]) { first, _ in first })
        case .activityFinished(let activity): logger.debug("finished", metadata: place(activity))
        case .activityRetrying(let activity, let attempt, let message, let delay):
            logger.warning(
                "attempt \(attempt) failed, trying again in \(delay / 1_000_000) ms: \(Words.harmless(message))",
                metadata: place(activity))
        case .activityCancelled(let activity): logger.notice("cancelled", metadata: place(activity))
        case .activityFailed(let activity, let message):
            logger.error("failed: \(Words.harmless(message))", metadata: place(activity))
        case .resourceFinished(_, let identity, let bytes):
            logger.info("done", metadata: ["resource": "\(identity)", "bytes": "\(bytes)"])
        case .expected(let resource, let bytes):
            logger.debug("expects content", metadata: ["resource": "\(resource)", "bytes": "\(bytes)"])
        case .advanced(let resource, let bytes):
            logger.trace("advanced", metadata: ["resource": "\(resource)", "bytes": "\(bytes)"])
        case .warned(_, let identity, let warning):
            logger.warning(
                "\(Words.harmless("\(warning.subject): \(warning.message)"))",
                metadata: ["resource": "\(identity)", "kind": "\(warning.kind)"])
        case .undoRegistered(let identity): logger.debug("must be undone", metadata: ["resource": "\(identity)"])
        case .undoDischarged(let identity): logger.debug("was undone", metadata: ["resource": "\(identity)"])
        case .stopping(let reason): logger.notice("stopping: \(Words.harmless(reason))")
        case .reverted(let identity): logger.notice("reverted", metadata: ["resource": "\(identity)"])
        case .ended(let status, let failures, let warnings):
            logger.info(
                "ended", metadata: ["status": "\(status)", "failures": "\(failures)", "warnings": "\(warnings)"])
        case .reverting(let resources): logger.notice("reverting", metadata: ["resources": "\(resources)"])
        case .revertFailed(let identity, let message):
            logger.error("revert failed: \(Words.harmless(message))", metadata: ["resource": "\(identity)"])
        case .recordDamaged(let key, let reason):
            logger.warning("damaged: \(Words.harmless(reason))", metadata: ["object": "\(key)"])
        case .noticed(let message): logger.notice("\(Words.harmless(message))")
        }
    }

    private func place(_ activity: EventActivity) -> Logger.Metadata {
        ["resource": "\(activity.identity)", "hook": "\(activity.hook.name)"]
    }
}

/// The lines of a log, on a display.
private struct DisplayedLines: TextOutputStream, Sendable {
    let display: RunDisplay

    func write(_ text: String) { display.tell(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
}
