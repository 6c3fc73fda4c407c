internal import Bank
internal import CLinux
internal import Glibc

/// Looks at a bank's directory without changing anything in it. All methods block.
struct BankInspection {
    /// Only what was last written so many seconds ago counts as left behind: its writer may be slow.
    static let leftoverAge: Int64 = 3600
    /// The directories in the root that writes go to, where they exist already.
    private static let written = [BankRoot.temporaries, "checkpoints", "indices", "leases", "operations"]

    private let root: BankRoot

    /// An inspection of the bank in `root`.
    init(_ root: BankRoot) { self.root = root }

    /// The room on the bank's file system, as far as this process may use it.
    func capacity() throws -> BankCapacity {
        let status = try fileSystem()
        let unit = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: UInt) -> Int64 {
            let (product, overflow) = Int64(clamping: blocks).multipliedReportingOverflow(by: unit)
            return overflow ? .max : product
        }
        // Some file systems make inodes as they need them, and say that they have none at all.
        let objects: Int64? = status.f_files == 0 ? nil : Int64(clamping: status.f_favail)
        return BankCapacity(
            freeBytes: bytes(UInt(status.f_bavail)), totalBytes: bytes(UInt(status.f_blocks)), freeObjects: objects)
    }

    /// What speaks against writing, the last change, and what crashed writers left.
    func survey() throws -> BankSurvey {
        var last = try root.descriptor.status()
        for name in Self.written {
            guard let found = try root.descriptor.status(of: name), found.isDirectory else { continue }
            if (found.st_mtim.tv_sec, found.st_mtim.tv_nsec) > (last.st_mtim.tv_sec, last.st_mtim.tv_nsec) {
                last = found
            }
        }
        return BankSurvey(
            writeObstacle: try writeObstacle(),
            lastChange: Int64(last.st_mtim.tv_sec) * 1000 + Int64(last.st_mtim.tv_nsec) / 1_000_000,
            leftovers: try leftovers(), hasReserve: try RoomReserve(of: root).isThere())
    }

    private func fileSystem() throws -> statvfs {
        var status = statvfs()
        while fstatvfs(root.descriptor.raw, &status) != 0 {
            if errno != EINTR { throw SystemFailure(call: "fstatvfs", code: errno) }
        }
        return status
    }

    private func writeObstacle() throws -> String? {
        if try fileSystem().f_flag & UInt(ST_RDONLY) != 0 { return "its file system is mounted read-only" }
        let places =
            [("its directory", ".", W_OK | X_OK), ("its file '\(BankRoot.lock)'", BankRoot.lock, W_OK)]
            + Self.written.map { ("its directory '\($0)'", $0, W_OK | X_OK) }
        for (words, name, mode) in places {
            if faccessat(root.descriptor.raw, name, Int32(mode), clinux_effective_access) == 0 { continue }
            // What is not there yet is made in the root.
            if errno == ENOENT { continue }
            return "\(words) cannot be written to: \(String(cString: strerror(errno)))"
        }
        return nil
    }

    private func leftovers() throws -> Int {
        let directory: Descriptor
        do {
            directory = try root.descriptor.directory(BankRoot.temporaries)
        } catch let failure as SystemFailure where failure.isMissing || failure.code == EACCES {
            return 0
        }
        let now = Int64(time(nil))
        var count = 0
        for name in try DirectoryEntries(reading: directory, accepting: { _ in true }).names() {
            guard let found = try directory.status(of: name), found.isRegularFile,
                now - Int64(found.st_mtim.tv_sec) >= Self.leftoverAge
            else { continue }
            // A writer holds a lock on its file; who may not open it cannot tell, and counts it.
            guard let file = try? directory.open(name, flags: O_RDONLY) else {
                count += 1
                continue
            }
            if try file.tryLock(exclusive: false) { count += 1 }
        }
        return count
    }
}
