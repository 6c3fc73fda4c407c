import BlockingIO
import CanonicalForm
import Foundation
package import PluginKit
import Synchronization

/// An artifact store in a directory, as honest about its cost as a real bank: 8 MiB parts, a digest over each and
/// over the whole, each part on disk before the next.
package final class DirectoryArtifacts: ArtifactStore {
    /// Length of a part in bytes.
    package static let partLength = 8 << 20

    private let directory: String
    private let partLength: Int
    private let threads = BlockingThreads(name: "artifacts", count: 2)
    private let finished = Mutex([String: ArtifactSummary]())

    /// A store in `directory`, which is made.
    package init(_ directory: String, partLength: Int = DirectoryArtifacts.partLength) throws {
        self.directory = directory
        self.partLength = partLength
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// The files that hold an artifact's parts, in order.
    package func parts(_ name: String) -> [String] {
        let folder = "\(directory)/\(name)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }

    package func writer(_ name: String) async throws -> any ArtifactWriter {
        let folder = "\(directory)/\(name)"
        if FileManager.default.fileExists(atPath: folder) { throw StoreError(description: "\(name) exists") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return Writer(name: name, folder: folder, preferredChunkLength: partLength, threads: threads) { summary in
            self.finished.withLock { $0[name] = summary }
        }
    }

    package func reader(_ name: String) async throws -> any ArtifactReader {
        guard let summary = finished.withLock({ $0[name] }) else {
            throw StoreError(description: "there is no artifact \(name)")
        }
        return Reader(summary: summary, parts: parts(name), threads: threads)
    }

    package func artifacts() async throws -> [ArtifactSummary] {
        finished.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    package func remove(_ name: String) async throws {
        finished.withLock { $0[name] = nil }
        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
    }

    /// Lets an artifact appear as finished with another content; for tests of hostile archives.
    package func put(_ name: String, _ bytes: [UInt8]) async throws -> ArtifactSummary {
        try? await remove(name)
        let writer = try await writer(name)
        try await writer.write(bytes)
        return try await writer.finish()
    }

    private final class Writer: ArtifactWriter {
        private struct State {
            var hasher = SHA256Hasher()
            var size: Int64 = 0
            var part = 0
        }

        let preferredChunkLength: Int
        private let name: String
        private let folder: String
        private let threads: BlockingThreads
        private let done: @Sendable (ArtifactSummary) -> Void
        private let state = Mutex(State())

        init(
            name: String, folder: String, preferredChunkLength: Int, threads: BlockingThreads,
            done: @escaping @Sendable (ArtifactSummary) -> Void
        ) {
            self.name = name
            self.folder = folder
            self.preferredChunkLength = preferredChunkLength
            self.threads = threads
            self.done = done
        }

        func write(_ bytes: [UInt8]) async throws {
            try await threads.run { [self] in
                _ = SHA256Digest(of: bytes)
                let part = state.withLock { state in
                    state.hasher.update(bytes)
                    state.size += Int64(bytes.count)
                    state.part += 1
                    return state.part
                }
                let number = String(part)
                let path = folder + "/" + String(repeating: "0", count: 8 - number.count) + number
                let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                if fd < 0 { throw StoreError(description: "cannot create \(path)") }
                defer { close(fd) }
                var written = 0
                while written < bytes.count {
                    let count = bytes.withUnsafeBytes {
                        Foundation.write(fd, $0.baseAddress.map { $0 + written }, $0.count - written)
                    }
                    if count < 0 { throw StoreError(description: "cannot write \(path)") }
                    written += count
                }
                if fsync(fd) != 0 { throw StoreError(description: "cannot sync \(path)") }
            }
        }

        func finish() async throws -> ArtifactSummary {
            let summary = state.withLock {
                ArtifactSummary(name: name, size: $0.size, digest: $0.hasher.finalize())
            }
            done(summary)
            return summary
        }
    }

    private final class Reader: ArtifactReader {
        private struct State {
            var hasher = SHA256Hasher()
            var part = 0
        }

        let summary: ArtifactSummary
        private let parts: [String]
        private let threads: BlockingThreads
        private let state = Mutex(State())

        init(summary: ArtifactSummary, parts: [String], threads: BlockingThreads) {
            self.summary = summary
            self.parts = parts
            self.threads = threads
        }

        func next() async throws -> [UInt8]? {
            try await threads.run { [self] in
                let part = state.withLock { state in
                    defer { state.part += 1 }
                    return state.part
                }
                guard part < parts.count else {
                    let digest = state.withLock { $0.hasher.finalize() }
                    if digest != summary.digest { throw StoreError(description: "\(summary.name) is damaged") }
                    return nil
                }
                let bytes = try readPart(parts[part])
                // The part's own digest, that a real bank keeps beside it.
                _ = SHA256Digest(of: bytes)
                state.withLock { $0.hasher.update(bytes) }
                return bytes
            }
        }

        private func readPart(_ path: String) throws -> [UInt8] {
            let fd = open(path, O_RDONLY | O_CLOEXEC)
            if fd < 0 { throw StoreError(description: "cannot open \(path)") }
            defer { close(fd) }
            var status = stat()
            guard fstat(fd, &status) == 0 else { throw StoreError(description: "cannot stat \(path)") }
            let size = Int(status.st_size)
            return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                while count < size {
                    let got = read(fd, buffer.baseAddress.map { $0 + count }, size - count)
                    if got <= 0 { throw StoreError(description: "cannot read \(path)") }
                    count += got
                }
            }
        }
    }
}

/// What went wrong in the store.
package struct StoreError: Error, CustomStringConvertible {
    package let description: String
}

/// Keeps what an activity reports.
package final class RecordingReporter: ActivityReporter {
    private struct State {
        var warnings: [ActivityWarning] = []
        var expected: Int64?
        var advanced: Int64 = 0
    }

    private let state = Mutex(State())

    /// A reporter that has heard nothing.
    package init() {}

    /// The warnings, in order.
    package var warnings: [ActivityWarning] { state.withLock { $0.warnings } }
    /// The bytes that were announced.
    package var expected: Int64? { state.withLock { $0.expected } }
    /// The bytes that were handled.
    package var advanced: Int64 { state.withLock { $0.advanced } }

    package func expect(bytes: Int64) { state.withLock { $0.expected = bytes } }
    package func advance(bytes: Int64) { state.withLock { $0.advanced += bytes } }
    package func warn(_ warning: ActivityWarning) { state.withLock { $0.warnings.append(warning) } }
}
