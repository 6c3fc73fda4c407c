internal import BlockingIO
internal import CanonicalForm
internal import Glibc
internal import PluginKit

/// One restore of a tree: a thread unpacks, a second one compares what was unpacked with the catalog right behind it, a third
/// one syncs now and then. At the end the directories are compared too, and everything is made durable.
struct RestoreRun {
    /// How many entries the unpacking may be ahead of the comparison.
    private static let lead = 4096

    let definition: FilesDefinition
    let context: ActivityContext
    let target: RestoreTarget
    let seams: FilesSeams

    /// Restores the tree; throws `PluginError` or `CancellationError`.
    func run() async throws {
        do {
            let trees = context.scope.index { Neighbours.Index($0) }
            let destination = try Destination(
                original: definition.path, target, claim: Destination.claim(context.checkpoint, context.resource),
                neighbours: trees.neighbours(of: definition.path), isOurs: context.place.isTaken)
            try await fill(destination)
        } catch { throw Failures.asPluginError(error) }
    }

    private func fill(_ destination: Destination) async throws {
        let stop = StopFlag()
        let neighbours = destination.neighbours
        let privileged = seams.privileged ?? (geteuid() == 0)
        // Before anything is made: a checkpoint without its artifacts must not leave an empty directory behind.
        let archive = try await ArtifactFeed(definition.archive, context.artifacts, stop)
        let catalog = try await ArtifactFeed(definition.catalog, context.artifacts, stop)
        let again = try await ArtifactFeed(definition.catalog, context.artifacts, stop)
        // Whether it may be filled is found before that is noted, and noted before anything is changed.
        try await BlockingThreads.runAlone(name: "files-prepare") { try destination.demandAdmission() }
        try await context.place.take()
        let (root, fresh) = try await BlockingThreads.runAlone(name: "files-prepare") {
            let opened = try destination.open()
            seams.opened()
            return opened
        }
        defer { close(root) }
        let durability = try Durability(root: root, path: destination.path, sync: seams.sync)
        context.reporter.expect(bytes: definition.bytes)
        let unpacked = HandOver<[UInt8]>(capacity: RestoreRun.lead)
        var findings = TreeComparison.Findings()
        var entries: Int64 = 0
        try await withTaskCancellationHandler {
            async let pumped = Failures.caught { try await archive.pump() }
            async let listed = Failures.caught { try await catalog.pump() }
            async let extracted = Failures.caught {
                try await BlockingThreads.runAlone(name: "files-restore") {
                    defer { durability.end() }
                    try extract(archive, unpacked, root, neighbours, replace: !fresh, privileged, durability, stop)
                }
            }
            async let synced: Void = BlockingThreads.runAlone(name: "files-sync") { durability.runBeside() }
            async let compared = Failures.caught {
                try await BlockingThreads.runAlone(name: "files-compare") {
                    try compareContent(catalog, unpacked, root, privileged, stop)
                }
            }
            let results = await (extracted, compared, pumped, listed)
            try await synced
            try Failures.rethrow([results.0.failure, results.1.failure, results.2.failure, results.3.failure])
            (findings, entries) = try results.1.get()

            let before = findings
            async let relisted = Failures.caught { try await again.pump() }
            async let recompared = Failures.caught {
                try await BlockingThreads.runAlone(name: "files-compare") {
                    try compareDirectories(again, before, root, neighbours, fresh: fresh, privileged, stop)
                }
            }
            let last = await (recompared, relisted)
            try Failures.rethrow([last.0.failure, last.1.failure])
            let extra: Int64
            (findings, extra) = try last.0.get()
            try conclude(findings, entries, extra, destination)
        } onCancel: {
            stop.raise()
            unpacked.close()
        }
        // Behind this the bank says for ever that it is whole, and nobody restores it again.
        try await BlockingThreads.runAlone(name: "files-sync") {
            try durability.finish()
            Destination.unmark(root)
            try durability.finish(directory: root)
        }
    }

    /// Unpacks; closes its channels whatever happens.
    private func extract(
        _ feed: ArtifactFeed, _ unpacked: HandOver<[UInt8]>, _ root: Int32, _ neighbours: Neighbours, replace: Bool,
        _ privileged: Bool, _ durability: Durability, _ stop: StopFlag
    ) throws {
        defer {
            feed.close()
            unpacked.close()
        }
        do {
            try withPlainLocale {
                let input = try ArchiveInput(.pax, fetch: feed.fetch)
                try Extractor(
                    root: duplicate(root), replace: replace, neighbours: neighbours, privileged: privileged,
                    durability: durability, stop: stop, reporter: context.reporter
                ).run(input) { path in
                    seams.extracted(path)
                    try unpacked.send(path)
                }
            }
        } catch {
            stop.raise()
            throw error
        }
    }

