import CanonicalForm
import Retention
import Schedules
import Testing

@Suite("Reading a retention policy") struct RetentionPolicyTests {
    @Test("A whole policy") func whole() throws {
        let policy = try RetentionPolicy([
            "keepLast": 1, "keepHourly": 2, "keepDaily": 3, "keepWeekly": 4, "keepMonthly": 5, "keepYearly": 6,
            "maxAge": "2w", "maxCheckpoints": 1_000_000, "timezone": "Europe/Berlin",
        ])
        #expect(policy.keepLast == 1 && policy.maxCheckpoints == 1_000_000)
        #expect(policy.periods == [.hour: 2, .day: 3, .week: 4, .month: 5, .year: 6])
        #expect(policy.maxAge == 14 * 86_400_000 && policy.maxAgeText == "2w" && policy.timeZone == "Europe/Berlin")
        #expect(!policy.keepsEverything && policy.hasKeepRules)
        #expect(try RetentionPolicy([:]).keepsEverything && RetentionPolicy(["timezone": "UTC"]).keepsEverything)
        #expect(try !RetentionPolicy(["maxAge": "1d"]).hasKeepRules)
    }

    @Test(
        "What is none",
        arguments: [
            (["keepLast": 0], .malformed(member: "keepLast", expected: "a number from 1 to 1000000")),
            (["keepDaily": 1_000_001], .malformed(member: "keepDaily", expected: "a number from 1 to 1000000")),
            (["keepYearly": "7"], .malformed(member: "keepYearly", expected: "a number from 1 to 1000000")),
            (["maxCheckpoints": -1], .malformed(member: "maxCheckpoints", expected: "a number from 1 to 1000000")),
            (["maxAge": "5 days"], .malformed(member: "maxAge", expected: DurationText.rule)),
            (["maxAge": 5], .malformed(member: "maxAge", expected: DurationText.rule)),
            (
                ["timezone": "../x"],
                .malformed(member: "timezone", expected: "time zones are named as in the tz database")
            ),
            (["keepLast": 3, "keepForever": true], .unknownMember("keepForever")),
        ] as [(JSONObject, RetentionError)])
    func refused(_ policy: JSONObject, _ error: RetentionError) {
        #expect(throws: error) { try RetentionPolicy(policy) }
        #expect(!error.description.isEmpty)
    }

    @Test("The time zone of the triggers counts where they agree and the policy names none") func zones() throws {
        func trigger(_ operation: String, _ zone: String?) -> JSONValue {
            var trigger: JSONObject = ["operation": .string(operation)]
            if let zone { trigger["timezone"] = .string(zone) }
            return .object(trigger)
        }
        func zone(_ policy: JSONObject, _ triggers: [JSONValue]) throws -> String {
            try RetentionPolicy(policy, triggers: triggers).timeZone
        }
        let tokyo = trigger("protect", "Asia/Tokyo")
        #expect(try zone([:], []) == "UTC")
        #expect(try zone([:], [tokyo, tokyo, trigger("verify", "Europe/Berlin")]) == "Asia/Tokyo")
        #expect(try zone([:], [tokyo, trigger("protect", nil)]) == "UTC")
        #expect(try zone([:], [trigger("verify", "Asia/Tokyo")]) == "UTC")
        #expect(try zone(["timezone": "Europe/Berlin"], [tokyo]) == "Europe/Berlin")
    }

    @Test("A zone that this machine does not know") func unknownZones() throws {
        let nowhere = TimeZoneDatabase(directory: "/nonexistent")
        let policy = try RetentionPolicy(["keepDaily": 3, "timezone": "Europe/Berlni"])
        #expect(throws: RetentionError.unknownTimeZone("Europe/Berlni")) { try policy.zone() }
        #expect(throws: RetentionError.noTimeZones("Europe/Berlni", directory: "/nonexistent")) {
            try policy.zone(from: nowhere)
        }
        // No calendar, no database.
        #expect(throws: Never.self) { try RetentionPolicy(["keepDaily": 3]).zone(from: nowhere) }
        #expect(throws: Never.self) {
            try RetentionPolicy(["keepLast": 3, "timezone": "Europe/Berlni"]).zone(from: nowhere)
        }
    }
}
