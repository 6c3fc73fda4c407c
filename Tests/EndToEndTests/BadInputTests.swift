import CanonicalForm
import Foundation
import Glibc
import Testing

/// Input that would crash, hang or fill the memory of a careless program: each is one clear diagnostic with its code.
///
/// Time and memory are bounded by the kernel (`ulimit`), not by a clock: a program that goes over is killed, and the
/// test fails.
@Suite(.serialized, .timeLimit(.minutes(15))) struct BadInputTests {
    /// A directory for one test, with a provider and the files that it writes.
    private final class Desk: Sendable {
        let place: String

        init() throws {
            place = NSTemporaryDirectory() + "cairn-bad-input-" + UUID().uuidString.prefix(8).lowercased()
            try FileManager.default.createDirectory(atPath: place + "/providers", withIntermediateDirectories: true)
            try write(
                "providers/all.yaml",
                Array(
                    """
                    apiVersion: cairn/v1
                    kind: Provider
                    name: all
                    bank: {plugin: directory, config: {path: /bank}}
                    plugins: [{name: files}, {name: noop}]

                    """.utf8))
        }

        deinit {
            _ = chmod(place + "/secret.yaml", 0o600)
            try? FileManager.default.removeItem(atPath: place)
        }

        func write(_ path: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: place + "/" + path))
        }

        /// Runs a shell command with `$CAIRN/cairnc`, at most so many seconds of processor time and mebibytes of
        /// address space, and without a core file.
        func run(_ script: String, seconds: Int = 20, mebibytes: Int = 1024) async throws -> Ending {
            let limits = "ulimit -c 0 -t \(seconds) -v \(mebibytes * 1024); "
            return try await Programs.run(
                "/bin/bash", ["-c", limits + script], in: place, environment: ["CAIRN": Programs.directory],
                timeout: .seconds(600))
        }

        /// Runs `cairnc check` on one file, and gives the codes that it reports.
        func check(
            _ path: String, seconds: Int = 20, mebibytes: Int = 1024
        ) async throws -> (ending: Ending, codes: [String]) {
            let ending = try await run(
                "\"$CAIRN/cairnc\" check --format json '\(path)'", seconds: seconds, mebibytes: mebibytes)
            guard let list = try? ending.json().objectValue?["diagnostics"]?.arrayValue else { return (ending, []) }
            return (ending, list.compactMap { $0.objectValue?["code"]?.stringValue })
        }
    }

    private static let head = "apiVersion: cairn/v1\nkind: Plan\nname: bad\nprovider: all\n"

    private static func repeated(_ text: String, _ count: Int) -> [UInt8] {
        Array(repeatElement(Array(text.utf8), count: count).joined())
    }

    // MARK: What is no text

    @Test(
        "Bytes that are no text",
        arguments: [
            ("NUL bytes", Array("a: \0\0\0\n".utf8), "E0003"),
            ("only NUL bytes", [UInt8](repeating: 0, count: 4096), "E0003"),
            ("UTF-16, little end first", [0xFF, 0xFE, 0x61, 0, 0x3A, 0], "E0002"),
            ("UTF-16, big end first", [0xFE, 0xFF, 0, 0x61, 0, 0x3A], "E0002"),
            ("UTF-32", [0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "E0002"),
            ("Latin 1", Array("a: caf".utf8) + [0xE9, 0x0A], "E0002"),
            ("a character cut off", Array("a: ".utf8) + [0xF0, 0x9F, 0x92], "E0002"),
            ("an overlong character", Array("a: ".utf8) + [0xC0, 0xAF], "E0002"),
            ("half a surrogate pair", Array("a: ".utf8) + [0xED, 0xA0, 0x80], "E0002"),
            ("an escape", Array("a: \u{1B}[2J\n".utf8), "E0003"),
            ("nothing", [], "E0010"), ("a line break", [0x0A], "E0010"), ("a comment", Array("# a".utf8), "E0010"),
            ("a gzip file", [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3], "E0002"),
        ])
    func noText(_ what: String, _ bytes: [UInt8], _ code: String) async throws {
        let desk = try Desk()
        try desk.write("plan.yaml", bytes)
        let (ending, codes) = try await desk.check("plan.yaml")
        #expect(ending.code == 1 && codes == [code], "\(what): \(ending)")
    }

    // MARK: What is no file

    @Test func whatIsNoFileIsRefusedAtOnce() async throws {
        let desk = try Desk()
        try FileManager.default.createDirectory(atPath: desk.place + "/directory", withIntermediateDirectories: true)
        try desk.write("good.yaml", Array((Self.head + "resources: [{id: a, type: Test::Thing}]\n").utf8))
        #expect(mkfifo(desk.place + "/fifo", 0o600) == 0)
        try FileManager.default.createSymbolicLink(atPath: desk.place + "/loop", withDestinationPath: "loop")
        for (path, reason) in [
            ("fifo", "it is not a regular file"), ("/dev/zero", "it is not a regular file"),
            ("loop", "Too many levels of symbolic links"), ("missing", "No such file or directory"),
            ("providers/all.yaml/x", "Not a directory"), (String(repeating: "x", count: 5000), "File name too long"),
        ] {
            for command in ["check", "compile", "graph", "diff good.yaml"] {
                let ending = try await desk.run("\"$CAIRN/cairnc\" \(command) '\(path)'", seconds: 5)
                #expect(ending.code == (command.hasPrefix("diff") ? 2 : 1), "\(command) \(path): \(ending)")
                #expect(ending.errors.contains("error[E0001]: cannot read '"), "\(command) \(path): \(ending)")
                #expect(ending.errors.contains(reason), "\(command) \(path): \(ending)")
            }
        }
        let directory = try await desk.run("\"$CAIRN/cairnc\" compile directory")
        #expect(directory.code == 1 && directory.errors.contains("error[E0001]"), "\(directory)")
    }

    /// Whoever may read everything reads it all the same; the test then drops that right.
    @Test func aFileWithoutPermissionIsToldAsSuch() async throws {
        let desk = try Desk()
        try desk.write("secret.yaml", Array(Self.head.utf8))
        #expect(chmod(desk.place + "/secret.yaml", 0) == 0 && chmod(desk.place, 0o755) == 0)
        let start = getuid() == 0 ? "setpriv --reuid=65534 --clear-groups --inh-caps=-all " : ""
        let ending = try await desk.run(start + "\"$CAIRN/cairnc\" check secret.yaml")
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains("error[E0001]: cannot read 'secret.yaml': Permission denied"), "\(ending)")
    }

    /// A directory that is passed over would be a smaller check that looks like a good one.
    @Test func aDirectoryWithoutPermissionIsToldAsSuch() async throws {
        let desk = try Desk()
        #expect(mkdir(desk.place + "/closed", 0) == 0 && chmod(desk.place, 0o755) == 0)
        let start = getuid() == 0 ? "setpriv --reuid=65534 --clear-groups --inh-caps=-all " : ""
        let ending = try await desk.run(start + "\"$CAIRN/cairnc\" check .")
        #expect(chmod(desk.place + "/closed", 0o755) == 0)
        #expect(ending.code == 1, "\(ending)")
        let told = "error[E0001]: cannot read the directory 'closed': Permission denied"
        #expect(ending.errors.contains(told), "\(ending)")
    }

    @Test func standardInputThatIsADirectoryOrClosedIsToldAsSuch() async throws {
        let desk = try Desk()
        for input in ["< providers", "<&-"] {
            let ending = try await desk.run("\"$CAIRN/cairnc\" check - \(input)")
            #expect(ending.code == 1 && ending.errors.contains("error[E00"), "\(input): \(ending)")
        }
    }

    /// There is no way to include a file: what looks like one is an unknown key, tag or type.
    @Test func aPlanCannotIncludeItself() async throws {
        let desk = try Desk()
        for (text, code) in [
            ("include: plan.yaml\n", "E0103"), ("resources: !include plan.yaml\n", "E0009"),
            ("resources: {$ref: plan.yaml}\n", "E0104"), ("provider: plan.yaml\n", "E0007"),
            ("x-self: &self {a: *self}\n", "E0005"), ("<<: *self\n", "E0006"),
        ] {
            let resources = text.hasPrefix("resources") ? "" : "resources: [{id: a, type: Test::Thing}]\n"
            try desk.write("plan.yaml", Array((Self.head + resources + text).utf8))
            let (ending, codes) = try await desk.check("plan.yaml")
            #expect(ending.code == 1 && codes.contains(code), "\(text): \(codes) \(ending)")
        }
        // A plan beside which its own directory is the provider directory.
        try desk.write("plan.yaml", Array((Self.head + "resources: [{id: a, type: Test::Thing}]\n").utf8))
        let ending = try await desk.run("\"$CAIRN/cairnc\" check plan.yaml --providers providers --providers .")
        #expect(ending.code == 0, "\(ending)")
    }

    // MARK: Cut off

    /// Every beginning of a plan is judged without a crash, and only the whole one without a fault.
    @Test func everyBeginningOfAFileIsJudged() async throws {
        let desk = try Desk()
        let plan = Self.head + "resources:\n  - {id: a, type: \"Test::Thing\", properties: {a: 'b', c: [1]}}\n"
        for length in stride(from: 0, through: plan.utf8.count, by: 3) {
            try desk.write("cut-\(length).yaml", Array(plan.utf8.prefix(length)))
        }
        let ending = try await desk.run("\"$CAIRN/cairnc\" check cut-*.yaml")
        #expect(ending.code == 1 && ending.errors.contains("error[E0003]"), "\(ending)")
        try desk.write("plan.yaml", Array(plan.utf8))
        let compiled = try await desk.run("\"$CAIRN/cairnc\" compile plan.yaml -o plan.ir")
        #expect(compiled.code == 0, "\(compiled)")
        let script = """
            size=$(stat -c %s plan.ir)
            for length in $(seq 1 97 $((size - 1))); do
                head -c $length plan.ir > cut.ir
                "$CAIRN/cairnc" graph cut.ir > /dev/null 2>> errors; echo $? >> codes
            done
            sort -u codes; wc -l < codes
            """
        let cut = try await desk.run(script)
        let lines = cut.output.split(separator: "\n")
        #expect(lines.first == "1" && lines.count == 2, "\(cut)")
    }

    // MARK: Too much

    @Test(
        "Far too much of one thing is bounded in time and memory",
        arguments: [
            ("100,000 nested sequences", "resources: ", "[", 100_000, "", "E0004"),
            ("100,000 nested mappings", "x-a: ", "{a: ", 100_000, "", "E0004"),
            ("100,000 nested blocks", "x-a:\n", "- ", 100_000, "a\n", "E0004"),
            ("1,000,000 closing brackets", "x-a: ", "]", 1_000_000, "", "E0003"),
            ("1,000,000 question marks", "x-a: [", "? ", 1_000_000, "]\n", "E0003"),
            ("a key of 1 MiB", "", "k", 1 << 20, ": 1\n", "E0003"),
            ("an anchor of 1 MiB", "x-a: &", "k", 1 << 20, " 1\nresources: [{id: a, type: Test::Thing}]\n", ""),
            ("a tag of 1 MiB", "x-a: !", "k", 1 << 20, " 1\nresources: [{id: a, type: Test::Thing}]\n", "E0009"),
            ("a comment of 16 MiB", "#", "k", 16 << 20, "\nresources: [{id: a, type: Test::Thing}]\n", ""),
            ("1,000,000 empty lines", "", "\n", 1_000_000, "resources: [{id: a, type: Test::Thing}]\n", ""),
            ("100,000 documents", "resources: [{id: a, type: Test::Thing}]\n", "---\n", 100_000, "", ""),
        ])
    func tooMuch(
        _ what: String, _ start: String, _ piece: String, _ count: Int, _ end: String, _ code: String
    ) async throws {
        let desk = try Desk()
        try desk.write("plan.yaml", Array((Self.head + start).utf8) + Self.repeated(piece, count) + Array(end.utf8))
        let (ending, codes) = try await desk.check("plan.yaml", seconds: 30)
        #expect(ending.code == (code.isEmpty ? 0 : 1), "\(what): \(ending.code) \(ending.errors)")
        #expect(code.isEmpty ? codes.isEmpty : codes.contains(code), "\(what): \(codes.prefix(5))")
        #expect(ending.output.utf8.count < 64 << 20, "\(what)")
    }

    @Test func anAliasBombIsDefused() async throws {
        let desk = try Desk()
        var text = Self.head + "x-0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...60 {
            let list = repeatElement("*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "x-\(level): &a\(level) [\(list)]\n"
        }
        try desk.write("plan.yaml", Array(text.utf8))
        let (ending, codes) = try await desk.check("plan.yaml", seconds: 10, mebibytes: 512)
        #expect(ending.code == 1 && codes.contains("E0005"), "\(ending)")
        // The same with merges.
        text = Self.head + "x-0: &m0 {a: 1}\n"
        for level in 1...60 {
            text += "x-\(level): &m\(level) {<<: [*m\(level - 1), *m\(level - 1)], k\(level): 1}\n"
        }
        try desk.write("plan.yaml", Array((text + "resources: [{id: a, type: Test::Thing}]\n").utf8))
        let merged = try await desk.check("plan.yaml", seconds: 10, mebibytes: 512)
        #expect(merged.ending.code == 0 || merged.codes.contains("E0005"), "\(merged.ending)")
    }

    /// 200 MiB of one scalar: judged, and not copied around often.
    @Test(arguments: ["plain", "quoted", "block"]) func aScalarOfHundredsOfMebibytes(_ style: String) async throws {
        let desk = try Desk()
        let script = """
            { printf '\(Self.head.replacingOccurrences(of: "\n", with: "\\n"))description: '
              case \(style) in
                  plain) head -c 209715200 /dev/zero | tr '\\0' a ;;
                  quoted) printf '"'; head -c 209715200 /dev/zero | tr '\\0' a; printf '"' ;;
                  block) printf '|\\n'; yes '  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | head -c 209715200 ;;
              esac
              printf '\\nresources: 1\\n'; } > plan.yaml
            """
        let made = try await desk.run(script, seconds: 60)
        #expect(made.code == 0, "\(made)")
        let (ending, codes) = try await desk.check("plan.yaml", seconds: 120, mebibytes: 4096)
        #expect(ending.code == 1 && codes.contains("E0104"), "\(ending.code) \(ending.errors.prefix(2000))")
        #expect(ending.output.utf8.count < 1 << 20)
    }

    @Test func aFileThatIsTooLargeIsNotRead() async throws {
        let desk = try Desk()
        let ending = try await desk.run(
            "truncate -s 2G plan.yaml && \"$CAIRN/cairnc\" check plan.yaml", seconds: 5, mebibytes: 256)
        #expect(ending.code == 1 && ending.errors.contains("it is larger than 1024 MiB"), "\(ending)")
    }

    /// Ten times as much gives at most about ten times the work: what grows with the square would not end in time.
    @Test(
        "Many faults of one kind take time that grows with their number",
        arguments: [
            ("duplicate keys", "x-a:\n", "  k: 1\n", 100_000),
            ("different keys", "x-a:\n", "  k%: 1\n", 100_000),
            ("unknown keys of a plan", "", "k%: 1\n", 100_000),
            ("anchors", "x-a:\n", "  - &a% 1\n", 100_000),
            ("unknown aliases", "x-a:\n  - &abc 1\n", "  - *b%\n", 20_000),
            ("unknown aliases among many anchors", "x-b: [&c1 1]\nx-a:\n", "  - &a% *b%\n", 1),
            ("unknown dependencies", "resources:\n", "  - {id: r%, type: Test::Thing, dependsOn: [q%]}\n", 20_000),
            ("unknown types", "resources:\n", "  - {id: r%, type: Test%}\n", 20_000),
            ("resources twice", "resources:\n", "  - {id: r, type: Test::Thing}\n", 50_000),
            (
                "dependents twice", "resources:\n  - id: r\n    type: Test::Thing\n    dependsOn:\n", "      - r\n",
                50_000
            ),
            ("parameters for nobody", "parameters:\n", "  Test::Thing#q%: {}\n", 20_000),
            ("triggers of one name", "triggers:\n", "  - {name: a, cron: x, operation: y}\n", 20_000),
            ("triggers of many names", "triggers:\n", "  - {name: a%, cron: x, operation: y}\n", 20_000),
            ("unknown tags", "x-a:\n", "  - !t% 1\n", 50_000),
            ("keys that are lists", "x-a:\n", "  ? [a]\n  : 1\n", 50_000),
            ("merges of nothing", "x-a:\n", "  - {<<: 1}\n", 50_000),
            ("a flow sequence", "x-a: [", "a, ", 1_000_000),
            ("flow mappings", "x-a: [", "{a: b}, ", 300_000),
        ])
    func manyFaults(_ what: String, _ start: String, _ piece: String, _ count: Int) async throws {
        let desk = try Desk()
        var text = Array((Self.head + start).utf8)
        for number in 0..<count { text += Array(piece.replacing("%", with: "\(number)").utf8) }
        if start.hasSuffix("[") { text += Array("]\n".utf8) }
        if !start.hasPrefix("resources") { text += Array("resources: [{id: a, type: Test::Thing}]\n".utf8) }
        try desk.write("plan.yaml", text)
        for format in ["text", "json"] {
            let ending = try await desk.run(
                "\"$CAIRN/cairnc\" check --format \(format) plan.yaml > out 2> err; code=$?; tail -c 300 err; exit $code",
                seconds: 60, mebibytes: 3072)
            #expect(ending.code == 0 || ending.code == 1, "\(what), \(format): \(ending)")
        }
    }
}
