import CanonicalForm
import CommandPlugin
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct CommandPluginTests {
    private static let type = "Host::Command::Artifact"
    private let plugin = CommandPlugin()

    @Test func whatIsDumpedComesBack() async throws {
        let shop = try Workshop()
        try shop.write("source", (1...50_000).map { "line \($0)\n" }.joined())
        let properties: JSONObject = [
            "dump": .array([["cat", "source"], ["gzip"]]), "workingDirectory": .string(shop.path),
            "restore": .array([["gunzip"], script("cat > restored")]),
            "restoreTo": .array([["gunzip"], script("cat > \"$CAIRN_TARGET_DIRECTORY/restored\"")]),
            "verify": .array(["gzip", "-t"]),
        ]
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        #expect(definition["artifact"]?.objectValue?["name"] == "dump")
        #expect(shop.reporter.advanced == definition["artifact"]?.objectValue?["size"]?.integerValue)
        let context = shop.context(Self.type, properties, definition: definition)
        try await plugin.verify(.main, context)
        try await plugin.restore(.main, context, to: original)
        #expect(shop.read("restored") == shop.read("source"))
        try await plugin.restore(
            .main, context, to: RestoreTarget(directory: shop.path + "/else/where", overwrite: false))
        #expect(shop.read("else/where/restored") == shop.read("source"))
        #expect(shop.reporter.warnings.isEmpty)
    }

    /// A rehearsal has programs of its own; without them, it restores elsewhere.
    @Test func aRehearsalRunsItsOwnProgram() async throws {
        let shop = try Workshop()
        try shop.write("source", "content")
        var properties: JSONObject = [
            "dump": ["cat", "source"], "restore": ["false"], "workingDirectory": .string(shop.path),
            "restoreTo": .array([script("cat > \"$CAIRN_TARGET_DIRECTORY/restored\"")]),
        ]
        func way() -> RehearsalWay {
            plugin.rehearsal(of: shop.context(Self.type, properties).resource, protectParameters: [:])
        }
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        let target = RestoreTarget(directory: shop.path + "/scratch", overwrite: false, isRehearsal: true)
        func rehearse() async throws {
            try await plugin.restore(.main, shop.context(Self.type, properties, definition: definition), to: target)
        }
        try await rehearse()
        #expect(shop.read("scratch/restored") == "content")
        guard case .restored = way() else { throw PluginError("\(way())") }
        properties["rehearse"] = .array([script("cat > rehearsed")])
        try await rehearse()
        #expect(shop.read("rehearsed") == "content")
        guard case .restored(let proof) = way() else { throw PluginError("\(way())") }
        #expect(proof.contains("'rehearse'"))
        // Only for a rehearsal.
        properties["rehearse"] = .array([script("exit 3")])
        try await plugin.restore(
            .main, shop.context(Self.type, properties, definition: definition),
            to: RestoreTarget(directory: shop.path + "/elsewhere", overwrite: false))
        #expect(shop.read("elsewhere/restored") == "content")
        await #expect(throws: PluginError.self) { try await rehearse() }
        properties["rehearse"] = nil
        properties["restoreTo"] = nil
        guard case .verified(let reason) = way() else { throw PluginError("\(way())") }
        #expect(reason.contains("'rehearse'"))
    }

    @Test func theHookFollowsTheConsistency() async throws {
        let shop = try Workshop()
        let properties: JSONObject = ["dump": ["echo", "x"], "restore": ["cat"]]
        for (consistency, working) in [("live", Hook.main), ("quiesced", .prepareFinish)] {
            for hook in Hook.allCases {
                let parameters: JSONObject = ["consistency": .string(consistency)]
                let saved = try await plugin.protect(hook, shop.context(Self.type, properties, parameters))
                #expect(saved.isEmpty == (hook != working))
            }
        }
    }

    @Test func aFailureAnywhereLeavesNothing() async throws {
        let shop = try Workshop()
        for (dump, words, isTransient) in [
            (
                [script("echo part; echo 'no such table' >&2; exit 1")],
                "the dump failed: the program '/bin/sh' failed with exit code 1: no such table", false
            ),
            (
                [script("echo part; exit 75"), ["cat"]],
                "the dump failed: the program '/bin/sh', number 1 of 2 in the pipeline, failed with exit code 75", true
            ),
            (
                [["echo", "x"], ["no-such-program-anywhere"]],
                "the dump failed: the program 'no-such-program-anywhere' is not in PATH (/bin); "
                    + "install the program, or write its whole path", false
            ),
            (
                [["true"]],
                "the dump is empty: 'true' succeeded and has printed nothing; "
                    + "if that may be, set the parameter 'allowEmpty: true'", false
            ),
        ] as [([JSONValue], String, Bool)] {
            let properties: JSONObject = [
                "dump": .array(dump), "restore": ["cat"], "environment": ["PATH": "/bin"],
            ]
            let error = await pluginError {
                _ = try await plugin.protect(.main, shop.context(Self.type, properties))
            }
            #expect(error?.description == words)
            #expect(error?.isTransient == isTransient)
            #expect(try await shop.artifacts.artifacts().isEmpty)
        }
        // Another attempt begins anew.
        let properties: JSONObject = ["dump": ["echo", "x"], "restore": ["cat"]]
        _ = try await plugin.protect(.main, shop.context(Self.type, properties))
        _ = try await plugin.protect(.main, shop.context(Self.type, properties))
        let empty: JSONObject = ["dump": ["true"], "restore": ["cat"]]
        _ = try await plugin.protect(.main, shop.context(Self.type, empty, ["allowEmpty": true]))
    }

    @Test func transientExitCodesAreThePlans() async throws {
        let shop = try Workshop()
        for (codes, isTransient) in [(JSONValue.array([3, 4]), true), (.array([75]), false)] {
            let properties: JSONObject = [
                "dump": script("exit 4"), "restore": ["cat"], "transientExitCodes": codes,
            ]
            let error = await pluginError {
                _ = try await plugin.protect(.main, shop.context(Self.type, properties))
            }
            #expect(error?.isTransient == isTransient)
        }
    }

    @Test func secretsAreGivenAndNotTold() async throws {
        let shop = try Workshop()
        try shop.write("secret", "hunter2\n")
        let properties: JSONObject = [
            "dump": script("test \"$PASSWORD\" = hunter2 && echo \"$PLAIN $PASSWORD\" >&2; exit 1"),
            "restore": ["cat"],
            "environment": ["PASSWORD": ["fromFile": .string(shop.path + "/secret")], "PLAIN": "open"],
        ]
        let error = await pluginError { _ = try await plugin.protect(.main, shop.context(Self.type, properties)) }
        #expect(error?.description.hasSuffix(": open ***") == true, "\(String(describing: error))")
    }

    @Test func elsewhereOnlyWithAProgramForIt() async throws {
        let shop = try Workshop()
        let properties: JSONObject = ["dump": ["echo", "x"], "restore": ["touch", "/nowhere/at/all"]]
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        let context = shop.context(Self.type, properties, definition: definition)
        let target = RestoreTarget(directory: shop.path + "/elsewhere", overwrite: false)
        let error = await pluginError { try await plugin.restore(.main, context, to: target) }
        #expect(error?.advice?.contains("restoreTo") == true, "\(String(describing: error))")
        #expect(!shop.has("elsewhere"))
        let found = await plugin.preconditions(
            of: .restore, shop.precondition(Self.type, properties, to: target.directory))
        #expect(found.map(\.state) == [.unmet])
    }

    @Test func aDamagedArtifactIsNeverShownWhole() async throws {
        let shop = try Workshop()
        let properties: JSONObject = [
            "dump": ["seq", "100000"], "workingDirectory": .string(shop.path),
            "restore": script("cat > partial && mv partial whole"), "verify": ["cat"],
        ]
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        let part = try #require(shop.artifacts.parts("dump").last)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: part))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: part))
        let context = shop.context(Self.type, properties, definition: definition)
        await #expect(throws: (any Error).self) { try await plugin.restore(.main, context, to: original) }
        #expect(!shop.has("whole"))
        await #expect(throws: (any Error).self) { try await plugin.verify(.main, context) }
        // Also when the program does not look at it.
        let careless: JSONObject = ["dump": ["x"], "restore": ["x"], "verify": ["true"]]
        await #expect(throws: (any Error).self) {
            try await plugin.verify(.main, shop.context(Self.type, careless, definition: definition))
        }
        _ = try await shop.artifacts.put("dump", [1, 2, 3])
        let error = await pluginError { try await plugin.restore(.main, context, to: original) }
        #expect(error?.description.contains("is not the one that was protected") == true)
    }

    @Test func whatIsLeftUnreadIsTold() async throws {
        let shop = try Workshop()
        let properties: JSONObject = ["dump": ["head", "-c", "5000000", "/dev/zero"], "restore": ["true"]]
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        try await plugin.restore(.main, shop.context(Self.type, properties, definition: definition), to: original)
        #expect(shop.reporter.warnings.map(\.kind) == ["artifact-left-unread"])
    }

    @Test func verifyAndDeleteRunTheirPrograms() async throws {
        let shop = try Workshop()
        let properties: JSONObject = [
            "dump": ["echo", "x"], "restore": ["cat"],
            "verify": script("cat > /dev/null; echo 'not a dump' >&2; exit 1"),
            "delete": script("echo \"$CAIRN_OPERATION $CAIRN_CHECKPOINT $CAIRN_RESOURCE\" > deleted"),
            "workingDirectory": .string(shop.path),
        ]
        let definition = try await plugin.protect(.main, shop.context(Self.type, properties))
        let context = shop.context(Self.type, properties, definition: definition)
        let error = await pluginError { try await plugin.verify(.main, context) }
        #expect(
            error?.description
                == "the artifact could not be restored: the program '/bin/sh' failed with exit code 1: not a dump")
        try await plugin.verify(
            .main, shop.context(Self.type, properties, ["level": "digests"], definition: definition))
        try await plugin.delete(.main, context)
        #expect(shop.read("deleted") == "delete 0123456789abcdef Host::Command::Artifact#it\n")
    }

    @Test func whatThePlanSaysWrongIsNamed() async throws {
        let shop = try Workshop()
        for (properties, words) in [
            (["restore": ["cat"]], "the property 'dump' is missing"),
            (["dump": []], "the property 'dump' should be a program and its arguments, as a list of texts"),
            (["dump": [["a"], []]], "the property 'dump' should be a program and its arguments, as a list of texts"),
            (["dump": ["a", ["b"]]], "the property 'dump' should be a program and its arguments, as a list of texts"),
            (["dump": [1]], "the property 'dump' should be a program and its arguments, as a list of texts"),
            (["dump": "a b"], "the property 'dump' should be a program and its arguments, as a list of texts"),
            (["dump": ["a"], "environment": ["A=B": "c"]], "'A=B' is no name of a variable"),
            (
                ["dump": ["a"], "environment": ["A": 1]],
                "the variable 'A' should be a text, {fromEnv: NAME} or {fromFile: PATH}"
            ),
            (
                ["dump": ["a"], "workingDirectory": "here"],
                "the property 'workingDirectory' should be an absolute path"
            ),
        ] as [(JSONObject, String)] {
            let error = await pluginError { _ = try await plugin.protect(.main, shop.context(Self.type, properties)) }
            #expect(error?.description == words)
        }
    }

    @Test func preconditionsNameWhatIsMissing() async throws {
        let shop = try Workshop()
        let properties: JSONObject = [
            "dump": [["cat", "x"], ["no-such-program-anywhere"], ["cat"]], "restore": ["cat"],
            "workingDirectory": "/nowhere", "environment": ["A": ["fromEnv": "CAIRN_ABSENT"], "B": "b"],
        ]
        let found = await plugin.preconditions(of: .protect, shop.precondition(Self.type, properties))
        #expect(
            found.map { "\($0.subject): \($0.state)" } == [
                "the directory /nowhere: unmet", "the variable A: unmet", "the program cat: met",
                "the program no-such-program-anywhere: unmet",
            ])
        #expect(await plugin.preconditions(of: .delete, shop.precondition(Self.type, properties)).isEmpty)
        #expect(await plugin.hostPreconditions().map(\.state) == [.met])
    }

    @Test func aProgramSaysWhatADryRunCannotSee() async throws {
        let shop = try Workshop()
        for (check, words) in [
            (script("test \"$CAIRN_OPERATION\" = protect"), "met: succeeds"),
            (
                script("echo 'the tool is too old' >&2; exit 1"),
                "unmet: fails: the program '/bin/sh' failed with exit code 1: the tool is too old"
            ),
            (["no-such-tool"], "unmet: fails: the program 'no-such-tool' is not in PATH (/nowhere)"),
        ] as [(JSONValue, String)] {
            let properties: JSONObject = [
                "dump": ["/bin/true"], "restore": ["/bin/true"], "check": check, "environment": ["PATH": "/nowhere"],
            ]
            let found = await plugin.preconditions(of: .protect, shop.precondition(Self.type, properties))
            #expect(found.map(\.subject) == ["the program /bin/true", "the program of 'check'"])
            #expect(found.last.map { "\($0.state): \($0.finding)" } == words)
        }
        // Where something is missing, it would only say so once more. A run does not ask it.
        let missing: JSONObject = ["dump": ["no-such-tool"], "restore": ["cat"], "check": script("touch asked")]
        let found = await plugin.preconditions(of: .protect, shop.precondition(Self.type, missing))
        #expect(found.map(\.state) == [.unmet])
        let properties: JSONObject = [
            "dump": ["echo", "x"], "restore": ["cat"], "check": script("touch asked"),
            "workingDirectory": .string(shop.path),
        ]
        _ = try await plugin.protect(.main, shop.context(Self.type, properties))
        #expect(!shop.has("asked"))
        let faulty: JSONObject = ["dump": ["true"], "restore": ["cat"], "check": []]
        let faults = await plugin.preconditions(of: .protect, shop.precondition(Self.type, faulty))
        #expect(
            faults.map(\.finding) == ["the property 'check' should be a program and its arguments, as a list of texts"])
    }

    @Test func whatAStoppedProgramHadSaidIsKept() async throws {
        let shop = try Workshop()
        let properties: JSONObject = [
            "dump": script("echo connecting >&2; touch ready; exec sleep 1000"), "restore": ["cat"],
            "workingDirectory": .string(shop.path),
        ]
        let context = shop.context(Self.type, properties)
        let run = Task { try await plugin.protect(.main, context) }
        while !shop.has("ready") { try await Task.sleep(for: .milliseconds(5)) }
        run.cancel()
        await #expect(throws: ActivityStopped("the program '/bin/sh' had said last: connecting")) {
            try await run.value
        }
    }
}
