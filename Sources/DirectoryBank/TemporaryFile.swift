internal import Bank
internal import CLinux
internal import Glibc

/// A file below `.tmp` that becomes an object when it is renamed, and nothing if it is not.
///
/// Its writer holds a lock on it, so that a sweep of leftovers can tell a slow writer from a dead one. All methods
/// block.
final class TemporaryFile: Sendable {
    let directory: Descriptor
    let file: Descriptor
    let name: String

    /// Creates the file.
    init(in root: BankRoot) throws {
        directory = try root.openTemporaries()
        while true {
            let name = "\(getpid())-\(CrockfordBase32.random(length: 16))"
            let file = try directory.create(name, exclusive: true)
            // A sweep may have taken the file before it was locked; its writer then begins with another one.
            if try file.tryLock(exclusive: true), try file.status().st_nlink > 0 {
                self.name = name
                self.file = file
                return
            }
        }
    }

    /// Appends bytes; large ones past the page cache, where nobody would look for them again.
    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            let written = bytes.count >= DirectWriter.worthwhile ? try DirectWriter.write(bytes, to: file) : 0
            try file.write(UnsafeRawBufferPointer(rebasing: bytes[written...]))
        }
    }

    /// Whether the file is still there: nothing of a bank takes it while it is locked, but a person may.
    func isLinked() throws -> Bool { try file.status().st_nlink > 0 }

    /// Removes the file, unless it has become an object.
    func discard() {
        // Called while another error is on its way; a file that stays is found by the sweep of leftovers. Moved files
        // have no name here any more. Only a file without any name may be emptied, which spares the closing of a
        // large one on a thread that should not block.
        _ = try? directory.unlink(name)
        if (try? isLinked()) == false { _ = ftruncate(file.raw, 0) }
    }

    /// Removes the files below `.tmp` that were last written at least `age` seconds ago and that nobody writes any
    /// more; returns how many.
    static func removeStale(in root: BankRoot, age: Int64) throws -> Int {
        let directory: Descriptor
        do {
            directory = try root.descriptor.directory(BankRoot.temporaries)
        } catch let failure as SystemFailure where failure.isMissing {
            return 0
        }
        let names = try DirectoryEntries(reading: directory, accepting: { _ in true }).names()
        let now = Int64(time(nil))
        var removed = 0
        for name in names {
            guard let found = try directory.status(of: name), found.isRegularFile,
                now - Int64(found.st_mtim.tv_sec) >= age
            else { continue }
            do {
                let file = try directory.open(name, flags: O_RDONLY)
                guard try file.tryLock(exclusive: true) else { continue }
                if try directory.unlink(name) { removed += 1 }
            } catch let failure as SystemFailure where failure.isMissing {
                // Its writer has finished or another sweep was quicker.
                continue
            }
        }
        return removed
    }
}