    /// Compares every entry but directories as soon as it is unpacked.
    private func compareContent(
        _ feed: ArtifactFeed, _ unpacked: HandOver<[UInt8]>, _ root: Int32, _ privileged: Bool, _ stop: StopFlag
    ) throws -> (TreeComparison.Findings, Int64) {
        defer {
            feed.close()
            unpacked.close()
        }
        do {
            return try withPlainLocale {
                let catalog = try CatalogReader(fetch: feed.fetch)
                let comparison = try TreeComparison(root: duplicate(root), privileged: privileged, stop: stop)
                var entries: Int64 = 0
                while let path = unpacked.receive() {
                    try stop.check()
                    guard let line = try catalog.nextPresent() else {
                        throw PluginError("the archive has entries that are not in the catalog")
                    }
                    guard line.path == path else {
                        throw PluginError(
                            "the archive has '\(PathText.printable(path))' where the catalog has "
                                + "'\(PathText.printable(line.path))'")
                    }
                    if line.kind != .directory { try comparison.compare(line) }
                    entries += 1
                }
                try stop.check()
                if let line = try catalog.nextPresent() {
                    throw PluginError("the archive lacks '\(PathText.printable(line.path))', which is in the catalog")
                }
                return (comparison.findings, entries)
            }
        } catch {
            stop.raise()
            throw error
        }
    }

    /// Compares the directories, whose metadata are final only now, and counts what is on disk besides.
    private func compareDirectories(
        _ feed: ArtifactFeed, _ before: TreeComparison.Findings, _ root: Int32, _ neighbours: Neighbours, fresh: Bool,
        _ privileged: Bool, _ stop: StopFlag
    ) throws -> (TreeComparison.Findings, Int64) {
        defer { feed.close() }
        seams.comparingDirectories()
        return try withPlainLocale {
            let catalog = try CatalogReader(fetch: feed.fetch)
            let comparison = try TreeComparison(
                root: duplicate(root), privileged: privileged, stop: stop, findings: before)
            var entries: Int64 = 0
            while let line = try catalog.nextPresent() {
                try stop.check()
                entries += 1
                if line.kind != .directory || neighbours.isRoot(line.path) { continue }
                try SharedDirectories.exclusively(if: neighbours.isWay(line.path)) { try comparison.compare(line) }
            }
            if fresh { return (comparison.findings, 0) }
            let present = try TreeCount.entries(below: duplicate(root), besides: neighbours, stop)
            return (comparison.findings, max(0, present - entries))
        }
    }

    private func duplicate(_ fd: Int32) throws -> Int32 {
        let copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if copy < 0 { throw SystemFailure("open", definition.path) }
        return copy
    }

    private func conclude(
        _ findings: TreeComparison.Findings, _ entries: Int64, _ extra: Int64, _ destination: Destination
    ) throws {
        let place = PathText.printable(destination.path)
        if entries != definition.entries {
            throw PluginError(
                "\(entries) entries were restored to '\(place)', but \(definition.entries) were protected")
        }
        if findings.different > 0 {
            let rest = findings.different - findings.named.count
            throw PluginError(
                "\(findings.different) of \(entries) entries below '\(place)' are not what was protected: "
                    + findings.named.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : ""),
                advice: "do not rely on what was restored; see that nothing else writes there, and that its file "
                    + "system can hold all metadata, then restore again")
        }
        func warn(_ kind: String, _ message: String) {
            context.reporter.warn(ActivityWarning(kind: kind, subject: place, message: message))
        }
        if extra > 0 {
            warn(
                "extra-files-kept",
                "\(extra) files and directories besides those of the checkpoint were left as they are")
        }
        if findings.foreignOwners > 0 {
            warn(
                "owners-not-restored",
                "\(findings.foreignOwners) entries have not got back their owner, set-id bits or privileged "
                    + "attributes, since only root may set them")
        }
        if findings.unreadable > 0 {
            warn(
                "not-compared",
                "\(findings.unreadable) entries could not be read back, since their mode allows it only to root")
        }
    }
}

/// Counts a tree.
enum TreeCount {
    /// How many entries lie below and with `root`, which is taken over; without what the neighbours put there.
    static func entries(below root: Int32, besides neighbours: Neighbours, _ stop: StopFlag) throws -> Int64 {
        let directories = try DirectoryStack(root: root)
        var count: Int64 = 1
        var levels: [(names: NameList, next: Int)] = [(try FileSystem.names(in: root, path: [0x2E]), 0)]
        while let level = levels.last {
            try stop.check()
            guard level.next < level.names.count else {
                levels.removeLast()
                try directories.leave()
                continue
            }
            levels[levels.count - 1].next += 1
            let name = level.names[level.next]
            let path = PathText.join(directories.path, name)
            if !neighbours.isShared(path) || !neighbours.isLeftOut(path) { count += 1 }
            if neighbours.isRoot(path) { continue }
            let status = try FileSystem.status(at: directories.current, name, path: path)
            if status.st_mode & mode_t(FileType.mask) != FileType.directory { continue }
            try directories.enter(name)
            levels.append((try FileSystem.names(in: directories.current, path: path), 0))
        }
        return count
    }
}
