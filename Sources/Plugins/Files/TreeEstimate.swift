internal import Glibc
internal import PluginKit

/// Guesses how many bytes a tree holds, beside the reading of it, so that a person can be told how long it will take.
///
/// It reads no content and reports no faults: what it cannot look at does not count, and the reading will say why.
enum TreeEstimate {
    private struct FileIdentity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// The bytes of content that `settings` would archive; `nil` when it was stopped, the tree cannot be opened, or it
    /// has more than `limit` entries.
    static func bytes(_ settings: FilesSettings, _ stop: StopFlag, limit: Int = .max) -> Int64? {
        let root = Glibc.open(PathText.terminated(settings.path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { return nil }
        do {
            let device = try FileSystem.status(root, path: settings.path).st_dev
            let directories = try DirectoryStack(root: root)
            var levels: [(names: NameList, next: Int)] = [(try FileSystem.names(in: root, path: settings.path), 0)]
            var seen: Set<FileIdentity> = []
            var total: Int64 = 0
            var counted = 0
            while let level = levels.last {
                try stop.check()
                guard level.next < level.names.count else {
                    levels.removeLast()
                    try directories.leave()
                    continue
                }
                levels[levels.count - 1].next += 1
                counted += 1
                guard counted <= limit else { return nil }
                let name = level.names[level.next]
                let path = PathText.join(directories.path, name)
                guard let status = try? FileSystem.status(at: directories.current, name, path: path) else { continue }
                let type = status.st_mode & S_IFMT
                if settings.exclude.matches(path, isDirectory: type == FileType.directory) {
                    continue
                }
                if type == FileType.file {
                    let identity = FileIdentity(device: status.st_dev, inode: status.st_ino)
                    if status.st_nlink > 1 && !seen.insert(identity).inserted { continue }
                    total += min(Int64(status.st_size), Int64(status.st_blocks) * 512)
                } else if type == FileType.directory, !settings.oneFileSystem || status.st_dev == device,
                    (try? directories.enter(name)) != nil
                {
                    levels.append(((try? FileSystem.names(in: directories.current, path: path)) ?? NameList(), 0))
                }
            }
            return total
        } catch { return nil }
    }
}
