import CanonicalForm
import Foundation
import Testing

/// `cairnc check` in its formats, as the built program prints them.
@Suite(.timeLimit(.minutes(10))) struct ReportTests {
    static let formats = ["text", "json", "ndjson", "sarif", "github", "junit"]
    static let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/reports").path
    static let files = ["good.yaml", "shop.yaml", "100%, naïve: [a].yaml", "missing.yaml"]

    /// Nothing of the place in which the tests run may choose a format or a colour.
    static let bare: [String: String?] = [
        "GITHUB_ACTIONS": nil, "GITHUB_WORKSPACE": nil, "NO_COLOR": nil, "FORCE_COLOR": nil, "CLICOLOR_FORCE": nil,
    ]

    private func check(
        _ arguments: [String], in place: String = samples, _ environment: [String: String?] = [:]
    ) async throws -> Ending {
        try await Programs.run(
            "cairnc", ["check"] + arguments, in: place, environment: Self.bare.merging(environment) { $1 })
    }

    @Test("Fifty runs print the same bytes, those of the fixture", arguments: formats)
    func fiftyRuns(_ format: String) async throws {
        let expected = try String(contentsOfFile: "\(Self.samples)/expected.\(format)", encoding: .utf8)
        for run in 1...50 {
            let ending = try await check(["--format", format, "--no-config"] + Self.files)
            #expect(ending.code == 1)
            try #require(ending.output + ending.errors == expected, "run \(run)")
            #expect(format == "text" ? ending.output.isEmpty : ending.errors.isEmpty)
        }
    }

    @Test("Exit codes: clean, findings, warnings only if strict, wrong usage", arguments: formats)
    func exitCodes(_ format: String) async throws {
        let site = try await Site(initialize: false)
        try site.write(
            "mild.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: mild
            provider: local
            parameters: {"Host::FileSystem::Directory#gone": {level: 9}}
            resources:
              - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
            """)
        #expect(try await check(["--format", format, "plan.yaml"], in: site.place).code == 0)
        #expect(try await check(["--format", format, "mild.yaml"], in: site.place).code == 0)
        #expect(try await check(["--format", format, "--strict", "mild.yaml"], in: site.place).code == 1)
        #expect(try await check(["--format", format, "missing.yaml"], in: site.place).code == 1)
        #expect(try await check(["--format", format, "--no-such-flag"], in: site.place).code == 2)
    }

    @Test("A wrong command line is told in the format that it asks for")
    func wrongUsage() async throws {
        let text = try await check(["--no-such-flag", "plan.yaml"])
        #expect(text.code == 2 && text.output.isEmpty && text.errors.contains("--no-such-flag"), "\(text)")
        for arguments in [["--format", "json", "--no-such-flag", "x"], ["--no-such-flag", "x", "--format=json"]] {
            let json = try await check(arguments)
            let faults = try #require(try json.json().objectValue?["diagnostics"]?.arrayValue)
            #expect(json.code == 2 && faults.count == 1 && json.errors == text.errors, "\(json)")
            #expect(faults.first?.objectValue?["code"] == "usage")
            #expect(faults.first?.objectValue?["message"]?.stringValue?.contains("--no-such-flag") == true)
        }
        let sarif = try await check(["--format", "sarif", "--no-such-flag"])
        let run = try sarif.json().objectValue?["runs"]?.arrayValue?.first?.objectValue
        #expect(run?["invocations"]?.arrayValue?.first?.objectValue?["exitCode"] == 2)
        let junit = try await check(["--format", "junit", "--no-such-flag"])
        #expect(junit.code == 2 && junit.output.contains("<error type=\"usage\""), "\(junit)")
        let github = try await check(["--no-such-flag"], ["GITHUB_ACTIONS": "true"])
        #expect(github.code == 2 && github.output.hasPrefix("::error title="), "\(github)")
        let unknown = try await check(["--format", "yaml", "plan.yaml"])
        #expect(unknown.code == 2 && unknown.output.isEmpty && unknown.errors.contains("sarif"), "\(unknown)")
        let graph = try await Programs.run("cairnc", ["graph", "--format", "json"], in: Self.samples)
        #expect(graph.code == 2)
        #expect(try graph.json().objectValue?["summary"]?.objectValue?["errors"] == 1)
        let harmless = try await check(["--\u{1B}[31m"])
        #expect(harmless.code == 2 && !harmless.errors.contains("\u{1B}"), "\(harmless)")
    }

    @Test("A GitHub workflow gets annotations and text without asking, and named from the top of the checkout")
    func workflow() async throws {
        let expected = try String(contentsOfFile: "\(Self.samples)/expected.github", encoding: .utf8)
        let environment = ["GITHUB_ACTIONS": "true"]
        #expect(try await check(Self.files, environment).output == expected)
        let text = try await check(["--format", "text"] + Self.files, environment)
        #expect(text.output.isEmpty && !text.errors.contains("::error"), "\(text)")
        let top = (Self.samples as NSString).deletingLastPathComponent
        let below = try await check(
            ["shop.yaml"], ["GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": top])
        #expect(below.output.hasPrefix("::error file=reports/shop.yaml,line=4,"), "\(below)")
        #expect(below.output.contains("\nshop.yaml:4:11: error[E0201]"), "\(below)")
        let good = try await check(["good.yaml"], environment)
        #expect(good.code == 0 && good.output.isEmpty && good.errors.contains("1 plan"), "\(good)")
    }

    @Test("Colour is for terminals, unless the user says otherwise")
    func colour() async throws {
        func isColored(_ arguments: [String] = [], _ environment: [String: String?] = [:]) async throws -> Bool {
            try await check(["shop.yaml"] + arguments, environment).errors.contains("\u{1B}[")
        }
        #expect(try await !isColored())
        #expect(try await isColored(["--color", "always"]))
        #expect(try await isColored(["--color", "always"], ["NO_COLOR": "1"]))
        #expect(try await isColored([], ["FORCE_COLOR": "1"]))
        #expect(try await isColored([], ["CLICOLOR_FORCE": "1"]))
        #expect(try await !isColored([], ["FORCE_COLOR": "0", "CLICOLOR_FORCE": ""]))
        #expect(try await !isColored([], ["FORCE_COLOR": "1", "NO_COLOR": "1"]))
        #expect(try await !isColored(["--color", "never"], ["FORCE_COLOR": "1"]))
        let site = try await Site(initialize: false)
        func onTerminal(_ settings: String) async throws -> Bool {
            let line = "cd '\(Self.samples)'; unset NO_COLOR GITHUB_ACTIONS; \(settings) script -qec"
            return try await site.shell("\(line) \"$CAIRN/cairnc check shop.yaml\" /dev/null").output.contains(
                "\u{1B}[")
        }
        #expect(try await onTerminal("TERM=xterm"))
        #expect(try await !onTerminal("TERM=dumb"))
        #expect(try await !onTerminal("TERM=xterm NO_COLOR=1"))
        for format in Self.formats.dropFirst() {
            let ending = try await check(["--format", format, "--color", "always", "shop.yaml"])
            // What GitHub shows as a log may be coloured.
            #expect(ending.output.contains("\u{1B}[") == (format == "github"), "\(format)")
        }
    }

    @Test("Whoever stops a check gets exit code 3", arguments: ["INT", "TERM", "HUP"])
    func stopped(_ signal: String) async throws {
        let site = try await Site(initialize: false)
        let ending = try await site.shell(
            """
            sleep 20 | timeout --preserve-status --foreground -s \(signal) 1 "$CAIRN/cairnc" check --format json -
            echo "code $?"; kill $(jobs -p) 2>/dev/null; exit 0
            """)
        #expect(ending.output == "code 3\n" && ending.errors == "cairnc: cancelled\n", "\(ending)")
    }

    @Test("Output that cannot be written is told, and one that nobody wants to read on is not", arguments: formats)
    func lostOutput(_ format: String) async throws {
        guard format != "text", format != "github", format != "ndjson" else { return }
        let site = try await Site(initialize: false)
        let check = "\"$CAIRN/cairnc\" check --format \(format) plan.yaml"
        let closed = try await site.shell("\(check) >&-; echo code $?")
        #expect(closed.output == "code 1\n" && closed.errors.contains("standard output"), "\(closed)")
        let full = try await site.shell("\(check) >/dev/full; echo code $?")
        #expect(full.output == "code 1\n" && full.errors.contains("standard output"), "\(full)")
        let usage = try await site.shell("\(check) --no-such-flag >/dev/full; echo code $?")
        #expect(usage.output == "code 2\n" && usage.errors.contains("standard output"), "\(usage)")
        let unread = try await site.shell("(\(check); echo code $? >&2) | true")
        #expect(unread.errors == "code 0\n", "\(unread)")
    }

    @Test("A file cannot steer the terminal", arguments: formats)
    func escapes(_ format: String) async throws {
        let site = try await Site(initialize: false)
        try site.write("\u{1B}[31mx.yaml", "apiVersion: cairn/v1\nkind: Plan\n\"n\\e[2Jm\\u009b\u{9B}\": 1\n")
        let ending = try await check(["--format", format, "\u{1B}[31mx.yaml"], in: site.place)
        #expect(ending.code == 1)
        let all = (ending.output + ending.errors).unicodeScalars
        #expect(all.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) }, "\(ending)")
    }

    @Test("What a comment allows is in the formats for programs, and does not count")
    func allowed() async throws {
        let site = try await Site(initialize: false)
        try site.write(
            "mild.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: mild
            provider: local
            parameters:
              # cairn: allow W0211 the resource comes next week
              Host::FileSystem::Directory#gone: {level: 9}
            resources:
              - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
            """)
        let json = try await check(["--strict", "--format", "json", "mild.yaml"], in: site.place)
        #expect(json.code == 0, "\(json)")
        let allowed = try json.json().objectValue?["allowed"]?.arrayValue?.first?.objectValue
        #expect(allowed?["reason"] == "the resource comes next week")
        #expect(allowed?["diagnostic"]?.objectValue?["code"] == "W0211")
        let sarif = try await check(["--strict", "--format", "sarif", "mild.yaml"], in: site.place)
        #expect(
            sarif.code == 0 && sarif.output.contains("\"justification\":\"the resource comes next week\""), "\(sarif)")
    }

    @Test("Faults of other commands are text on standard error")
    func otherCommands() async throws {
        for command in [["compile"], ["graph", "--stats"]] {
            let ending = try await Programs.run("cairnc", command + ["shop.yaml"], in: Self.samples)
            #expect(ending.code == 1 && ending.output.isEmpty, "\(ending)")
            #expect(ending.errors.contains("shop.yaml:4:11: error[E0201]"), "\(ending)")
        }
    }
}
