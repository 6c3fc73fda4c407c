#if DEBUG
    import Bank
    import Glibc
    import Synchronization

    /// Where a debug build ends itself, as a power cut would: before or behind a write to the bank.
    ///
    /// `CAIRN_CRASH_AT=NAME[:COUNT]` says where, and at which passing of it: `before-put-commit`, `after-delete-marker:2`.
    /// `CAIRN_CRASH_LOG=FILE` takes the name of every point that is passed, a line each. Release builds have none of it.
    package struct CrashPoints: Sendable {
        private struct Target: Sendable {
            let name: String
            let count: Int
        }

        private let target: Target?
        private let log: String?
        private let passed = Passed()

        private final class Passed: Sendable {
            let counts = Mutex<[String: Int]>([:])
        }

        /// The points that the environment asks for, `nil` when it asks for none.
        package init?() {
            let wanted = getenv("CAIRN_CRASH_AT").map { String(cString: $0) }
            log = getenv("CAIRN_CRASH_LOG").map { String(cString: $0) }
            guard wanted != nil || log != nil else { return nil }
            target = wanted.map { text in
                let parts = text.split(separator: ":", maxSplits: 1)
                return Target(name: parts.first.map(String.init) ?? "", count: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
            }
        }

        func pass(_ moment: String, _ operation: String, _ key: BankKey) {
            let name = "\(moment)-\(operation)-\(Self.kind(of: key))"
            let count = passed.counts.withLock { counts in
                counts[name, default: 0] += 1
                return counts[name] ?? 0
            }
            if let log { Self.append("\(name):\(count)\n", to: log) }
            if let target, target.name == name, target.count == count { kill(getpid(), SIGKILL) }
        }

        private static func append(_ line: String, to file: String) {
            let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            _ = line.withCString { write(descriptor, $0, strlen($0)) }
        }

        /// What an object is, in one word.
        private static func kind(of key: BankKey) -> String {
            let segments = key.segments
            let last = segments.last.map(String.init) ?? ""
            switch segments.first {
            case "leases": return "lease"
            case "operations": return "operation"
            case "indices": return segments.count > 1 && segments[1] == "unfinished" ? "marker" : "entry"
            case "checkpoints": break
            default: return "other"
            }
            if segments.count > 3 && segments[2] == "epochs" { return "epoch" }
            if segments.contains("journal") { return "journal" }
            if segments.contains("copying") { return "copying" }
            if segments.contains("commits") { return "commit" }
            if segments.contains("uses") { return "use" }
            if segments.contains("definitions") { return "definitions" }
            if segments.contains("parts") { return "part" }
            return last.hasSuffix(".json") ? String(last.dropLast(5)) : "other"
        }
    }

    /// A bank that passes crash points.
    struct CrashingBank: ForwardingBank {
        let bank: any Bank
        let points: CrashPoints

        @discardableResult
        func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
            points.pass("before", "put", key)
            defer { points.pass("after", "put", key) }
            return try await bank.put(key, bytes, if: condition)
        }

        func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
            points.pass("before", "put", key)
            defer { points.pass("after", "put", key) }
            try await bank.putUnversioned(key, bytes, if: condition)
        }

        @discardableResult
        func put(
            _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable,
            if condition: WriteCondition
        ) async throws -> Int64 {
            points.pass("before", "put", key)
            defer { points.pass("after", "put", key) }
            return try await bank.put(key, stream: chunks, if: condition)
        }

        func delete(_ key: BankKey, if condition: WriteCondition) async throws {
            points.pass("before", "delete", key)
            defer { points.pass("after", "delete", key) }
            try await bank.delete(key, if: condition)
        }
    }
#endif
