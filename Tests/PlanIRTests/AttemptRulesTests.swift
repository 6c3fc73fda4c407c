import CanonicalForm
import PlanIR
import Testing

@Suite("Rules of attempts")
struct AttemptRulesTests {
    private static let second: Int64 = 1_000_000_000

    @Test("Parameters that say nothing of them have the standard") func standard() {
        let rules = AttemptRules(parameters: ["level": 3])
        #expect(rules == .standard)
        #expect(rules.timeout == nil)
        #expect(rules.attempts == 3)
        #expect(rules.delay == Self.second)
        #expect(rules.maxDelay == 60 * Self.second)
    }

    @Test("What is given is taken, and the rest is the standard") func given() {
        let rules = AttemptRules(parameters: ["timeout": "90m", "retry": ["attempts": 5, "maxDelay": "2m"]])
        #expect(
            rules
                == AttemptRules(
                    timeout: 5400 * Self.second, attempts: 5, delay: Self.second, maxDelay: 120 * Self.second))
    }

    @Test("A first wait that is longer than the standard's longest one is the longest") func longDelay() {
        let rules = AttemptRules(parameters: ["retry": ["delay": "10m"]])
        #expect(rules.delay == 600 * Self.second)
        #expect(rules.maxDelay == 600 * Self.second)
    }

    @Test(
        "Parameters of earlier formats that mean something else are passed over",
        arguments: [
            ["timeout": 30, "retry": true], ["timeout": "soon", "retry": ["attempts": 0]],
            ["timeout": ["30s"], "retry": ["attempts": 101, "delay": "0s", "maxDelay": "1 m"]],
            ["retry": ["attempts": "3", "delay": -1]],
        ] as [JSONObject])
    func foreign(_ parameters: JSONObject) {
        #expect(AttemptRules(parameters: parameters) == .standard)
    }

    @Test(
        "Durations become nanoseconds",
        arguments: [
            ("1s", 1), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86400), ("2w", 1_209_600),
            ("300000d", 200 * 366 * 86400),
        ] as [(String, Int64)])
    func durations(_ text: String, seconds: Int64) {
        #expect(AttemptRules.nanoseconds(ofDuration: text) == seconds * Self.second)
    }

    @Test("What is no duration is none", arguments: ["", "s", "0s", "-1s", "+1s", "1.5h", "10", "1 s", "500ms", "1y"])
    func noDurations(_ text: String) {
        #expect(AttemptRules.nanoseconds(ofDuration: text) == nil)
    }
}
