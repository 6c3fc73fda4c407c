internal import CanonicalForm
internal import Glibc
internal import PluginKit

/// What is noted before a service is brought to a standstill: enough to start it again, knowing nothing else.
struct ServiceNote: Sendable {
    private static let version: Int64 = 1
    /// The properties that starting needs. References to secrets stay references.
    private static let kept = ["environment", "health", "quiesce", "resume", "workingDirectory"]

    let commands: ServiceCommands
    /// The name of the host on which the service was.
    let host: String

    /// A note about a service of this host.
    init(_ commands: ServiceCommands) {
        self.commands = commands
        host = Self.thisHost
    }

    /// Reads a note, which another version or host may have written.
    init(_ object: JSONObject) throws(PluginError) {
        guard object["version"]?.integerValue == Self.version, let properties = object["properties"]?.objectValue,
            let seconds = object["healthSeconds"]?.integerValue, let host = object["host"]?.stringValue
        else {
            throw PluginError(
                "the note of how to resume the service cannot be read",
                advice: "see whether the service runs, and resume it by hand")
        }
        commands = try ServiceCommands(properties, healthSeconds: seconds)
        self.host = host
    }

    var object: JSONObject {
        var properties = JSONObject()
        for key in Self.kept { properties[key] = commands.properties[key] }
        return [
            "version": .integer(Self.version), "host": .string(host), "properties": .object(properties),
            "healthSeconds": .integer(commands.healthSeconds),
        ]
    }
}

extension ServiceNote {
    /// The name of this host.
    static var thisHost: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
