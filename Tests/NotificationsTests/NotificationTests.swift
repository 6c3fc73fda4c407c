import CanonicalForm
import Foundation
import Notifications
import PlanIR
import Synchronization
import Testing

/// A server of the web in another process, which notes down what it is sent.
private final class Server: Sendable {
    private static let program = """
        import http.server, json, sys, time, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                print(json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}), file=log, flush=True)
                if self.path.startswith("/slow"): time.sleep(20)
                if self.path.startswith("/mute"): self.connection.close(); return
                code = int(self.path[1:4]) if self.path[1:4].isdigit() else 200
                self.send_response(code)
                if code // 100 == 3: self.send_header("Location", "/200/elsewhere")
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"ok\\n")
            do_GET = do_POST
            def log_message(self, *_): pass
        log = open(sys.argv[1], "a")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        print(server.server_port, flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown())).start()
        server.serve_forever()
        """

    struct Request: Decodable {
        let path: String
        let headers: [String: String]
        let body: String
    }

    private let process = Process()
    private let input = Pipe()
    private let log = NSTemporaryDirectory() + "cairn-server-" + UUID().uuidString
    let port: Int

    init() throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, log]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = output.fileHandleForReading.availableData
        port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: log)
    }

    func url(_ path: String) -> ReferableText { .literal("http://127.0.0.1:\(port)/\(path)") }

    var requests: [Request] {
        get throws {
            try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
                try JSONDecoder().decode(Request.self, from: Data($0.utf8))
            }
        }
    }
}

private func content(_ success: Bool = false, size: Int = 100) -> NotificationContent {
    let report: JSONObject = ["plan": "shop", "filler": .string(String(repeating: "x", count: size))]
    return NotificationContent(
        isSuccess: success, operation: "protect", id: "id1", checkpoint: "cp1", plan: "shop",
        status: success ? "available" : "error", report: JSONValue.object(report).canonicalBytes)
}

private func notify(
    _ recipient: PlanIR.Notification.Recipient, on occasion: PlanIR.Notification.Occasion = .always,
    timeout: String = "10s"
) -> PlanIR.Notification {
    PlanIR.Notification(occasion: occasion, recipient: recipient, timeoutText: timeout)
}

/// A file with a secret. The environment would be that of all tests of this process, which nobody may change while others
/// read it.
private final class SecretFile: Sendable {
    private let path = NSTemporaryDirectory() + "cairn-secret-" + UUID().uuidString

