internal import CLinux
internal import Glibc

/// Runs a program without a shell, and collects what it prints.
package enum ChildProcess {
    /// How a program ended, and what it printed.
    package struct Ending: Sendable {
        /// The exit code, or 128 and the number of the signal that ended it.
        package let status: Int32
        package let output: [UInt8]
        package let errors: [UInt8]

        /// What was printed as errors, as text without the line feed at its end.
        package var errorText: String {
            var text = errors[...]
            while text.last == 0x0A { text.removeLast() }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Why a program could not be run to its end.
    package enum Fault: Error, Sendable {
        case notFound
        case system(String)
        case tooMuchOutput
    }

    /// Runs `arguments[0]`, found in PATH, with `input` on its standard input. It may print `limit` bytes. Variables of
    /// the environment are passed on but for those that are dropped, and some are added.
    package static func run(
        _ arguments: [String], input: [UInt8] = [], without dropped: Set<String> = [], adding variables: [String] = [],
        limit: Int
    ) throws(Fault) -> Ending {
        let standardInput = try file(holding: input)
        defer { Glibc.close(standardInput) }
        let output = try pipe()
        let errors: (read: Int32, write: Int32)
        do { errors = try pipe() } catch {
            close(output)
            throw error
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO)
        var child: pid_t = 0
        let environment = inherited(without: dropped) + variables
        let code = withPointers(arguments) { argv in
            withPointers(environment) { envp in posix_spawnp(&child, arguments[0], &actions, nil, argv, envp) }
        }
        posix_spawn_file_actions_destroy(&actions)
        Glibc.close(output.write)
        Glibc.close(errors.write)
        guard code == 0 else {
            Glibc.close(output.read)
            Glibc.close(errors.read)
            throw code == ENOENT ? .notFound : .system(String(cString: strerror(code)))
        }
        let printed = drain(output.read, errors.read, limit: limit)
        Glibc.close(output.read)
        Glibc.close(errors.read)
        if printed == nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        guard let printed else { throw .tooMuchOutput }
        let signal = status & 0x7F
        return Ending(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: printed.output, errors: printed.errors)
    }

    /// A file without a name that holds `bytes`, to be read from its start: a program that does not read all of them
    /// cannot hold this one up.
    private static func file(holding bytes: [UInt8]) throws(Fault) -> Int32 {
        let descriptor = clinux_memory_file("standard-input")
        guard descriptor >= 0 else { throw .system(String(cString: strerror(errno))) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                Glibc.close(descriptor)
                throw .system(reason)
            }
            written += count
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    private static func pipe() throws(Fault) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .system(String(cString: strerror(errno))) }
        return (ends[0], ends[1])
    }

    private static func close(_ pipe: (read: Int32, write: Int32)) {
        Glibc.close(pipe.read)
        Glibc.close(pipe.write)
    }

    /// Reads both streams to their ends at once, so that neither holds the program up; `nil` when it is too much.
    private static func drain(
        _ output: Int32, _ errors: Int32, limit: Int
    ) -> (output: [UInt8], errors: [UInt8])? {
        var texts: [[UInt8]] = [[], []]
        var polled = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var open = 2
        while open > 0 {
            if poll(&polled, nfds_t(polled.count), -1) < 0 {
                if errno == EINTR { continue }
                return nil
            }
            for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
                let chunk = 65536
                var count = 0
                texts[index].append(
                    contentsOf: [UInt8](unsafeUninitializedCapacity: chunk) { buffer, used in
                        count = read(polled[index].fd, buffer.baseAddress, chunk)
                        used = max(0, count)
                    })
                if texts[index].count > limit { return nil }
                if count < 0 && errno == EINTR { continue }
                if count <= 0 {
                    // A negative number is passed over by poll.
                    polled[index].fd = -1
                    open -= 1
                }
            }
        }
        return (texts[0], texts[1])
    }

    private static func inherited(without dropped: Set<String>) -> [String] {
        var variables: [String] = []
        var next = clinux_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if !dropped.contains(String(text.prefix { $0 != "=" })) { variables.append(text) }
            next = next?.advanced(by: 1)
        }
        return variables
    }

    /// Lends texts as the array of pointers that C wants, with a null at its end.
    private static func withPointers<Result>(
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
