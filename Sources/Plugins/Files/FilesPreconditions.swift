internal import BlockingIO
internal import CLibArchive
internal import CLinux
internal import Glibc
internal import PlanIR
internal import PluginKit

/// What protecting or restoring a directory needs, looked at without changing anything.
enum FilesPreconditions {
    /// How many entries of a tree are counted at most to guess its size: a dry run shall be quick.
    static let countedEntries = 200_000
    /// How many entries that cannot be read are named.
    private static let namedEntries = 5

    /// What is to be said of an operation on one resource.
    static func of(_ operation: OperationKind, _ context: PreconditionContext) async -> [Precondition] {
        do {
            switch operation {
            case .protect: return try await protect(context)
            case .restore: return try await restore(context)
            case .verify:
                let definition = try FilesDefinition(context.definition)
                return [
                    Precondition(
                        "what was saved of \(PathText.printable(definition.path))", .met,
                        "can be understood by this cairn")
                ]
            case .delete, .copy: return []
            }
        } catch {
            return [unmet("the resource", error)]
        }
    }

    /// What the plugin needs whatever the resource.
    static func ofHost() -> [Precondition] {
        let version = archive_version_string().map { String(cString: $0) } ?? "libarchive"
        guard let zstd = archive_libzstd_version().map({ String(cString: $0) }) else {
            return [
                Precondition(
                    "the library for archives", .unmet, "is \(version) without zstd",
                    advice: "install a libarchive that was built with zstd")
            ]
        }
        return [Precondition("the library for archives", .met, "is \(version) with zstd \(zstd)")]
    }

    private static func unmet(_ subject: String, _ error: any Error) -> Precondition {
        let known = Failures.asPluginError(error) as? PluginError
        return Precondition(
            subject, .unmet, "cannot be used: \(known?.reason ?? "\(error)")", advice: known?.advice ?? "")
    }

    // MARK: Protecting

    private static func protect(_ context: PreconditionContext) async throws -> [Precondition] {
        let settings = try FilesSettings(context.resource.properties, context.parameters)
        return try await BlockingThreads.runAlone(name: "files-look") { look(settings) }
    }

    /// Looks at the root and its first level, and guesses what the archive will take.
    private static func look(_ settings: FilesSettings) -> [Precondition] {
        let subject = "the directory \(PathText.printable(settings.path))"
        let unreadable: [String]
        do { unreadable = try unreadableEntries(settings) } catch { return [unmet(subject, error)] }
        guard unreadable.isEmpty else {
            let more = unreadable.count > namedEntries ? " and \(unreadable.count - namedEntries) more" : ""
            return [
                Precondition(
                    subject, .unmet,
                    "holds what cannot be read: \(unreadable.prefix(namedEntries).joined(separator: ", "))\(more)",
                    advice: "run as a user who may read all of it, or exclude them")
            ]
        }
        guard let bytes = TreeEstimate.bytes(settings, StopFlag(), limit: countedEntries) else {
            return [Precondition(subject, .met, "can be read; it is too large to be counted quickly")]
        }
        // What zstd makes of a tree is known only afterwards; half of it is what trees of all sorts come to.
        return [
            Precondition(
                subject, .met, "can be read, and holds about \(ByteCountText.words(bytes))",
                bankBytes: settings.compression.enabled ? bytes / 2 : bytes)
        ]
    }

    /// The entries of the first level that cannot be read; throws when the directory itself cannot be.
    private static func unreadableEntries(_ settings: FilesSettings) throws -> [String] {
        let root = try FileSystem.openRoot(settings.path)
        defer { close(root) }
        let names = try FileSystem.names(in: root, path: settings.path)
        // Whoever may list a directory need not be allowed to reach what is in it.
        if faccessat(root, ".", Int32(X_OK), clinux_effective_access) != 0 {
            throw SystemFailure("search", settings.path)
        }
        var found: [String] = []
        for position in 0..<names.count {
            let name = names[position]
            // What went since it was listed is nothing to complain of.
            guard let status = try? FileSystem.status(at: root, name, path: name) else { continue }
            let type = status.st_mode & FileType.mask
            guard type == FileType.file || type == FileType.directory,
                !settings.exclude.matches(name, isDirectory: type == FileType.directory)
            else { continue }
            let mode = type == FileType.directory ? R_OK | X_OK : R_OK
            let terminated = PathText.terminated(name)
            if faccessat(root, terminated, Int32(mode), clinux_effective_access) != 0 && errno != ENOENT {
                found.append("'\(PathText.printable(name))'")
            }
        }
        return found
    }

