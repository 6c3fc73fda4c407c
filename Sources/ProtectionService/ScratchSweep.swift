import BlockingIO
import CanonicalForm
package import Checkpoints
import Glibc
import Surroundings

/// What was found of scratch directories that rehearsals have left behind, and what has become of it.
package struct SweptScratch: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// It is gone; in a dry run it would be.
        case removed
        /// Nobody can tell whether its owner still lives.
        case left(String)
        case failed(String)
    }

    package let path: String
    /// What it was, in a few words.
    package let words: String
    package let outcome: Outcome
}

/// Removes the scratch directories of rehearsals that were killed.
///
/// It removes nothing but what a rehearsal of this bank has made, and this user: by its name, by its owner, and by the record
/// in it. A living rehearsal keeps a lock on that record. Where that does not tell, since it ran on another host, its lease on
/// the bank does.
package struct ScratchSweep: Sendable {
    private let bank: String
    private let dryRun: Bool
    private let isGone: @Sendable (Owner) async throws -> Bool

    /// A sweep for the bank of this id; `isGone` says whether an owner of another host has certainly ended.
    package init(bank: String, dryRun: Bool = false, isGone: @escaping @Sendable (Owner) async throws -> Bool) {
        self.bank = bank
        self.dryRun = dryRun
        self.isGone = isGone
    }

    /// The place of a scratch directory by what was restored into it; `nil` when it was none.
    package static func place(ofContent path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 2, parts[parts.count - 1] == ScratchDirectory.contentName[...],
            parts[parts.count - 2].hasPrefix(ScratchDirectory.prefix)
        else { return nil }
        let place = parts.dropLast(2).joined(separator: "/")
        return place.isEmpty ? "/" : place
    }

    /// Looks in some places, each once; what nobody has left behind is passed over.
    package func run(in places: [String]) async throws -> [SweptScratch] {
        var swept: [SweptScratch] = []
        var seen: Set<String> = []
        for place in places {
            guard let real = realpath(place, nil) else { continue }
            defer { free(real) }
            let path = String(cString: real)
            guard seen.insert(path).inserted else { continue }
            let found = try await BlockingThreads.runAlone(name: "scratch-sweep") { Self.abandoned(in: path) }
            for candidate in found {
                try Task.checkCancellation()
                if let result = try await sweep(candidate) { swept.append(result) }
            }
        }
        return swept
    }

    /// A directory that nobody has a lock on.
    private struct Candidate: Sendable {
        let path: String
        /// `nil` when its rehearsal was killed before it could say whose it is.
        let record: ScratchRecord?
        let lock: FileLock?
    }

    private func sweep(_ candidate: Candidate) async throws -> SweptScratch? {
        var words = "an empty scratch directory of a rehearsal that was cut off"
        if let record = candidate.record {
            guard record.bank == bank else { return nil }
            words =
                "the scratch directory of a rehearsal of plan '\(record.plan)', begun \(record.created), that was cut off"
            let owner = record.owner
            func result(_ outcome: SweptScratch.Outcome) -> SweptScratch {
                SweptScratch(path: candidate.path, words: words, outcome: outcome)
            }
            if OwnerProcess.isRunning(owner) { return nil }
            do {
                var hasEnded = OwnerProcess.hasEnded(owner)
                if !hasEnded { hasEnded = try await isGone(owner) }
                guard hasEnded else {
                    return result(.left("process \(owner.process) on \(owner.host) may still use it"))
                }
            } catch let error where !(error is CancellationError) {
                return result(.left("whether its owner lives cannot be found out: \(error)"))
            }
        }
        guard !dryRun else { return SweptScratch(path: candidate.path, words: words, outcome: .removed) }
        do {
            try await ScratchDirectory.remove(candidate.path, isEmpty: candidate.record == nil)
            withExtendedLifetime(candidate.lock) {}
            return SweptScratch(path: candidate.path, words: words, outcome: .removed)
        } catch let fault as ScratchDirectory.Fault {
            return SweptScratch(path: candidate.path, words: words, outcome: .failed(fault.description))
        }
    }

    // MARK: Looking

    /// The longest record that is believed.
    private static let longestRecord = 65_536
    /// How long a directory without a record is left alone, in seconds: its rehearsal may be about to write it.
    private static let youth: Int = 3600

    private static func abandoned(in place: String) -> [Candidate] {
        DirectoryContents.names(in: place).compactMap { name in
            name.hasPrefix(ScratchDirectory.prefix) ? candidate("\(place == "/" ? "" : place)/\(name)") : nil
        }
    }

    private static func candidate(_ path: String) -> Candidate? {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        var status = stat()
        // What others may write to, or own, is not what a rehearsal of this user has made.
        guard fstat(directory, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            return nil
        }
        switch FileLock.take(ScratchDirectory.ownerName, in: directory, limit: longestRecord) {
        case .held: return nil
        case .free(let lock, let content):
            guard let record = try? ScratchRecord(opening: content) else { return nil }
            return Candidate(path: path, record: record, lock: lock)
        case .none:
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let isYoung = now.tv_sec - status.st_mtim.tv_sec < youth
            let names = DirectoryContents.names(in: path)
            guard !isYoung, names.isEmpty || names == [".\(ScratchDirectory.ownerName)"] else { return nil }
            return Candidate(path: path, record: nil, lock: nil)
        }
    }
}
