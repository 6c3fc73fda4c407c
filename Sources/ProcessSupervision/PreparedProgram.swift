internal import CLinux
internal import Glibc

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
        let groups = GroupGuard.shared
        // A guard that has died is replaced, once.
        for isLast in [false, true] {
            let (notes, generation) = try groups.ready()
            var child = clinux_child()
            child.standard = (input, output, errors)
            child.guard = notes
            var process: Int32 = -1
            let number = start(&child, &process)
            if number > 0 {
                groups.hasBegun(number, generation: generation)
                return (number, process)
            }
            if child.number > 0 {
                groups.hasEnded(child.number)
                while waitpid(child.number, nil, 0) < 0 && errno == EINTR {}
            }
            guard child.failed_at_guard != 0 else { throw fault(child) }
            if isLast || child.error != EPIPE { break }
            try groups.renew(after: generation)
        }
        throw GroupGuard.deaf
    }

    private func fault(_ child: clinux_child) -> ProcessFault {
        let reason = String(cString: strerror(child.error))
        if child.failed_in_directory != 0 { return .directory(command.directory ?? "", reason: reason) }
        return switch child.error {
        case EAGAIN, ENOMEM, EMFILE, ENFILE: .system("starting '\(command.name)'", reason: reason)
        case ENOENT: .notExecutable(command.name, reason: "the interpreter that it names is not there")
        default: .notExecutable(command.name, reason: reason)
        }
    }

    private func start(_ child: inout clinux_child, _ process: inout Int32) -> pid_t {
        withPointers(command.arguments) { arguments in
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
