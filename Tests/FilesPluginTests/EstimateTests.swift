import CanonicalForm
import Foundation
import Testing

@testable import FilesPlugin

struct EstimateTests {
    /// The estimate counts what the reading would read: each file once, no holes, nothing excluded.
    @Test func countsWhatWouldBeRead() async throws {
        let fixture = try Fixture()
        try fixture.inTree(
            """
            head -c 10000 /dev/zero | tr '\\0' x > a; ln a b; ln -s a c; mkdir -p d/e cache
            head -c 5000 /dev/zero | tr '\\0' y > d/e/f; truncate -s 1G hole; echo no > cache/x; echo no > z.tmp
            """)
        let settings = try FilesSettings(
            ["path": .string(fixture.tree)], ["exclude": ["cache/", "*.tmp"]])
        #expect(TreeEstimate.bytes(settings, StopFlag()) == 15000)
    }

    @Test func stopsWhenAsked() throws {
        let fixture = try Fixture()
        let stop = StopFlag()
        stop.raise()
        let settings = try FilesSettings(["path": .string(fixture.tree)], [:])
        #expect(TreeEstimate.bytes(settings, stop) == nil)
    }

    @Test func nothingToLookAtIsNoEstimate() throws {
        let settings = try FilesSettings(["path": "/no/such/place"], [:])
        #expect(TreeEstimate.bytes(settings, StopFlag()) == nil)
    }
}
