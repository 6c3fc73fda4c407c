package import CanonicalForm
internal import Diagnostics
package import PluginKit
package import ProcessSupervision

/// What resources say of the programs that are run for them, as their JSON Schemas have it: the plugins that run programs
/// read it alike.
package struct ProgramProperties: Sendable {
    private let properties: JSONObject

    /// The properties of a resource.
    package init(_ properties: JSONObject) { self.properties = properties }

    /// The program of a property that is a list of texts; `nil` when it is absent.
    package func program(
        _ key: String, adding variables: [EnvironmentVariable] = []
    ) throws(PluginError) -> ProgramCommand? {
        guard let value = properties[key], value != .null else { return nil }
        return ProgramCommand(
            try Self.arguments(value, key), in: try directory(), environment: try environment() + variables)
    }

    /// The pipeline of a property that is a list of texts, or a list of such lists; `nil` when it is absent.
    package func pipeline(
        _ key: String, adding variables: [EnvironmentVariable] = []
    ) throws(PluginError) -> ProgramPipeline? {
        guard let value = properties[key], value != .null else { return nil }
        guard let elements = value.arrayValue, let first = elements.first else { throw Self.noProgram(key) }
        let directory = try directory()
        let environment = try environment() + variables
        let programs = first.arrayValue == nil ? [value] : elements
        var commands: [ProgramCommand] = []
        for program in programs {
            commands.append(
                ProgramCommand(try Self.arguments(program, key), in: directory, environment: environment))
        }
        return ProgramPipeline(commands)
    }

    /// The directory in which the programs run.
    package func directory() throws(PluginError) -> String? {
        guard let value = properties["workingDirectory"], value != .null else { return nil }
        guard let path = value.stringValue, path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw PluginError("the property 'workingDirectory' should be an absolute path")
        }
        return path
    }

    /// The variables that the programs get.
    package func environment() throws(PluginError) -> [EnvironmentVariable] {
        guard let value = properties["environment"], value != .null else { return [] }
        guard let members = value.objectValue?.members else {
            throw PluginError("the property 'environment' should be a mapping")
        }
        var variables: [EnvironmentVariable] = []
        for member in members {
            guard !member.key.isEmpty, !member.key.contains("="), !member.key.utf8.contains(0) else {
                throw PluginError("'\(DisplayWidth.harmless(member.key))' is no name of a variable")
            }
            variables.append(EnvironmentVariable(member.key, try Self.value(member.value, member.key)))
        }
        return variables
    }

    /// The exit codes with which a program says that it is worth another try.
    package func transientExitCodes() throws(PluginError) -> Set<Int32> {
        guard let value = properties["transientExitCodes"], value != .null else { return [Self.temporaryFailure] }
        var codes: Set<Int32> = []
        for element in value.arrayValue ?? [] {
            guard let code = element.integerValue, (1...255).contains(code) else {
                throw PluginError("the property 'transientExitCodes' should be a list of numbers from 1 to 255")
            }
            codes.insert(Int32(code))
        }
        return codes
    }

    /// EX_TEMPFAIL of sysexits.h.
    private static let temporaryFailure: Int32 = 75

    private static func arguments(_ value: JSONValue, _ key: String) throws(PluginError) -> [String] {
        let arguments = (value.arrayValue ?? []).compactMap(\.stringValue)
        guard let program = arguments.first, !program.isEmpty, arguments.count == value.arrayValue?.count else {
            throw noProgram(key)
        }
        return arguments
    }

    private static func noProgram(_ key: String) -> PluginError {
        PluginError("the property '\(key)' should be a program and its arguments, as a list of texts")
    }

    private static func value(_ value: JSONValue, _ name: String) throws(PluginError) -> EnvironmentVariable.Value {
        if let text = value.stringValue { return .text(text) }
        if let object = value.objectValue, object.members.count == 1 {
            if let variable = object["fromEnv"]?.stringValue { return .fromEnv(variable) }
            if let path = object["fromFile"]?.stringValue { return .fromFile(path) }
        }
        throw PluginError(
            "the variable '\(DisplayWidth.harmless(name))' should be a text, {fromEnv: NAME} or {fromFile: PATH}")
    }
}

extension ProcessFault {
    /// The fault as hooks report it, a `PluginError` or, when it was cancelled, `ActivityStopped`: `doing` says what failed,
    /// and some exit codes that it is worth another try.
    package func asHookError(_ doing: String, transient codes: Set<Int32> = []) -> any Error {
        let advice: String?
        var isTransient = false
        switch self {
        case .stopped: return ActivityStopped("\(self)")
        case .notFound: advice = "install the program, or write its whole path"
        case .heldOpen:
            advice =
                "let the program wait for what it starts, or send the output of that elsewhere, such as to /dev/null"
        case .survived: advice = "see whether it still does something, and end it by hand"
        case .hangs: advice = "see whether the file systems answer on which the program and its working directory lie"
        case .system:
            advice = nil
            isTransient = true
        case .failed(let failure):
            advice = nil
            if case .exited(let code) = failure.status { isTransient = codes.contains(code) }
        case .notExecutable, .directory, .environment: advice = nil
        }
        return PluginError("\(doing): \(self)", advice: advice, isTransient: isTransient)
    }
}
