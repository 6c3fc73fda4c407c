import Foundation
import Testing

/// A tmpfs of 4 MiB.
final class SmallFileSystem {
    static var canMount: Bool { geteuid() == 0 && access("/proc/filesystems", R_OK) == 0 }
    let path: String

    init(_ path: String) throws {
        self.path = path
        try #require(mkdir(path, 0o700) == 0)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=4m") == 0)
    }

    func makeReadOnly() throws {
        try #require(mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0)
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
