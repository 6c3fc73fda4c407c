internal import Glibc

/// Finds programs as a shell would.
package enum ProgramSearch {
    /// Where programs are looked for when no PATH says it, as in `execvp`.
    private static let usualPlaces = "/usr/local/bin:/usr/bin:/bin"

    /// The file of a program: the name itself when it has a slash, below `directory` unless it is absolute; else the
    /// first in PATH that can be run. Makes a few quick system calls.
    package static func find(
        _ program: String, in path: String? = nil, from directory: String? = nil
    ) throws(ProcessFault) -> String {
        if program.isEmpty { throw .notFound(program, searched: nil) }
        if program.contains("/") {
            let file = program.hasPrefix("/") ? program : directory.map { "\($0)/\(program)" } ?? program
            if let reason = obstacle(file) {
                throw reason == ENOENT
                    ? .notFound(program, searched: nil)
                    : .notExecutable(program, reason: String(cString: strerror(reason)))
            }
            return file
        }
        let places = path ?? getenv("PATH").map { String(cString: $0) } ?? usualPlaces
        var refused: Int32?
        for place in places.split(separator: ":", omittingEmptySubsequences: false) {
            // What is in the working directory is run by its name with a slash only.
            guard place.hasPrefix("/") else { continue }
            let file = "\(place)/\(program)"
            guard let reason = obstacle(file) else { return file }
            if reason != ENOENT && reason != ENOTDIR { refused = refused ?? reason }
        }
        if let refused { throw .notExecutable(program, reason: String(cString: strerror(refused))) }
        throw .notFound(program, searched: places)
    }

    /// Why a file cannot be run, `nil` when it can.
    private static func obstacle(_ file: String) -> Int32? {
        if access(file, X_OK) != 0 { return errno }
        var status = stat()
        guard stat(file, &status) == 0 else { return errno }
        return status.st_mode & S_IFMT == S_IFREG ? nil : EACCES
    }
}
