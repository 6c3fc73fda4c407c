import Bank
import CanonicalForm
import Checkpoints
import DirectoryBank
import Glibc
import PlanIR
import Retention
import Schedules

/// Measures the decisions of retention by themselves, and makes the bank over which `cairn retain` and `cairn gc` are
/// measured.
///
/// usage: RetentionBench decide COUNT ROUNDS; prints a line: checkpoints, seconds, kept.
///        RetentionBench fill DIRECTORY IR COUNT; fills a new bank with checkpoints of a compiled plan, one an hour.
@main
struct RetentionBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "decide": try decide(count: number(arguments, 1) ?? 100_000, rounds: number(arguments, 2) ?? 5)
        case "fill":
            guard arguments.count == 4, let count = number(arguments, 3) else { return usage() }
            try await fill(directory: arguments[1], ir: contents(of: arguments[2]), count: count)
        default: usage()
        }
    }

    private static func usage() { print("usage: RetentionBench decide COUNT ROUNDS | fill DIRECTORY IR COUNT") }

    private static func number(_ arguments: [String], _ position: Int) -> Int? {
        position < arguments.count ? Int(arguments[position]) : nil
    }

    private static let hour: Int64 = 3_600_000
    /// When the newest checkpoint is made: 2026-11-22 12:00 UTC.
    private static let newest: Int64 = 1_795_348_800_000

    private static func decide(count: Int, rounds: Int) throws {
        let policy = try RetentionPolicy([
            "keepLast": 24, "keepHourly": 48, "keepDaily": 60, "keepWeekly": 104, "keepMonthly": 120, "keepYearly": 20,
            "maxAge": "4000d", "maxCheckpoints": 1000, "timezone": "Europe/Berlin",
        ])
        let zone = try policy.zone()
        // In the order of the ids, as indices may give them.
        let candidates = (0..<count).map { position in
            let age = Int64(position * 7919 % count) * hour
            return RetentionCandidate(position, created: newest - age, standing: .available)
        }
        var times: [Double] = []
        var kept = 0
        for round in 0...rounds {
            let start = monotonicSeconds()
            let decisions = Retention.decide(candidates, by: policy, in: zone, now: newest)
            let end = monotonicSeconds()
            kept = decisions.count { $0.isKept }
            if round > 0 { times.append(end - start) }
        }
        print(count, times.sorted()[times.count / 2], kept)
    }

    private static func fill(directory: String, ir: [UInt8], count: Int) async throws {
        let plan = try PlanIR(loading: ir)
        let owner = Owner(id: "0000000000000000", host: "h", process: 1, boot: "b", processStart: 1, namespace: "n")
        let bank = UnsyncedBank(try DirectoryBank(path: directory), at: directory)
        let collection = CheckpointCollection(
            bank: bank, owner: owner, consistency: .compareAndSwap, hasEnded: { _ in true })
        for number in 0..<count {
            let created = Timestamp(milliseconds: newest - Int64(number) * hour)
            let index = CheckpointIndex(
                id: .random(), plan: plan.plan, provider: plan.provider.name, created: created, owner: owner,
                irDigest: SHA256Digest(of: ir), resources: Int64(plan.resources.count))
            try await collection.create(index, ir: ir)
            let resources = plan.resources.map { resource in
                CommitRecord.ResourceEntry(
                    resource: resource.identity, status: .available, bytes: 0, contentBytes: 0, warnings: 0,
                    milliseconds: [])
            }
            try await collection.commit(
                CommitRecord(
                    checkpoint: index.id, epoch: 1, status: .available, finished: created, resources: resources,
                    failures: [], contentBytes: 0, journalSegments: 0, definitions: .packs([])))
            try await collection.publish(index)
            try await collection.settle(index.id)
        }
    }

    private static func contents(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Failure(description: "cannot read '\(path)'") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func monotonicSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String
}
