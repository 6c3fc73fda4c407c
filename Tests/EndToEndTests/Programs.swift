import CanonicalForm
import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// How a program ended, and what it printed.
struct Ending: Sendable, CustomStringConvertible {
    /// The exit code, or minus the signal that ended it.
    let code: Int32
    let output: String
    let errors: String

    var description: String { "exit \(code)\n--- stdout\n\(output)\n--- stderr\n\(errors)" }

    /// The JSON on standard output.
    func json() throws -> JSONValue { try JSONValue(parsing: Array(output.utf8)) }

    /// The bank objects that standard error or a JSON result calls damaged or missing.
    var namedObjects: Set<String> {
        Set((output + errors).matches(of: /bank object '([^']+)'/).map { String($0.output.1) })
    }
}

/// A program did not end in time.
struct TookTooLong: Error {}

/// The two programs as they were built beside the test bundle.
enum Programs {
    static let directory: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }()

    /// Runs a program in a process group of its own. `meanwhile` may send it signals.
    static func run(
        _ program: String, _ arguments: [String], in place: String, environment: [String: String?] = [:],
        timeout: Duration = .seconds(500), meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ending {
        let path = program.hasPrefix("/") ? program : directory + "/" + program
        var variables: [Subprocess.Environment.Key: String?] = [:]
        for (name, value) in environment { variables[.init(stringLiteral: name)] = .some(value) }
        let inherited = Subprocess.Environment.inherit.updating(variables)
        var options = PlatformOptions()
        options.processGroupID = 0
        let settings = options
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    .path(FilePath(path)), arguments: Arguments(arguments), environment: inherited,
                    workingDirectory: FilePath(place), platformOptions: settings, input: .none,
                    output: .string(limit: 1 << 26), error: .string(limit: 1 << 26)
                ) { execution in
                    try await meanwhile(execution.processIdentifier.value)
                }
                let code: Int32 =
                    switch result.terminationStatus {
                    case .exited(let code): code
                    case .signaled(let signal): -signal
                    }
                return Ending(code: code, output: result.standardOutput, errors: result.standardError)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw TookTooLong()
            }
            guard let ending = try await group.next() else { throw TookTooLong() }
            group.cancelAll()
            return ending
        }
    }

    /// Waits until `condition` holds; for what another process does.
    static func wait(_ limit: Duration = .seconds(300), until condition: () throws -> Bool) async throws {
        let end = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < end else { throw TookTooLong() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// A directory with a source tree, a provider, a plan and a place for a bank; gone with the value.
final class Site: Sendable {
    let place: String
    var source: String { place + "/source" }
    var bank: String { place + "/bank" }
    var restored: String { place + "/restored" }
    let plan: String
    /// What the programs find in their environment, besides what they inherit.
    let environment: [String: String?]

    init(
        plan: String = "shop", parameters: String = "{}", initialize: Bool = true, environment: [String: String?] = [:]
    ) async throws {
        self.plan = plan
        self.environment = environment
        place = NSTemporaryDirectory() + "cairn-end-to-end-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: place + "/providers", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        try write(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            description: A directory for a test
            bank: {plugin: directory, config: {path: \(bank)}}
            plugins:
              - {name: files}
              - {name: noop}
            """)
        try write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: \(plan)
            description: A plan for a test
            provider: local
            parameters:
              Host::FileSystem::Directory: \(parameters)
            resources:
              - id: data
                type: Host::FileSystem::Directory
                name: The data
                properties: {path: \(source)}
            """)
        if initialize {
            let made = try await cairn("bank", "init")
            try #require(made.code == 0, "\(made)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: place) }

    func write(_ path: String, _ text: String) throws {
        let whole = place + "/" + path
        try FileManager.default.createDirectory(
            atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: whole))
    }

    func cairn(_ arguments: String..., environment: [String: String?] = [:]) async throws -> Ending {
        try await Programs.run(
            "cairn", arguments, in: place, environment: self.environment.merging(environment) { $1 })
    }

    func cairnc(_ arguments: String...) async throws -> Ending {
        try await Programs.run("cairnc", arguments, in: place)
    }

    func shell(_ script: String) async throws -> Ending {
        try await Programs.run("/bin/sh", ["-c", script], in: place, environment: ["CAIRN": Programs.directory])
    }

    /// Compiles the plan to `plan.ir`.
    func compile() async throws {
        let ending = try await cairnc("compile", "plan.yaml", "-o", "plan.ir")
        try #require(ending.code == 0, "\(ending)")
    }

    /// Protects, and returns the checkpoint's id.
    func protect() async throws -> String {
        let ending = try await cairn("protect", "plan.ir")
        try #require(ending.code == 0, "\(ending)")
        return ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The keys of all objects in the bank but leases: those of killed processes stay until they are collected.
    func objects(below prefix: String = "") throws -> [String] {
        guard let found = FileManager.default.enumerator(atPath: bank) else { return [] }
        var keys: [String] = []
        for case let path as String in found {
            var isDirectory: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: bank + "/" + path, isDirectory: &isDirectory)
            let isHidden = path.hasPrefix(".") || path.hasPrefix("leases/")
            if isThere && !isDirectory.boolValue && !isHidden && path.hasPrefix(prefix) { keys.append(path) }
        }
        return keys.sorted()
    }

    /// Everything that a tree is, one line for each entry: type, mode, owner, size, time, link, hard links, extended
    /// attributes and content.
    func picture(of tree: String) async throws -> String {
        let ending = try await shell(
            """
            cd '\(tree)' && find . -printf '%p|%y|%m|%U:%G|%T@|%l|%n|' -type f -printf '%s' -o -printf '\\n' \
              | sort; find . -type f -exec sha256sum {} + | sort -k2; \
            getfattr -hRd -m - . 2>/dev/null; find . -type f -links +1 -printf '%i %p\\n' | sort -k2 \
              | awk '{ if (!($1 in n)) n[$1] = ++k; print n[$1], $2 }'
            """)
        try #require(ending.code == 0, "\(ending)")
        return ending.output
    }

    /// A tree with one of everything.
    func fillSource() async throws {
        let ending = try await shell(
            """
            set -e
            cd source; mkdir -p a/b/c empty 'name with spaces'
            printf 'hello\\n' > a/hello; chmod 0640 a/hello
            printf 'twice\\n' > a/one; ln a/one a/b/two
            ln -s ../hello a/b/link; ln -s /nowhere/at/all dangling
            : > a/b/c/nothing
            head -c 3000000 /dev/urandom > 'name with spaces/large'
            truncate -s 5M sparse; printf end >> sparse
            setfattr -n user.colour -v blue a/hello
            chmod 0711 empty; chmod u+s,o-r a/one
            touch -d '2001-02-03 04:05:06.123456789' a/hello
            touch -h -d '2011-01-01 00:00:00.000000001' a/b/link
            touch -d '1999-12-31 23:59:59.999999999' empty a
            """)
        try #require(ending.code == 0, "\(ending)")
    }
}
