internal import Glibc
internal import PluginKit

/// Finds the directories of this host that a plan would name first.
enum HostDirectories {
    /// Kinds of file systems that hold nothing to protect: what the kernel shows, what is gone after a restart, images
    /// that cannot be written to, and other views of what lies elsewhere.
    private static let passing: Set<String> = [
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devfs", "devpts",
        "devtmpfs", "efivarfs", "erofs", "fusectl", "fuse.gvfsd-fuse", "fuse.portal", "fuse.snapfuse", "hugetlbfs",
        "iso9660", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "selinuxfs",
        "squashfs", "sysfs", "tmpfs", "tracefs",
    ]
    /// Directories of the system that are none of a real file system, even where nothing is mounted at them.
    private static let systems: Set<[UInt8]> = Set(["/proc", "/sys", "/dev", "/run"].map { Array($0.utf8) })

    /// The directories directly below `/`, and those at which other real file systems are mounted, in the order of
    /// their bytes. `mounts` is what `/proc/self/mountinfo` says.
    static func all(below root: [UInt8] = [0x2F], mounts: [UInt8]) throws -> [[UInt8]] {
        var found: Set<[UInt8]> = []
        var hidden = systems
        for mount in MountTable.mounts(mounts) where mount.place != [0x2F] {
            if passing.contains(mount.kind) {
                hidden.insert(mount.place)
                found.remove(mount.place)
            } else if isDirectory(mount.place) {
                // What is mounted later at the same place covers what was there.
                hidden.remove(mount.place)
                found.insert(mount.place)
            }
        }
        let fd = try FileSystem.openRoot(root)
        defer { close(fd) }
        let names = try FileSystem.names(in: fd, path: root)
        for index in 0..<names.count {
            let name = names[index]
            let path = root == [0x2F] ? root + name : root + [0x2F] + name
            let status: stat
            do { status = try FileSystem.status(at: fd, name, path: path) } catch {
                if error.code == ENOENT { continue }
                throw error
            }
            if status.st_mode & S_IFMT == FileType.directory && !hidden.contains(path) { found.insert(path) }
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Whether a place is a directory: what cannot be looked at may be one, and counts.
    private static func isDirectory(_ path: [UInt8]) -> Bool {
        var status = stat()
        if lstat(PathText.terminated(path), &status) != 0 { return errno != ENOENT }
        return status.st_mode & S_IFMT == FileType.directory
    }
}

/// What is mounted where, as the kernel says it.
enum MountTable {
    /// What the kernel says of the mounts that this process sees.
    static func text() throws -> [UInt8] {
        let path = Array("/proc/self/mountinfo".utf8)
        let fd = open(PathText.terminated(path), O_RDONLY | O_CLOEXEC)
        if fd < 0 { throw SystemFailure("open", path) }
        defer { close(fd) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(fd, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw SystemFailure("read", path) }
            if count == 0 { return text }
            text += buffer[..<count]
        }
    }

    /// The mounts of a `mountinfo`, see proc(5), in its order: where, and of which kind of file system.
    static func mounts(_ text: [UInt8]) -> [(place: [UInt8], kind: String)] {
        var mounts: [(place: [UInt8], kind: String)] = []
        for line in text.split(separator: 0x0A) {
            let fields = line.split(separator: 0x20)
            // A number of optional fields stand before a lone dash.
            guard fields.count > 6, let dash = fields.dropFirst(6).firstIndex(of: [0x2D]), dash + 1 < fields.count
            else { continue }
            mounts.append((plain(fields[4]), String(decoding: fields[dash + 1], as: UTF8.self)))
        }
        return mounts
    }

    /// A path without the kernel's escapes: `\040` for a space, and the like.
    private static func plain(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == 0x5C, index + 3 < text.endIndex,
                let code = UInt8(String(decoding: text[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                index += 4
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }
}
