import Foundation

/// The reference implementations of schedules and time zones, in Python.
enum Python {
    static let hasCroniter = (try? run("import croniter, zoneinfo", "")) != nil
    static let hasZones = (try? run("import zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')", "")) != nil

    struct Failure: Error {
        let output: String
    }

    /// Runs a program with `input` as a file named by its first argument; gives what it prints.
    static func run(_ program: String, _ input: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "cairn-schedules-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, file.path()]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failure(output: text) }
        return text
    }
}
