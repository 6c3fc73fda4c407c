internal import BlockingIO
internal import CLinux
internal import Glibc

/// A pipeline that runs, with this process's ends of its pipes.
struct StartedPipeline: Sendable {
    var children: [SupervisedChild] = []
    /// Takes what the first program reads.
    var input: WatchedDescriptor?
    /// Gives what the last program prints.
    var output: WatchedDescriptor?
    /// The values of secrets that the programs know.
    var secrets: [String] = []
    /// Why not all of them could be started; then those that were must be stopped.
    var fault: ProcessFault?
}

/// Starts programs, all on one thread: the system ends them when the thread that started them ends, and this one ends
/// with the process.
enum ChildStarter {
    private static let thread = BlockingThreads(name: "child-starter", count: 1)

    /// Starts the programs of a pipeline, connected with each other.
    static func start(
        _ commands: [ProgramCommand], feedsInput: Bool, takesOutput: Bool
    ) async throws -> StartedPipeline {
        try await thread.run {
            let readiness = try Readiness.shared()
            var job = StartJob(readiness: readiness)
            do throws(ProcessFault) {
                // All of them are looked at before the first is started.
                let programs = try commands.map { command throws(ProcessFault) in
                    try PreparedProgram(command, secrets: &job.started.secrets)
                }
                try job.start(programs, feedsInput: feedsInput, takesOutput: takesOutput)
            } catch { job.started.fault = error }
            job.closeRest()
            return job.started
        }
    }
}

/// A program whose file and environment are known.
struct PreparedProgram {
    let command: ProgramCommand
    let file: String
    /// The whole environment; `nil` to inherit it.
    let environment: [String]?

    /// Finds the program and reads its references; their values are added to `secrets`.
    init(_ command: ProgramCommand, secrets: inout [String]) throws(ProcessFault) {
        self.command = command
        var path: String?
        if command.environment.isEmpty {
            environment = nil
        } else {
            var added: [(name: String, value: String)] = []
            for variable in command.environment {
                let value = try variable.resolved()
                if variable.isSecret { secrets.append(value) }
                added.removeAll { $0.name == variable.name }
                added.append((variable.name, value))
            }
            path = added.last { $0.name == "PATH" }?.value
            environment = Self.inherited(without: Set(added.map(\.name))) + added.map { "\($0.name)=\($0.value)" }
        }
        if command.arguments.contains(where: { $0.utf8.contains(0) }) {
            throw .notExecutable(command.name, reason: "an argument has a NUL byte in it")
        }
        file = try ProgramSearch.find(command.name, in: path, from: command.directory)
    }

    private static func inherited(without names: Set<String>) -> [String] {
        var variables: [String] = []
        var next = clinux_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if !names.contains(String(text.prefix { $0 != "=" })) { variables.append(text) }
            next = next?.advanced(by: 1)
        }
        return variables
    }

    /// Starts it with these standard streams; gives back its number and a descriptor of the process.
    func start(_ input: Int32, _ output: Int32, _ errors: Int32) throws(ProcessFault) -> (pid_t, Int32) {
        var child = clinux_child()
        child.standard = (input, output, errors)
        var process: Int32 = -1
        let number = withPointers(command.arguments) { arguments in
            file.withCString { file in
                withOptionalPointers(environment) { environment in
                    withOptionalPointer(command.directory) { directory in
                        child.path = file
                        child.arguments = UnsafePointer(arguments)
                        child.environment = UnsafePointer(environment)
                        child.directory = directory
                        return clinux_start_child(&child, &process)
                    }
                }
            }
        }
        if number > 0 { return (number, process) }
        let reason = String(cString: strerror(child.error))
        if child.failed_in_directory != 0 { throw .directory(command.directory ?? "", reason: reason) }
        switch child.error {
        case EAGAIN, ENOMEM, EMFILE, ENFILE: throw .system("starting '\(command.name)'", reason: reason)
        case ENOENT: throw .notExecutable(command.name, reason: "the interpreter that it names is not there")
        default: throw .notExecutable(command.name, reason: reason)
        }
    }

    private func withOptionalPointers<Result>(
        _ texts: [String]?, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Result
    ) -> Result {
        guard let texts else { return body(clinux_environment()) }
        return withPointers(texts) { body($0) }
    }

    private func withOptionalPointer<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }

    /// Lends texts as the array of pointers that C wants, with a null at its end.
    private func withPointers<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { pointers[index] = strdup(text) }
        pointers[texts.count] = nil
        defer {
            for index in texts.indices { free(pointers[index]) }
            pointers.deallocate()
        }
        return body(pointers)
    }
}

