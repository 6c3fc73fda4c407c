import ArgumentParser
import Bank
import Engine
import Logging
import PlanIR
import PluginKit

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

    /// A log on standard error of what is at least as grave as `level`.
    init(level: LogLevel) {
        var logger = Logger(label: "cairn") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level.level
        self.logger = logger
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let operation, let resources, let activities, _):
            logger.info(
                "\(operation.rawValue) begins", metadata: ["resources": "\(resources)", "activities": "\(activities)"])
        case .activityStarted(_, let identity, let hook):
            logger.debug("started", metadata: place(identity, hook))
        case .activityFinished(_, let identity, let hook):
            logger.debug("finished", metadata: place(identity, hook))
        case .activityCancelled(_, let identity, let hook):
            logger.notice("cancelled", metadata: place(identity, hook))
        case .activityFailed(_, let identity, let hook, let message):
            logger.error("failed: \(Words.harmless(message))", metadata: place(identity, hook))
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
        case .reverting(let resources): logger.notice("reverting", metadata: ["resources": "\(resources)"])
        case .revertFailed(let identity, let message):
            logger.error("revert failed: \(Words.harmless(message))", metadata: ["resource": "\(identity)"])
        case .recordDamaged(let key, let reason):
            logger.warning("damaged: \(Words.harmless(reason))", metadata: ["object": "\(key)"])
        case .noticed(let message): logger.notice("\(Words.harmless(message))")
        }
    }

    private func place(_ identity: String, _ hook: Hook) -> Logger.Metadata {
        ["resource": "\(identity)", "hook": "\(hook.name)"]
    }
}
