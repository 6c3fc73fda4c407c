internal import Glibc

/// A program to be run without a shell: what it is called, what it is given, and where.
package struct ProgramCommand: Sendable, Hashable {
    /// The program, found in PATH when it has no slash, and its arguments.
    package let arguments: [String]
    /// The working directory, absolute; `nil` for that of this process.
    package let directory: String?
    /// Variables that are added to those that are inherited, in their order; the last of a name counts.
    package let environment: [EnvironmentVariable]

    package init(_ arguments: [String], in directory: String? = nil, environment: [EnvironmentVariable] = []) {
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
    }

    /// What the program is called in messages. Its arguments may say what is nobody's business.
    package var name: String { arguments.first ?? "" }

    /// The PATH that it is given; `nil` for that of this process.
    package var searchPath: String? {
        guard let value = environment.last(where: { $0.name == "PATH" })?.value else { return nil }
        if case .text(let text) = value { return text }
        return nil
    }
}

/// A variable of a program's environment. Secrets are references, read when the program is started.
package struct EnvironmentVariable: Sendable, Hashable {
    /// Where a value comes from.
    package enum Value: Sendable, Hashable {
        case text(String)
        /// A variable of this process.
        case fromEnv(String)
        /// The content of a file, without a line feed at its end.
        case fromFile(String)
    }

    package let name: String
    package let value: Value

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// The longest value that a file may give, in bytes: what Linux allows for one variable.
    private static let limit = 131_072

    /// The value, read now. Blocks. Errors name the reference and never the value.
    package func resolved() throws(ProcessFault) -> String {
        switch value {
        case .text(let text): return try checked(text, "it")
        case .fromEnv(let variable):
            guard let found = getenv(variable) else {
                throw .environment(name, reason: "the environment has no variable '\(variable)'")
            }
            return String(cString: found)
        case .fromFile(let path):
            return try checked(try content(of: path), "the file '\(path)'")
        }
    }

    /// Whether its value is a secret, which no message may show.
    package var isSecret: Bool {
        if case .text = value { return false }
        return true
    }

    private func checked(_ text: String, _ what: String) throws(ProcessFault) -> String {
        if text.utf8.contains(0) { throw .environment(name, reason: "\(what) has a NUL byte in it") }
        return text
    }

    private func content(of path: String) throws(ProcessFault) -> String {
        // Something that is no file must not hold the run up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .environment(name, reason: "the file '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            var code: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                let read = read(descriptor, buffer.baseAddress, buffer.count)
                code = read < 0 ? errno : 0
                count = max(0, read)
            }
            if code == EINTR { continue }
            if code != 0 {
                throw .environment(
                    name, reason: "the file '\(path)' cannot be read: \(String(cString: strerror(code)))")
            }
            if chunk.isEmpty { break }
            bytes += chunk
            if bytes.count > Self.limit { throw .environment(name, reason: "the file '\(path)' is too long") }
        }
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .environment(name, reason: "the file '\(path)' is not UTF-8")
        }
        return text
    }
}
