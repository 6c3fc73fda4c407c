import Bank
import CanonicalForm
import DirectoryBank
import Foundation
import Testing

/// Measures, when CAIRN_BENCHMARK names the directories to measure in, separated by colons. A tmpfs such as /dev/shm
/// shows the bank's own cost, since `fsync` is free there.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["CAIRN_BENCHMARK"] != nil, "set CAIRN_BENCHMARK=DIR[:DIR…]"))
struct ThroughputTests {
    private static let partLength = 8 << 20
    private static let count = 64

    private static var directories: [String] {
        (ProcessInfo.processInfo.environment["CAIRN_BENCHMARK"] ?? "").split(separator: ":").map(String.init)
    }

    @Test(arguments: directories, [1, 3, 8]) func puts(in directory: String, inFlight: Int) async throws {
        for versioned in [false, true] {
            let bank = try DirectoryBank(path: "\(directory)/cairn-benchmark-\(CrockfordBase32.random(length: 8))")
            defer { try? FileManager.default.removeItem(atPath: bank.place) }
            try await bank.createRoot()
            let part = [UInt8](repeating: 0xA5, count: ThroughputTests.partLength)
            let put: @Sendable (Int) async throws -> Void = { number in
                let key = try BankKey("parts/\(number)")
                if versioned {
                    try await bank.put(key, part, if: .none)
                } else {
                    try await bank.putUnversioned(key, part, if: .none)
                }
            }
            let time = try await ContinuousClock().measure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<ThroughputTests.count {
                        if number >= inFlight { try await group.next() }
                        group.addTask { try await put(number) }
                    }
                    try await group.waitForAll()
                }
            }
            let megabytes = Double(ThroughputTests.count * ThroughputTests.partLength) / 1_000_000
            let kind = versioned ? "with versions" : "without versions"
            print("\(directory), \(inFlight) in flight, \(kind): \(Int(megabytes / (time / .seconds(1)))) MB/s")
        }
    }
}
