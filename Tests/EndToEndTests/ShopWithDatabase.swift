import CanonicalForm
import Foundation
import Glibc
import Testing

/// A shop with a real PostgreSQL of its own and a service that writes the same numbers, one after the other, to a table
/// and then to a file; gone with `close`.
final class ShopWithDatabase: Sendable {
    let place = "/tmp/cairn-shop-" + UUID().uuidString.prefix(8).lowercased()
    /// Where PostgreSQL's programs are; Debian keeps those of the server out of PATH.
    let programs: String
    private let service: Task<Void, Never>

    /// The newest PostgreSQL that is installed.
    private static func findPrograms() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .filter { FileManager.default.isExecutableFile(atPath: "\(root)/\($0)/bin/initdb") }
            .sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        return "\(root)/\(try #require(versions.last, "install the Debian package postgresql"))/bin"
    }

    init() async throws {
        programs = try Self.findPrograms()
        let environment = ["PATH": "\(programs):/usr/local/bin:/usr/bin:/bin"]
        let place = place
        try FileManager.default.createDirectory(atPath: place + "/providers", withIntermediateDirectories: true)
        for (name, text) in [("start", Self.startScript), ("writer", Self.writerScript)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
        }
        let started = try await Programs.run(
            "/bin/bash", ["start"], in: place, environment: environment.mapValues { $0 })
        try #require(started.code == 0, "\(started)")
        service = Task {
            _ = try? await Programs.run(
                "/bin/bash", ["writer"], in: place, environment: environment.mapValues { $0 }, timeout: .seconds(280))
        }
        try await Programs.wait { FileManager.default.fileExists(atPath: place + "/files/numbers") }
        try write("providers/local.yaml", provider)
        try #require(try await cairn("bank", "init").code == 0)
    }

    /// PostgreSQL refuses to run as root.
    private static let startScript = """
        set -e
        mkdir data socket files
        as=()
        if [ "$(id -u)" = 0 ]; then
            user=postgres; id "$user" > /dev/null 2>&1 || user=nobody
            chown "$user" data socket; chmod 755 .
            as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups)
        fi
        "${as[@]}" initdb -D data -U postgres -A trust --no-sync > initdb.log 2>&1
        "${as[@]}" pg_ctl -D data -w -l data/log -o "-F -k $PWD/socket -c listen_addresses=''" start > pg_ctl.log 2>&1
        createdb -U postgres -h "$PWD/socket" shop
        createdb -U postgres -h "$PWD/socket" restored
        psql -q -U postgres -h "$PWD/socket" -d shop -c 'create table numbers (n integer primary key)'
        """

    /// Writes a number to the table, and when that is done to the file. Between two numbers it may be held.
    private static let writerScript = """
        coproc psql { exec psql -qAt -U postgres -h "$PWD/socket" -d shop; }
        n=0
        while [ ! -e end ]; do
            if [ -e hold ]; then
                touch held
                while [ -e hold ] && [ ! -e end ]; do sleep 0.01; done
                rm -f held
            fi
            n=$((n + 1))
            echo "insert into numbers values ($n) returning n;" >&"${psql[1]}"
            read -r -u "${psql[0]}" written || exit 1
            echo "$written" >> files/numbers
            sleep 0.001
        done
        """

    private var provider: String {
        """
        apiVersion: cairn/v1
        kind: Provider
        name: local
        bank: {plugin: directory, config: {path: \(place)/bank}}
        plugins: [{name: files}, {name: command}, {name: service}]
        """
    }

    /// A plan of the service with database and directory below it. As long as there is a file `slow`, the dump begins so
    /// many seconds late as it says, and ends late, too; it leaves the number of its process there.
    func plan(_ name: String, consistency: String, extra: String = "") -> String {
        """
        apiVersion: cairn/v1
        kind: Plan
        name: \(name)
        provider: local
        parameters:
          Host::Command::Artifact: {consistency: \(consistency)}
          Host::FileSystem::Directory: {consistency: \(consistency)}
        resources:
          - id: writer
            type: Host::Process::Service
            properties:
              quiesce: [timeout, "30", sh, -c, "touch hold; until [ -e held ]; do sleep 0.01; done"]
              resume: [timeout, "30", sh, -c, "rm -f hold; while [ -e held ]; do sleep 0.01; done"]
              health: [test, "!", -e, held]
              workingDirectory: \(place)
            resources:
              - id: database
                type: Host::Command::Artifact
                properties:
                  dump:
                    - [sh, -c, "test ! -e slow || { s=$(cat slow); echo $$ > slow; sleep $s; }; exec pg_dump -Fc shop"]
                    - [sh, -c, "cat; test ! -e slow || sleep 1"]
                  restore: [pg_restore, --clean, --if-exists, --single-transaction, --dbname, shop]
                  restoreTo: [pg_restore, --clean, --if-exists, --single-transaction, --dbname, restored]
                  verify: [pg_restore, --list]
                  workingDirectory: \(place)
                  environment: {PGUSER: postgres, PGHOST: \(place)/socket}
              - id: files
                type: Host::FileSystem::Directory
                properties: {path: \(place)/files}
        \(extra)
        """
    }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(place)/\(path)"))
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(place)/\(name)") }

    func read(_ name: String) -> String { (try? String(contentsOfFile: "\(place)/\(name)", encoding: .utf8)) ?? "" }

    private var environment: [String: String?] {
        let inherited = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["PATH": "\(programs):\(inherited)", "PGUSER": "postgres", "PGHOST": place + "/socket"]
    }

    func cairn(
        _ arguments: String..., meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await Programs.run("cairn", arguments, in: place, environment: environment, meanwhile: meanwhile)
    }

    func compile(_ name: String, consistency: String, extra: String = "") async throws {
        try write("\(name).yaml", plan(name, consistency: consistency, extra: extra))
        let ending = try await Programs.run("cairnc", ["compile", "\(name).yaml", "-o", "\(name).ir"], in: place)
        try #require(ending.code == 0, "\(ending)")
    }

    /// Compiles the example of the project's plans for this shop; each of `changes` is made in it, too.
    func compileExample(_ changes: [(String, String)] = []) async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var text = try String(contentsOf: root.appendingPathComponent("plans/services.yaml"), encoding: .utf8)
        try write("password", "none")
        let own = [
            ("provider: services", "provider: local"),
            (
                "[systemctl, stop, shop]",
                #"[timeout, "30", sh, -c, "cd \#(place); touch hold; until [ -e held ]; do sleep 0.01; done"]"#
            ),
            (
                "[systemctl, start, shop]",
                #"[timeout, "30", sh, -c, "cd \#(place); rm -f hold; while [ -e held ]; do sleep 0.01; done"]"#
            ),
            (
                #"[curl, --fail, --silent, --output, /dev/null, "http://localhost:8080/health"]"#,
                #"[test, "!", -e, \#(place)/held]"#
            ),
            ("PGHOST: /run/postgresql", "PGHOST: \(place)/socket"), ("PGUSER: shop", "PGUSER: postgres"),
            ("/etc/cairn/shopdb.password", "\(place)/password"), ("path: /srv/shop/uploads", "path: \(place)/files"),
        ]
        for (found, replacement) in own + changes {
            try #require(text.contains(found), "\(found)")
            text = text.replacing(found, with: replacement)
        }
        try write("example.yaml", text)
        let ending = try await Programs.run("cairnc", ["compile", "example.yaml", "-o", "example.ir"], in: place)
        try #require(ending.code == 0, "\(ending)")
    }

    /// What the database has, as `count|last`.
    func numbersInDatabase(_ database: String) async throws -> String {
        try await query("select count(*), max(n) from numbers", in: database)
    }

    /// What a database answers.
    func query(_ query: String, in database: String) async throws -> String {
        let ending = try await Programs.run(
            "\(programs)/psql", ["-qAt", "-d", database, "-c", query], in: place, environment: environment)
        try #require(ending.code == 0, "\(ending)")
        return ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What a checkpoint has of the database and of the directory, each as `count|last`.
    func contents(of checkpoint: String) async throws -> (database: String, files: String) {
        try? FileManager.default.removeItem(atPath: place + "/elsewhere")
        let ending = try await cairn("restore", checkpoint, "--to", "elsewhere")
        try #require(ending.code == 0, "\(ending)")
        let lines = read("elsewhere\(place)/files/numbers").split(separator: "\n")
        return (try await numbersInDatabase("restored"), "\(lines.count)|\(lines.last ?? "")")
    }

    /// Waits until the service has written something that was not there before.
    func waitUntilItWrites() async throws {
        let before = read("files/numbers").utf8.count
        try await Programs.wait { self.read("files/numbers").utf8.count > before }
    }

    /// Ends service and server, and removes everything.
    func close() async {
        try? write("end", "")
        await service.value
        _ = try? await Programs.run(
            "/bin/sh",
            [
                "-c",
                "kill -QUIT $(head -n 1 data/postmaster.pid); while [ -e data/postmaster.pid ]; do sleep 0.05; done",
            ],
            in: place, timeout: .seconds(200))
        try? FileManager.default.removeItem(atPath: place)
    }
}
