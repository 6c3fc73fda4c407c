internal import BlockingIO
internal import CanonicalForm
internal import PluginKit

/// One verification of what is in the bank.
struct VerifyRun {
    /// How deep to look.
    enum Level: String {
        /// Every byte of both artifacts against the bank's digests.
        case digests
        /// That, and the archive unpacked in memory against the catalog.
        case archive
    }

    let definition: FilesDefinition
    let context: ActivityContext

    /// Verifies; throws `PluginError` when a restore would fail, or `CancellationError`.
    func run() async throws {
        let name = context.parameters["level"]?.stringValue ?? Level.archive.rawValue
        guard let level = Level(rawValue: name) else {
            throw PluginError("the verify level '\(name)' is unknown", advice: "write digests or archive")
        }
        do {
            let stop = StopFlag()
            let archive = try await ArtifactFeed(definition.archive, context.artifacts, stop)
            let catalog = try await ArtifactFeed(definition.catalog, context.artifacts, stop)
            switch level {
            case .digests:
                context.reporter.expect(bytes: definition.archive.size + definition.catalog.size)
                try await archive.exhaust(context.reporter)
                try await catalog.exhaust(context.reporter)
            case .archive:
                context.reporter.expect(bytes: definition.bytes)
                try await decode(archive, catalog, stop)
            }
        } catch { throw Failures.asPluginError(error) }
    }

    private func decode(_ archive: ArtifactFeed, _ catalog: ArtifactFeed, _ stop: StopFlag) async throws {
        try await withTaskCancellationHandler {
            async let pumped = Failures.caught { try await archive.pump() }
            async let listed = Failures.caught { try await catalog.pump() }
            async let checked = Failures.caught {
                try await BlockingThreads.runAlone(name: "files-verify") { try check(archive, catalog, stop) }
            }
            let results = await (checked, pumped, listed)
            try Failures.rethrow([results.0.failure, results.1.failure, results.2.failure])
        } onCancel: {
            stop.raise()
        }
    }

    private func check(_ archive: ArtifactFeed, _ catalog: ArtifactFeed, _ stop: StopFlag) throws {
        defer {
            archive.close()
            catalog.close()
        }
        try withPlainLocale {
            let input = try ArchiveInput(.pax, fetch: archive.fetch)
            let lines = try CatalogReader(fetch: catalog.fetch)
            var entries: Int64 = 0
            while let entry = try input.nextEntry() {
                try stop.check()
                let found = try CatalogEntry(archived: entry)
                guard let line = try lines.nextPresent(), line.path == found.path else {
                    throw PluginError(
                        "the archive's entry \(entries + 1), '\(PathText.printable(found.path))', is not what the "
                            + "catalog has there")
                }
                if let difference = try difference(line, found, entry, input, stop) {
                    throw PluginError(
                        "in the archive, '\(PathText.printable(line.path))' differs from the catalog: \(difference)")
                }
                entries += 1
            }
            try input.drain()
            if let line = try lines.nextPresent() {
                throw PluginError("the archive lacks '\(PathText.printable(line.path))', which is in the catalog")
            }
            if entries != definition.entries {
                throw PluginError("the archive has \(entries) entries, but \(definition.entries) were protected")
            }
        }
    }

    /// What differs, `nil` if nothing does.
    private func difference(
        _ line: CatalogEntry, _ found: CatalogEntry, _ entry: OpaquePointer, _ input: ArchiveInput, _ stop: StopFlag
    ) throws -> String? {
        if line.kind != found.kind { return "kind of file" }
        if line.target != found.target { return "target" }
        if line.kind == .hardlink { return nil }
        if line.device != found.device { return "device number" }
        if line.owner != found.owner || line.group != found.group { return "owner" }
        if line.modified != found.modified { return "modification time" }
        let extended = ExtendedAttributes(archived: entry)
        var described = CatalogEntry(path: line.path, kind: line.kind)
        described.take(extended)
        if described.attributes != line.attributes { return "extended attributes" }
        if described.accessList != line.accessList { return "access control list" }
        if described.inheritedList != line.inheritedList { return "default access control list" }
        // The group bits of a file with a list show the list's mask on disk and the group's own in an archive.
        let mask: UInt32 = line.accessList == nil ? 0o7777 : 0o7707
        if line.mode & mask != found.mode & mask { return "mode" }
        guard line.kind == .file else { return nil }
        if line.size != found.size { return "size" }
        var hasher = try ExtentHasher(line)
        while let (bytes, offset) = try input.nextData() {
            try stop.check()
            if !hasher.update(bytes, at: offset) { return "content where the catalog has none" }
            context.reporter.advance(bytes: Int64(bytes.count))
        }
        return hasher.finalize() == line.digest ? nil : "content"
    }
}

/// Computes a file's digest from the runs that an archive gives: those that the catalog names, in order.
struct ExtentHasher {
    private let extents: [Extent]
    private var index = 0
    private var done: Int64 = 0
    private let hasher: ContentHasher

    init(_ line: CatalogEntry) throws {
        extents = line.extents ?? [Extent(offset: 0, length: line.size)]
        hasher = try ContentHasher()
    }

    /// Takes the next run; false when it is not where the catalog expects content.
    mutating func update(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
        var (rest, offset) = (bytes, offset)
        while !rest.isEmpty {
            while index < extents.count && done == extents[index].length {
                index += 1
                done = 0
            }
            guard index < extents.count, offset == extents[index].offset + done else { return false }
            let count = Int(min(Int64(rest.count), extents[index].length - done))
            hasher.update(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            offset += Int64(count)
            done += Int64(count)
        }
        return true
    }

    /// The digest of all that was taken in; wrong when a run was missing, since its bytes are.
    func finalize() -> ContentDigest { hasher.finalize() }
}
