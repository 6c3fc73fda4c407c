import Foundation
import PlanIR
import RunRecords
import Testing

@Suite("docs/run-record.md")
struct RunRecordPageTests {
    @Test("The example is a run record, and says what the page says of it") func example() throws {
        let blocks = try Page("run-record.md").blocks("ndjson")
        let text = try #require(blocks.first).text
        let record = try RunRecord(reading: Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
        #expect(record.plan == "shop" && record.operation == .protect && record.end?.status == "error")
        #expect(record.activities.map(\.state) == [.done, .failed, .reverted])
        #expect(record.activities[0].duration == 2_602_000_000)
        #expect(!record.isTorn)
    }
}
