internal import BlockingIO
internal import CanonicalForm
internal import PluginKit

/// One protection of a tree: a thread reads it, two tasks write what it produces.
struct ProtectRun {
    /// The artifact with the tree, and the one that says what must be in it.
    static let archiveName = "archive"
    static let catalogName = "catalog"
    /// Chunks longer than this gain nothing and cost memory. Bytes.
    private static let longestChunk = 16 << 20

    let settings: FilesSettings
    let context: ActivityContext
    let seams: FilesSeams

    /// Protects the tree and returns what to remember; throws `PluginError` or `CancellationError`.
    func run() async throws -> FilesDefinition {
        do {
            // An earlier attempt of this activity may have finished one of the two.
            for left in try await context.artifacts.artifacts()
            where [ProtectRun.archiveName, ProtectRun.catalogName].contains(left.name) {
                try await context.artifacts.remove(left.name)
            }
            return try await write()
        } catch {
            // Only tidying: what is not finished does not count, and what stays is removed with the checkpoint.
            for name in [ProtectRun.archiveName, ProtectRun.catalogName] { try? await context.artifacts.remove(name) }
            throw Failures.asPluginError(error)
        }
    }

    private func write() async throws -> FilesDefinition {
        let archiveWriter = try await context.artifacts.writer(ProtectRun.archiveName)
        let catalogWriter = try await context.artifacts.writer(ProtectRun.catalogName)
        let archive = ThreadToTaskChannel<[UInt8]>(capacity: 2)
        let catalog = ThreadToTaskChannel<[UInt8]>(capacity: 2)
        let stop = StopFlag()
        let archiveLength = chunkLength(archiveWriter)
        let catalogLength = chunkLength(catalogWriter)
        return try await withTaskCancellationHandler {
            async let produced = Failures.caught {
                try await BlockingThreads.runAlone(name: "files-protect") {
                    try produce(archive, archiveLength, catalog, catalogLength, stop)
                }
            }
            async let first = Failures.caught { try await pump(archive, archiveWriter, stop) }
            async let second = Failures.caught { try await pump(catalog, catalogWriter, stop) }
            let watched = StopFlag()
            async let estimated: Void = estimate(watched)
            let results = await (produced, first, second)
            watched.raise()
            await estimated
            try Failures.rethrow([results.0.failure, results.1.failure, results.2.failure])
            let totals = try results.0.get()
            // Both streams are whole: only now may they become artifacts.
            return FilesDefinition(
                path: settings.path, archive: try await archiveWriter.finish(),
                catalog: try await catalogWriter.finish(), entries: totals.entries, bytes: totals.bytes,
                compression: settings.compression.enabled, warnings: totals.warnings)
        } onCancel: {
            stop.raise()
        }
    }

    /// Tells how much there is to read, when someone wants to know.
    private func estimate(_ stop: StopFlag) async {
        guard context.reporter.wantsEstimate else { return }
        let settings = settings
        let bytes = try? await BlockingThreads.runAlone(name: "files-estimate") { TreeEstimate.bytes(settings, stop) }
        if let bytes = bytes ?? nil { context.reporter.expect(bytes: bytes) }
    }

    private func chunkLength(_ writer: any ArtifactWriter) -> Int {
        min(max(writer.preferredChunkLength, 1 << 12), ProtectRun.longestChunk)
    }

    /// The thread's work; both channels are closed when it returns or throws.
    private func produce(
        _ archive: ThreadToTaskChannel<[UInt8]>, _ archiveLength: Int, _ catalog: ThreadToTaskChannel<[UInt8]>,
        _ catalogLength: Int, _ stop: StopFlag
    ) throws -> TreeArchiver.Totals {
        do {
            seams.producerStarts()
            let totals = try withPlainLocale {
                let archiveOutput = try ArchiveOutput(.pax, settings.compression, chunkLength: archiveLength) {
                    try archive.send($0)
                }
                // The catalog is a hundredth of the archive: one thread is plenty.
                var compression = settings.compression
                compression.threads = 1
                let catalogOutput = try ArchiveOutput(.raw, compression, chunkLength: catalogLength) {
                    try catalog.send($0)
                }
                return try TreeArchiver(
                    settings, archive: archiveOutput, catalog: catalogOutput, reporter: context.reporter, stop: stop,
                    seams: seams
                ).run()
            }
            archive.finish()
            catalog.finish()
            return totals
        } catch {
            archive.finish(throwing: error)
            catalog.finish(throwing: error)
            throw error
        }
    }

    private func pump(
        _ channel: ThreadToTaskChannel<[UInt8]>, _ writer: any ArtifactWriter, _ stop: StopFlag
    ) async throws {
        do {
            while let chunk = try await channel.next() { try await writer.write(chunk) }
        } catch {
            stop.raise()
            channel.cancel()
            throw error
        }
    }
}