    init(_ value: String) throws { try Data(value.utf8).write(to: URL(filePath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var reference: ReferableText { .fromFile(path) }
}

@Suite("Notifications", .serialized) struct NotificationTests {
    @Test("post the report, with headers by reference") func posts() async throws {
        let server = try Server()
        let token = try SecretFile("Bearer s3\\cr\"et")
        // Other processes, and those that were killed, may have left some.
        let before = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
        let results = await NotificationDelivery.deliver(
            [
                notify(
                    .address(
                        server.url("200/hook?q=1"),
                        headers: [
                            .init(name: "Authorization", value: token.reference),
                            .init(name: "X-Plain", value: .literal("plain")),
                            .init(name: "X-Path", value: .fromEnvironment("PATH")),
                        ]))
            ], content(size: 300_000))
        #expect(results.map(\.failure) == [nil] && results[0].target == "127.0.0.1:\(server.port)")
        let request = try #require(try server.requests.first)
        #expect(request.path == "/200/hook?q=1" && request.headers["Authorization"] == "Bearer s3\\cr\"et")
        #expect(request.headers["X-Path"] == ProcessInfo.processInfo.environment["PATH"])
        #expect(request.headers["X-Plain"] == "plain" && request.headers["Content-Type"] == "application/json")
        #expect(Array(request.body.utf8) == content(size: 300_000).report)
        let left = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
        #expect(!Set(left).subtracting(before).contains { $0.hasPrefix("cairn-report-") })
    }

    @Test("go to those whose occasion it is, in their order") func occasions() async throws {
        let all = [
            notify(.command(["true"]), on: .success), notify(.command(["false"]), on: .failure),
            notify(.command(["/bin/true"]), on: .always),
        ]
        #expect(await NotificationDelivery.deliver(all, content(true)).map(\.target) == ["true", "/bin/true"])
        let failed = await NotificationDelivery.deliver(all, content(false))
        #expect(failed.map(\.target) == ["false", "/bin/true"] && failed.map { $0.failure == nil } == [false, true])
    }

    @Test("that fail say why, and no secret", arguments: ["404/x", "500/x", "302/x", "mute", "slow"])
    func answers(_ path: String) async throws {
        let server = try Server()
        let token = try SecretFile("hunter2-hunter2")
        let began = ContinuousClock.now
        let results = await NotificationDelivery.deliver(
            [
                notify(
                    .address(
                        server.url(path + "?key=pa55word"), headers: [.init(name: "X-Key", value: token.reference)]),
                    timeout: "2s")
            ],
            content())
        let failure = try #require(results.first?.failure)
        #expect(ContinuousClock.now - began < .seconds(15))
        #expect(!failure.contains("hunter2") && !failure.contains("pa55word"), "\(failure)")
        switch path {
        case "404/x", "500/x": #expect(failure == "it answered \(path.prefix(3))")
        case "302/x":
            #expect(failure.contains("redirect"))
            #expect(try server.requests.count == 1)
        case "slow": #expect(failure.lowercased().contains("timed out") || failure.contains("longer"), "\(failure)")
        default: #expect(!failure.isEmpty)
        }
    }

    @Test("to addresses that are none, or that nobody serves, fail") func addresses() async throws {
        let missing = "CAIRN_TEST_MISSING"
        let bad: [(ReferableText, String)] = [
            (.literal("ftp://example.org/"), "does not begin with http"),
            (.literal("https://"), "does not begin with http"),
            (.literal("http://user:pa55word@127.0.0.1:1/"), "onnect"),
            (.literal("http://127.0.0.1:1/\nurl=x"), "control character"),
            (.fromEnvironment(missing), "no variable '\(missing)'"), (.fromFile("/no/such/file"), "/no/such/file"),
            (.literal("https://127.0.0.1:1/pa55word"), "onnect"),
        ]
        for (address, reason) in bad {
            let result = await NotificationDelivery.deliver([notify(.address(address, headers: []))], content())
            let failure = try #require(result.first?.failure)
            #expect(failure.contains(reason), "\(failure)")
            #expect(!failure.contains("pa55word") && result.first?.target.contains("pa55word") == false, "\(result)")
        }
        let server = try Server()
        let header = await NotificationDelivery.deliver(
            [notify(.address(server.url("200"), headers: [.init(name: "X-Key", value: .literal("a\r\nEvil: b"))]))],
            content())
        #expect(header.first?.failure?.contains("control character") == true)
    }

    @Test("run programs with the report and what it is about") func commands() async throws {
        let place = NSTemporaryDirectory() + "cairn-command-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: place) }
        let script =
            "cat > \(place); echo \"$CAIRN_OPERATION $CAIRN_CHECKPOINT $CAIRN_ID $CAIRN_PLAN $CAIRN_STATUS\" >> \(place)"
        let results = await NotificationDelivery.deliver(
            [notify(.command(["/bin/sh", "-c", script])), notify(.command(["true"]))], content(size: 500_000))
        #expect(results.map(\.failure) == [nil, nil])
        let written = try String(contentsOfFile: place, encoding: .utf8)
        #expect(
            written == String(decoding: content(size: 500_000).report, as: UTF8.self) + "protect cp1 id1 shop error\n")
    }

    @Test("by programs that fail, hang or are not there say so") func badCommands() async throws {
        let marker = "87654.\(UInt32.random(in: 1000...99999))"
        let began = ContinuousClock.now
        let results = await NotificationDelivery.deliver(
            [
                notify(.command(["/bin/sh", "-c", "echo it broke >&2; exit 7"])),
                notify(.command(["/no/such/program"])),
                notify(.command(["/bin/sh", "-c", "trap '' TERM; sleep \(marker) & sleep \(marker)"]), timeout: "1s"),
            ], content())
        #expect(ContinuousClock.now - began < .seconds(20))
        #expect(
            results[0].failure?.contains("it broke") == true && results[0].failure?.contains("7") == true, "\(results)")
        #expect(results[1].failure?.contains("/no/such/program") == true, "\(results)")
        #expect(results[2].failure?.contains("longer than 1 s") == true, "\(results)")
        // Nothing that it had started is left; what was killed may take a moment to go.
        func isLeft() throws -> Bool {
            let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            let lines = processes.compactMap { try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8) }
            return lines.contains { $0.contains("sleep\0\(marker)") }
        }
        for _ in 0..<100 where try isLeft() { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try !isLeft())
    }
}
