import Bank
import CanonicalForm
import Checkpoints
import PluginKit

/// Reads the bytes of an artifact, each once: every part against its digest, and all parts together against the digest of
/// the whole, as a reader does.
struct ArtifactReading: Sendable {
    /// How it is with one part.
    struct PartResult: Sendable {
        var bytes: Int64 = 0
        var isMissing = false
        var fault: String?
    }

    /// How it is with the parts, in their order; and whether they add up to something else than the record says.
    struct Result: Sendable {
        var parts: [PartResult]
        var isOtherContent = false
    }

    /// The longest part that is held in memory until its turn comes.
    private static let longestHeld: Int64 = 16 << 20

    let record: ArtifactRecord
    let place: ArtifactKeys
    let bank: any Bank
    /// How many parts are read at a time.
    let readers: Int

    func run() async throws -> Result {
        let sizes = record.parts.count
        guard sizes > 1 else { return try await small() }
        var result = Result(parts: [PartResult](repeating: PartResult(), count: sizes))
        let content =
            record.partSize <= Self.longestHeld
            ? try await sideBySide(&result.parts) : try await oneByOne(&result.parts)
        // Parts that are damaged have been told of, and no digest of the whole is expected of them.
        if let content { result.isOtherContent = content != record.summary.digest }
        return result
    }

    /// One part is the whole, and none is nothing.
    private func small() async throws -> Result {
        guard let part = record.parts.first else {
            return Result(parts: [], isOtherContent: SHA256Digest(of: []) != record.summary.digest)
        }
        var whole: SHA256Hasher?
        let result = try await read(0, &whole).result
        return Result(parts: [result], isOtherContent: result.fault == nil && part.digest != record.summary.digest)
    }

    /// Reads several parts at a time, and puts them together in their order while others are read. Gives the digest of the
    /// whole; `nil` when a part is not what it should be.
    private func sideBySide(_ results: inout [PartResult]) async throws -> SHA256Digest? {
        let count = record.parts.count
        let width = max(2, readers)
        return try await withThrowingTaskGroup(of: (Int, PartResult, [[UInt8]]).self) { group in
            var begun = 0
            var finished = 0
            /// What was read before its turn.
            var waiting: [Int: [[UInt8]]] = [:]
            /// The part whose turn it is.
            var turn = 0
            var content: SHA256Hasher? = SHA256Hasher()
            while finished < count {
                try Task.checkCancellation()
                while begun < count, begun - (content == nil ? finished : min(finished, turn)) < 2 * width {
                    let number = begun
                    group.addTask {
                        var whole: SHA256Hasher?
                        let (result, chunks) = try await read(number, &whole, holds: true)
                        return (number, result, chunks)
                    }
                    begun += 1
                }
                guard let (number, result, chunks) = try await group.next() else { break }
                finished += 1
                results[number] = result
                guard result.fault == nil else {
                    content = nil
                    waiting = [:]
                    continue
                }
                if content != nil { waiting[number] = chunks }
                while let chunks = waiting.removeValue(forKey: turn) {
                    for chunk in chunks { content?.update(chunk) }
                    turn += 1
                }
            }
            return content?.finalize()
        }
    }

    /// As `sideBySide`, for parts that are too long to be held.
    private func oneByOne(_ results: inout [PartResult]) async throws -> SHA256Digest? {
        var content: SHA256Hasher? = SHA256Hasher()
        for number in record.parts.indices {
            try Task.checkCancellation()
            results[number] = try await read(number, &content).result
            if results[number].fault != nil { content = nil }
        }
        return content?.finalize()
    }

    /// Reads one part, and gives its chunks when they are to be held; `whole` takes them, too.
    private func read(
        _ number: Int, _ whole: inout SHA256Hasher?, holds: Bool = false
    ) async throws -> (result: PartResult, chunks: [[UInt8]]) {
        let part = record.parts[number]
        var result = PartResult()
        var chunks: [[UInt8]] = []
        var hasher = SHA256Hasher()
        do {
            for try await chunk in try await bank.stream(place.part(UInt32(number))) {
                result.bytes += Int64(chunk.count)
                // One that has grown is damaged, and is not held.
                if holds, result.bytes <= part.size { chunks.append(chunk) }
                hasher.update(chunk)
                whole?.update(chunk)
            }
        } catch BankError.notFound {
            return (PartResult(isMissing: true, fault: "is missing"), [])
        } catch BankError.storeFailed(_, _, let reason, _) {
            result.fault = "cannot be read: \(reason)"
            return (result, [])
        }
        if result.bytes != part.size {
            result.fault = "has \(result.bytes) bytes and not \(part.size)"
        } else if hasher.finalize() != part.digest {
            result.fault = "has not the bytes that were written: its digest is not the one in its artifact's record"
        }
        return (result, result.fault == nil ? chunks : [])
    }
}
