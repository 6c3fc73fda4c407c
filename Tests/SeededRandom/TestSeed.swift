import Glibc

/// The seed that a test of random things begins with.
///
/// Each run looks somewhere else; but where a change is judged, in CI (the variable `CI` is set), a test has a seed of its
/// own that stays the same, so that a change is not refused for a fault that was there before. `CAIRN_TEST_SEED` repeats
/// a run: tests print the seed with what fails.
///
/// - Parameters:
///   - file: The test's file; tests that are called alike have seeds of their own by it.
///   - function: The test.
package func testSeed(file: String = #fileID, function: String = #function) -> UInt64 {
    if let given = getenv("CAIRN_TEST_SEED"), let seed = UInt64(String(cString: given)) { return seed }
    guard getenv("CI") != nil else { return UInt64.random(in: 0...UInt64.max) }
    // FNV-1a.
    return "\(file) \(function)".utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