    // MARK: Restoring

    private static func restore(_ context: PreconditionContext) async throws -> [Precondition] {
        let definition = try FilesDefinition(context.definition)
        let trees = context.scope.index { Neighbours.Index($0) }
        let destination = try Destination(
            original: definition.path, context.target,
            claim: Destination.claim(context.checkpoint, context.resource),
            neighbours: trees.neighbours(of: definition.path))
        return try await BlockingThreads.runAlone(name: "files-look") {
            look(destination, definition, overwrite: context.target.overwrite)
        }
    }

    private static func look(
        _ destination: Destination, _ definition: FilesDefinition, overwrite: Bool
    ) -> [Precondition] {
        let subject = "the directory \(PathText.printable(destination.path))"
        let place: Destination.Sight
        do { place = try destination.look() } catch { return [unmet(subject, error)] }
        defer { close(place.nearest) }
        var found: [Precondition] = []
        let spot = restorePlace(destination, place, definition.bytes)
        if let refusal = place.refusal {
            return [
                Precondition(
                    subject, .unmet, "cannot be used: \(refusal.reason)", advice: refusal.advice ?? "", place: spot)
            ]
        }
        if faccessat(place.nearest, ".", Int32(W_OK | X_OK), clinux_effective_access) != 0 {
            let reason = String(cString: strerror(errno))
            found.append(
                Precondition(
                    subject, .unmet,
                    place.exists ? "cannot be written to: \(reason)" : "cannot be made: \(reason)",
                    advice: "restore as a user who may write there, or to another place with --to DIR", place: spot))
        } else {
            found.append(
                Precondition(
                    subject, .met,
                    !place.exists
                        ? "can be made"
                        : place.isFresh
                            ? "is there and empty"
                            : place.isUnfinished
                                ? "holds an unfinished restore of this checkpoint, which will be replaced"
                                : "is there and will be replaced",
                    place: spot))
        }
        found.append(room(place.nearest, subject, definition.bytes, overwrite: overwrite && place.exists))
        found += metadata(place.nearest, subject)
        return found
    }

    private static func restorePlace(
        _ destination: Destination, _ sight: Destination.Sight, _ bytes: Int64
    ) -> RestorePlace {
        var room: Int64?
        var volume = statvfs()
        if fstatvfs(sight.nearest, &volume) == 0 {
            let (free, overflow) = Int64(clamping: volume.f_bavail).multipliedReportingOverflow(
                by: Int64(clamping: volume.f_frsize))
            room = overflow ? .max : free
        }
        var status = stat()
        return RestorePlace(
            path: PathText.printable(destination.path),
            content: !sight.exists ? .absent : sight.isFresh ? .empty : .occupied, bytes: bytes, room: room,
            fileSystem: fstat(sight.nearest, &status) == 0 ? UInt64(status.st_dev) : nil)
    }

    private static func room(_ directory: Int32, _ subject: String, _ needed: Int64, overwrite: Bool) -> Precondition {
        let subject = "room for \(subject)"
        var status = statvfs()
        guard fstatvfs(directory, &status) == 0 else {
            return Precondition(subject, .doubtful, "cannot be told: \(String(cString: strerror(errno)))")
        }
        if status.f_flag & UInt(ST_RDONLY) != 0 {
            return Precondition(
                subject, .unmet, "is on a file system that is mounted read-only",
                advice: "restore to another place with --to DIR")
        }
        let (free, overflow) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int64(clamping: status.f_frsize))
        let words = "is \(ByteCountText.words(overflow ? .max : free)), and \(ByteCountText.words(needed)) were saved"
        if overflow || free >= needed { return Precondition(subject, .met, words) }
        // What is replaced makes room, but each file is written before the old one goes.
        return Precondition(
            subject, overwrite ? .doubtful : .unmet, words,
            advice: "make room there, or restore to another place with --to DIR")
    }

    /// Whether the file system can hold what a tree may carry besides content and mode.
    private static func metadata(_ directory: Int32, _ subject: String) -> [Precondition] {
        var missing: [String] = []
        for (name, words) in [
            ("user.cairn.restoring", "extended attributes"), ("system.posix_acl_access", "access control lists"),
        ] where fgetxattr(directory, name, nil, 0) < 0 && errno == EOPNOTSUPP {
            missing.append(words)
        }
        guard !missing.isEmpty else { return [] }
        return [
            Precondition(
                "the file system of \(subject)", .doubtful, "takes no \(missing.joined(separator: " and no "))",
                advice: "if the tree has such, restore to another place with --to DIR")
        ]
    }
}
