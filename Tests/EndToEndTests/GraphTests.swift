import CanonicalForm
import Foundation
import Testing

/// `cairnc graph` as it is run.
@Suite(.timeLimit(.minutes(10))) struct GraphTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/ok").path

    /// A directory with the shop of the fixtures and its provider, gone with the value.
    private final class Site: Sendable {
        let place: String

        init() throws {
            place = NSTemporaryDirectory() + "cairn-graph-" + UUID().uuidString.prefix(8).lowercased()
            let files = FileManager.default
            try files.createDirectory(atPath: place + "/providers", withIntermediateDirectories: true)
            let shop = GraphTests.fixtures + "/shared-dependent"
            try files.copyItem(atPath: shop + "/plan.yaml", toPath: place + "/shop.yaml")
            try files.copyItem(atPath: shop + "/provider.yaml", toPath: place + "/providers/local.yaml")
        }

        deinit { try? FileManager.default.removeItem(atPath: place) }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: place + "/" + name))
        }

        var plan: String {
            get throws { try String(contentsOfFile: place + "/shop.yaml", encoding: .utf8) }
        }

        func graph(_ arguments: String..., environment: [String: String?] = [:]) async throws -> Ending {
            try await Programs.run(
                "cairnc", ["graph"] + arguments, in: place,
                environment: environment.merging(["NO_COLOR": "1"]) { first, _ in first })
        }
    }

    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/graph-export.md")

    @Test("The page's examples are what the program prints") func documentation() async throws {
        let site = try Site()
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```console\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count == 2)
        for block in blocks {
            let lines = block.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            let words = lines[0].split(separator: " ").dropFirst(2).map(String.init)
            let ending = try await Programs.run("cairnc", words, in: site.place)
            #expect(ending.code == 0 && ending.output == lines[1], "\(ending)")
        }
    }

    @Test("Every format of both views", arguments: ["resources", "activities"])
    func formats(_ view: String) async throws {
        let site = try Site()
        let compiled = try await Programs.run("cairnc", ["compile", "shop.yaml", "-o", "shop.ir"], in: site.place)
        #expect(compiled.code == 0)
        for (format, start) in [
            ("dot", "digraph cairn {"), ("json", "{\"nodes\":["), ("mermaid", "---\ntitle:"), ("text", "shop"),
            ("html", "<!DOCTYPE html>"), ("svg", "<?xml"),
        ] {
            let first = try await site.graph("shop.yaml", "--view", view, "--format", format)
            #expect(first.code == 0 && first.output.hasPrefix(start) && first.errors.isEmpty, "\(format): \(first)")
            let second = try await site.graph("shop.ir", "--view", view, "--format", format, "-o", "out")
            #expect(second.code == 0 && second.output.isEmpty)
            let written = try String(contentsOfFile: site.place + "/out", encoding: .utf8)
            #expect(written == first.output, "\(format) of plan and compiled plan")
        }
        _ = try await site.graph("shop.ir", "--view", view, "--format", "png", "-o", "shop.png")
        let picture = try Data(contentsOf: URL(fileURLWithPath: site.place + "/shop.png"))
        #expect(picture.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("Without Graphviz, pictures say how to get it, and the rest needs none") func noGraphviz() async throws {
        let site = try Site()
        let empty = ["PATH": "/nowhere"]
        for format in ["svg", "png"] {
            let ending = try await site.graph("shop.yaml", "--format", format, "-o", "x", environment: empty)
            #expect(ending.code == 1 && ending.errors.contains("apt-get install graphviz"), "\(ending)")
            #expect(!FileManager.default.fileExists(atPath: site.place + "/x"))
        }
        for format in ["dot", "html", "mermaid"] {
            #expect(try await site.graph("shop.yaml", "--format", format, environment: empty).code == 0)
        }
        let chart = try await site.graph("shop.yaml", "--simulate", "--format", "svg", environment: empty)
        #expect(chart.code == 0 && chart.output.contains("<svg"))
    }

    @Test("A plan with a cycle is drawn in red, and is a failure") func cycle() async throws {
        let site = try Site()
        try site.write(
            "shop.yaml",
            try site.plan.replacing("    dependsOn: [shopdb]", with: "    dependsOn: [shopdb, site]")
                .replacing("  - id: site\n", with: "  - id: site\n    dependsOn: [mailer]\n"))
        for view in ["resources", "activities"] {
            let ending = try await site.graph("shop.yaml", "--view", view)
            #expect(ending.code == 1 && ending.output.contains("#dc2626"), "\(ending)")
            #expect(ending.errors.contains("E0206") || ending.errors.contains("circle"), "\(ending.errors)")
            let json = try await site.graph("shop.yaml", "--view", view, "--format", "json").json()
            let nodes = json.objectValue?["nodes"]?.arrayValue ?? []
            #expect(nodes.count { $0.objectValue?["marks"] == ["cycle"] } >= 2)
        }
        #expect(try await site.graph("shop.yaml", "--format", "html").output.contains("cycle"))
        let text = try await site.graph("shop.yaml", "--format", "text")
        #expect(text.code == 1 && text.output.contains("a cycle"))
        for option in [["--critical-path"], ["--stats"], ["--simulate"]] {
            let ending = try await Programs.run("cairnc", ["graph", "shop.yaml"] + option, in: site.place)
            #expect(ending.code == 1 && ending.output.isEmpty, "\(ending)")
            #expect(
                ending.errors.contains("cycle") || ending.errors.contains("wait for each other"), "\(ending.errors)")
        }
    }

    @Test("Every activity has its parameters, and says where they came from") func parameters() async throws {
        let site = try Site()
        let drawn = try await site.graph(
            "shop.yaml", "--view", "activities", "--format", "json", "--parameters")
        let nodes = try drawn.json().objectValue?["nodes"]?.arrayValue ?? []
        let main = nodes.first { $0.objectValue?["id"] == "main:Host::FileSystem::Directory#uploads" }?.objectValue
        #expect(main?["parameters"]?.objectValue?["exclude"] == ["*.tmp"])
        let origins = main?["origins"]?.objectValue
        #expect(origins?["exclude"] == "plan-resource" && origins?["compression"] == "plan", "\(drawn)")
        #expect(origins?["consistency"] == "resource" && origins?["level"] == "default")
        let resources = try await site.graph("shop.yaml", "--format", "json", "--parameters").json()
        let uploads = resources.objectValue?["nodes"]?.arrayValue?.first {
            $0.objectValue?["id"] == "Host::FileSystem::Directory#uploads"
        }
        let verify = uploads?.objectValue?["origins"]?.objectValue?["verify"]
        #expect(verify?.objectValue?["level"] == "default")
    }

    @Test("A plan with other faults is not drawn") func faults() async throws {
        let site = try Site()
        try site.write("shop.yaml", try site.plan.replacing("compression: zstd", with: "compression: zst"))
        let ending = try await site.graph("shop.yaml")
        #expect(ending.code == 1 && ending.output.isEmpty && ending.errors.contains("error["))
    }

    @Test("What differs from an older plan") func difference() async throws {
        let site = try Site()
        try site.write("old.yaml", try site.plan.replacing("  - id: site\n", with: "  - id: web2\n"))
        let ending = try await site.graph("shop.yaml", "--diff", "old.yaml", "--format", "text")
        #expect(ending.code == 0 && ending.output.contains("+ Site configuration"), "\(ending)")
        #expect(ending.output.contains("− Site configuration  Host::FileSystem::Directory#web2"))
    }

    @Test("What happened in a run, and its durations") func runs() async throws {
        let site = try Site()
        let identity = "Host::FileSystem::Directory#site"
        try site.write(
            "run.ndjson",
            """
            {"format":"cairn.run","version":1,"plan":"shop","operation":"protect","checkpoint":"abcd"}
            {"time":"2026-11-01T10:00:00.000Z","activity":"main:\(identity)","state":"started","message":""}
            {"time":"2026-11-01T10:00:42.500Z","activity":"main:\(identity)","state":"failed","message":"no <space> left"}
            {"end":"2026-11-01T10:00:43.000Z","status":"error"}

            """)
        let drawn = try await site.graph("shop.yaml", "--run", "run.ndjson", "--format", "text")
        #expect(drawn.code == 0 && drawn.output.contains("✗ Site configuration"), "\(drawn)")
        #expect(drawn.output.contains("42.5s: no <space> left"))
        #expect(try await site.graph("shop.yaml", "--run", "run.ndjson", "--format", "svg").code == 0)
        try site.write(
            "timings.yaml",
            """
            apiVersion: cairn/v1
            kind: Timings
            durations: {"main:\(identity)": 10m, prepareBegin: 1s, prepareFinish: 1s, main: 1s}

            """)
        let path = try await site.graph(
            "shop.yaml", "--view", "activities", "--critical-path", "--timings", "timings.yaml", "--format", "text")
        #expect(path.code == 0 && path.output.contains("critical path of 10m"), "\(path)")
        #expect(path.errors.contains("durations are known for"))
        let figures = try await site.graph("shop.yaml", "--stats", "--timings", "timings.yaml", "--format", "json")
            .json()
        let protect = figures.objectValue?["operations"]?.objectValue?["protect"]?.objectValue
        #expect(protect?["criticalPathSeconds"] == 600)
        let chart = try await site.graph(
            "shop.yaml", "--simulate", "--jobs", "3", "--timings", "timings.yaml", "--format", "json")
        let schedule = try chart.json()
        #expect(chart.code == 0 && schedule.objectValue != nil)
        // What is neither a file nor a checkpoint.
        for name in ["nothere.ndjson", "nothere"] {
            let ending = try await site.graph("shop.yaml", "--run", name)
            #expect(ending.code == 1 && ending.errors.contains(name), "\(ending)")
        }
        try site.write("bad.ndjson", "{\"format\":\"cairn.run\",\"version\":1}\n")
        let bad = try await site.graph("shop.yaml", "--run", "bad.ndjson")
        #expect(bad.code == 1 && bad.errors.contains("bad.ndjson: line 1"), "\(bad)")
    }

    @Test(
        "Wrong usage is told before anything is read",
        arguments: [
            ["--path", "a"], ["--depth", "1"], ["--up"], ["--focus", "web", "--depth", "-1"], ["--jobs", "2"],
            ["--simulate", "--jobs", "0"], ["--stats", "--simulate"], ["--stats", "--format", "dot"],
            ["--simulate", "--format", "mermaid"], ["--timings", "x"], ["--format", "html", "--only", "x"],
            ["--stats", "--focus", "web"], ["--view", "trees"], ["--cluster", "sometimes"], ["--operation", "move"],
            ["--parameters"], ["--parameters", "--format", "html"],
        ])
    func wrongUsage(_ arguments: [String]) async throws {
        let site = try Site()
        let ending = try await Programs.run("cairnc", ["graph", "shop.yaml"] + arguments, in: site.place)
        #expect(ending.code == 2 && ending.output.isEmpty && !ending.errors.isEmpty, "\(ending)")
    }

    @Test(
        "Names that stand for nothing are told with what is close",
        arguments: [
            (["--focus", "wbe"], "did you mean 'web'"), (["--only", "Host::FileSystem::Dir"], "Directory"),
            (["--path", "web", "nothing"], "no resource 'nothing'"), (["--focus", "main:web"], "--view activities"),
            (["--path", "shopdb", "web"], "the other way round"), (["--path", "mailer", "web"], "neither"),
        ])
    func unknownNames(_ arguments: [String], _ message: String) async throws {
        let site = try Site()
        let ending = try await Programs.run("cairnc", ["graph", "shop.yaml"] + arguments, in: site.place)
        #expect(ending.code == 1 && ending.output.isEmpty && ending.errors.contains(message), "\(ending)")
    }
}
