import ArgumentParser
import CommandLineSupport
import Diagnostics
import Glibc
import Reports

extension ReportFormat: ExpressibleByArgument {
    package static var allValueStrings: [String] { allCases.map(\.rawValue) }
}

/// Prints reports: text for people on standard error, every other format on standard output.
enum ReportOutput {
    /// The format to use: the one that was chosen, else what suits the place.
    static func format(_ chosen: ReportFormat?) -> ReportFormat {
        chosen ?? ReportFormat.standard(environment: StandardStream.environment)
    }

    /// Prints `report`; `isColored` says whether text on a stream may be coloured.
    static func print(_ report: Report, as format: ReportFormat, isColored: (StandardStream) -> Bool) {
        let stream: StandardStream = format == .text ? .error : .output
        stream.write(report.rendered(as: format, paths: paths, color: isColored(stream)))
    }

    /// How programs find the files: from the top of the checkout in a GitHub workflow, else from here.
    private static var paths: ReportPaths {
        guard let top = StandardStream.environment("GITHUB_WORKSPACE"), !top.isEmpty,
            let directory = getcwd(nil, 0)
        else { return ReportPaths() }
        defer { free(directory) }
        return ReportPaths(top: top, directory: String(cString: directory))
    }

    /// Tells what is wrong with the command line: as text on standard error, which is `text`, and in the format that it
    /// asks for on standard output.
    static func reportWrongUsage(_ message: String, text: String) {
        let format = format(ReportFormat.chosen(by: Array(CommandLine.arguments.dropFirst())))
        if format != .text {
            let usage = text.hasPrefix("Error: \(message)\n") ? text.dropFirst("Error: \(message)\n".count) : text[...]
            let report = Report(Report.WrongUsage(message, usage: String(usage)))
            StandardStream.output.write(report.rendered(as: format))
        }
        StandardStream.error.write(
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { DisplayWidth.harmless(String($0)) }.joined(separator: "\n") + "\n")
    }
}

/// Ends the program with exit code 3 when it is told to stop.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// From now on the signals that mean "stop" end the program with a word on standard error, except those that whoever
    /// started it has switched off, as `nohup` does.
    static func endsProgram() {
        for number in signals {
            var action = sigaction()
            guard sigaction(number, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil else { continue }
            action.__sigaction_handler.sa_handler = { _ in
                // Only what is safe in a signal handler.
                let message: StaticString = "cairnc: cancelled\n"
                _ = Glibc.write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
                _exit(ExitStatus.cancelled)
            }
            sigaction(number, &action, nil)
        }
    }

    /// Runs `body`, which leaves something behind if it is stopped half way; a signal takes effect after it.
    static func deferred<Result>(_ body: () throws -> Result) rethrows -> Result {
        var stopped = sigset_t()
        sigemptyset(&stopped)
        for number in signals { sigaddset(&stopped, number) }
        var before = sigset_t()
        sigprocmask(SIG_BLOCK, &stopped, &before)
        defer { sigprocmask(SIG_SETMASK, &before, nil) }
        return try body()
    }
}
