import CanonicalForm
import PlanIR
import Testing

@Suite("Notifications of a compiled plan")
struct NotificationTests {
    @Test(
        "What is written is read again",
        arguments: [
            PlanIR.Notification(occasion: .always, recipient: .command(["logger", "-t", ""])),
            PlanIR.Notification(
                occasion: .failure, recipient: .address(.fromEnvironment("URL"), headers: []), timeoutText: "3m"),
            PlanIR.Notification(
                occasion: .success,
                recipient: .address(
                    .literal("http://[::1]:8080/a?b#c"),
                    headers: [
                        .init(name: "Authorization", value: .fromFile("/etc/token")),
                        .init(name: "X-A", value: .literal("b c")),
                    ])),
        ])
    func roundTrip(_ notification: PlanIR.Notification) throws {
        #expect(try PlanIR.Notification(.object(notification.json)) == notification)
    }

    @Test("Who is told depends on how the run ended") func occasions() {
        #expect(PlanIR.Notification.Occasion.failure.includes(success: false))
        #expect(!PlanIR.Notification.Occasion.failure.includes(success: true))
        #expect(PlanIR.Notification.Occasion.success.includes(success: true))
        #expect(!PlanIR.Notification.Occasion.success.includes(success: false))
        #expect([true, false].allSatisfy(PlanIR.Notification.Occasion.always.includes(success:)))
        #expect(
            PlanIR.Notification(occasion: .always, recipient: .command(["a"]), timeoutText: "2m").timeout
                == 120_000_000_000)
    }

    private static let good: JSONObject = ["on": "always", "timeout": "30s", "command": ["logger"]]
    private static let goodAddress: JSONObject = ["on": "always", "timeout": "30s", "url": "https://example.org"]

    private static func changed(_ base: JSONObject, _ key: String, _ value: JSONValue?) -> JSONValue {
        var object = base
        object[key] = value
        return .object(object)
    }

    @Test(
        "What breaks a rule is refused",
        arguments: [
            "logger", [], changed(good, "on", "never"), changed(good, "on", nil), changed(good, "timeout", nil),
            changed(good, "timeout", "0s"), changed(good, "timeout", 30), changed(good, "command", []),
            changed(good, "command", [""]), changed(good, "command", ["a\0"]), changed(good, "command", ["a", 1]),
            changed(good, "command", "logger"), changed(good, "command", nil),
            changed(good, "url", "https://example.org"), changed(good, "headers", ["A": "b"]),
            changed(good, "comment", "hello"), changed(goodAddress, "url", "example.org"),
            changed(goodAddress, "url", "https:///path"), changed(goodAddress, "url", "https://a:b@example.org"),
            changed(goodAddress, "url", "https://example.org:0"),
            changed(goodAddress, "url", "https://example.org:65536"),
            changed(goodAddress, "url", ["fromEnv": ""]), changed(goodAddress, "url", ["env": "A"]),
            changed(goodAddress, "url", ["fromEnv": "A", "fromFile": "b"]), changed(goodAddress, "headers", [:]),
            changed(goodAddress, "headers", ["Authorization": "Basic hidden"]),
            changed(goodAddress, "headers", ["X-Token": "hidden"]), changed(goodAddress, "headers", ["A b": "c"]),
            changed(goodAddress, "headers", ["A": "b\r\nC: d"]), changed(goodAddress, "headers", ["A": "b", "a": "c"]),
            changed(goodAddress, "headers", ["Host": "example.org"]), changed(goodAddress, "headers", ["A": 1]),
        ] as [JSONValue])
    func refused(_ value: JSONValue) {
        #expect(throws: NotificationFault.self) { try PlanIR.Notification(value) }
    }

    @Test(
        "Addresses that others cannot read on their way",
        arguments: [
            ("https://example.org", false), ("http://example.org", true), ("HTTP://example.org:80/", true),
            ("http://localhost:9000/x", false), ("http://127.0.0.1", false), ("http://[::1]:80/", false),
            ("http://localhost.example.org", true), ("http://[2001:db8::1]/", true),
        ])
    func onTheWay(_ address: String, isReadable: Bool) {
        #expect(NotificationRules.addressFault(address) == nil)
        #expect(NotificationRules.isReadableOnTheWay(address) == isReadable)
    }
}
