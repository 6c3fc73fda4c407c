package import Foundation

/// Python with the packages of `requirements-test.txt`, by which output is judged independently.
package enum Python {
    /// A program failed.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Whether Python has these modules.
    package static func has(_ modules: String...) -> Bool {
        (try? run("import " + modules.joined(separator: ", "), Data())) != nil
    }

    /// Runs `program` with `input` on its standard input, and returns what it prints.
    package static func run(_ program: String, _ input: Data) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "cairn-python-\(UUID().uuidString)")
        try input.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        let errors = file.appendingPathExtension("err")
        try Data().write(to: errors)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: text + String(decoding: try Data(contentsOf: errors), as: UTF8.self))
        }
        return text
    }
}