/// The starting of one pipeline: it knows which descriptors are open.
private struct StartJob {
    let readiness: Readiness
    var started = StartedPipeline()
    private var open: Set<Int32> = []
    /// Opened once, for all programs that read nothing.
    private static let nothing = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)

    init(readiness: Readiness) { self.readiness = readiness }

    mutating func start(_ programs: [PreparedProgram], feedsInput: Bool, takesOutput: Bool) throws(ProcessFault) {
        guard Self.nothing >= 3 else { throw .system("opening /dev/null", reason: "it is not there") }
        var reading = Self.nothing
        if feedsInput {
            let pipe = try pipe()
            reading = pipe.read
            started.input = try watch(pipe.write, .writing)
        }
        for (position, program) in programs.enumerated() {
            let errors = try pipe()
            var output = errors.write
            var next = reading
            if position + 1 < programs.count {
                let link = try pipe()
                output = link.write
                next = link.read
            } else if takesOutput {
                let end = try pipe()
                output = end.write
                started.output = try watch(end.read, .reading)
            }
            let (number, process) = try program.start(reading, output, errors.write)
            if reading != Self.nothing { close(reading) }
            if output != errors.write { close(output) }
            close(errors.write)
            reading = next
            guard clinux_set_nonblocking(errors.read) == 0 else {
                end(number, process)
                throw .system("making a pipe")
            }
            open.remove(errors.read)
            do {
                started.children.append(
                    try SupervisedChild(
                        name: program.command.name, number: number, process: process, errors: errors.read, readiness))
            } catch {
                end(number, nil)
                throw error
            }
        }
    }

    /// Closes what the programs have inherited, or would have.
    mutating func closeRest() {
        for descriptor in open.sorted() { Glibc.close(descriptor) }
        open = []
    }

    private mutating func close(_ descriptor: Int32) {
        Glibc.close(descriptor)
        open.remove(descriptor)
    }

    /// Ends a program that cannot be watched.
    private func end(_ number: pid_t, _ process: Int32?) {
        kill(-number, SIGKILL)
        while waitpid(number, nil, 0) < 0 && errno == EINTR {}
        if let process { Glibc.close(process) }
    }

    private mutating func pipe() throws(ProcessFault) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .system("making a pipe") }
        for index in ends.indices { ends[index] = moved(ends[index]) }
        open.formUnion(ends)
        guard ends[0] >= 0, ends[1] >= 0 else { throw .system("making a pipe") }
        return (ends[0], ends[1])
    }

    /// A descriptor that is none of the standard ones, which a program would lose.
    private func moved(_ descriptor: Int32) -> Int32 {
        if descriptor > 2 { return descriptor }
        let higher = clinux_duplicate_above(descriptor, 3)
        Glibc.close(descriptor)
        return higher
    }

    private mutating func watch(
        _ descriptor: Int32, _ interest: WatchedDescriptor.Interest
    ) throws(ProcessFault) -> WatchedDescriptor {
        guard clinux_set_nonblocking(descriptor) == 0 else { throw .system("making a pipe") }
        open.remove(descriptor)
        return .watching(descriptor, interest, by: readiness)
    }
}
