import Foundation
import ProcessSupervision
import Testing

@Suite(.timeLimit(.minutes(10))) struct EnvironmentTests {
    private func printed(_ script: String, _ variables: [EnvironmentVariable]) async throws -> String {
        let collected = Collected()
        _ = try await ProgramPipeline(ProgramCommand(["/bin/sh", "-c", script], environment: variables)).run(
            into: { collected.add($0) })
        return collected.text
    }

    @Test func variablesAreInheritedAddedAndReplaced() async throws {
        // Setting a variable here would move the environment of this process under the programs that others start.
        let script = "printf '%s|' \"$HOME\" \"$ADDED\""
        let home = try #require(ProcessInfo.processInfo.environment["HOME"])
        #expect(try await printed(script, []) == "\(home)||")
        #expect(try await printed(script, [EnvironmentVariable("ADDED", .text("a b"))]) == "\(home)|a b|")
        let last = [
            EnvironmentVariable("HOME", .text("first")), EnvironmentVariable("HOME", .fromEnv("HOME")),
            EnvironmentVariable("ADDED", .fromEnv("HOME")),
        ]
        #expect(try await printed(script, last) == "\(home)|\(home)|")
        let replaced = [EnvironmentVariable("HOME", .text("/elsewhere"))]
        #expect(try await printed(script, replaced) == "/elsewhere||")
    }

    @Test func referencesAreReadWhenTheyAreUsedAndNeverShown() async throws {
        let file = NSTemporaryDirectory() + "cairn-secret-" + UUID().uuidString.prefix(8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data("hunter2-and-more\n".utf8).write(to: URL(fileURLWithPath: file))
        let variables = [EnvironmentVariable("PASSWORD", .fromFile(file))]
        #expect(try await printed("printf '%s' \"$PASSWORD\"", variables) == "hunter2-and-more")
        let command = ProgramCommand(
            ["/bin/sh", "-c", "echo \"cannot log in with $PASSWORD\" >&2; exit 1"], environment: variables)
        #expect(
            await fault { _ = try await ProgramPipeline(command).run() }?.description
                == "the program '/bin/sh' failed with exit code 1: cannot log in with ***")
        // The last 16 KiB may begin within a secret.
        let chatty = ProgramCommand(
            ["/bin/sh", "-c", "yes \"$PASSWORD\" | tr -d '\\n' | head -c 40001 >&2; exit 1"], environment: variables)
        let words = await fault { _ = try await ProgramPipeline(chatty).run() }?.description ?? ""
        #expect(!words.contains("hunter2") && !words.contains("more"), "\(words)")
    }

    @Test func whatHasNoValueIsNamed() async throws {
        let long = NSTemporaryDirectory() + "cairn-long-" + UUID().uuidString.prefix(8)
        defer { try? FileManager.default.removeItem(atPath: long) }
        try Data(repeating: 65, count: 200_000).write(to: URL(fileURLWithPath: long))
        for (value, words) in [
            (
                EnvironmentVariable.Value.fromEnv("CAIRN_TEST_ABSENT"),
                "the environment has no variable 'CAIRN_TEST_ABSENT'"
            ),
            (.fromFile("/nowhere/secret"), "the file '/nowhere/secret' cannot be opened: No such file or directory"),
            (.fromFile("/tmp"), "the file '/tmp' cannot be read: Is a directory"),
            (.fromFile(long), "the file '\(long)' is too long"),
            (.text("a\0b"), "it has a NUL byte in it"),
        ] {
            let command = ProgramCommand(["true"], environment: [EnvironmentVariable("PASSWORD", value)])
            #expect(
                await fault { _ = try await ProgramPipeline(command).run() }
                    == .environment("PASSWORD", reason: words))
        }
    }

    @Test func whatAProgramSaysIsHarmless() async throws {
        let words = await fault {
            _ = try await shell("printf 'a\\033[2J\\a\\nsecond\\n' >&2; exit 1").run()
        }?.description
        #expect(words?.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } == true, "\(words ?? "")")
        #expect(words?.hasSuffix(" | second") == true)
        let long = await fault { _ = try await shell("yes | head -c 9000000 >&2; echo the end >&2; exit 1").run() }
        #expect(long?.description.hasSuffix("| y | the end") == true)
        #expect((long?.description.count ?? 0) < 1200)
    }
}
