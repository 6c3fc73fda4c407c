import Glibc

/// The tz database of a machine: a directory with a TZif file for each zone.
package struct TimeZoneDatabase: Sendable {
    /// Why there is no zone.
    package enum Absence: Error, Sendable, Hashable {
        /// There is no database on this machine, so nothing is known of any zone.
        case noDatabase
        /// The database has no zone of this name.
        case unknownZone
        /// The zone's file cannot be read.
        case unreadable(String)
    }

    /// Where the database lies.
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// The database that programs of this machine use: in `TZDIR`, else in `/usr/share/zoneinfo`.
    package static var system: TimeZoneDatabase {
        let named = getenv("TZDIR").map { String(cString: $0) } ?? ""
        return TimeZoneDatabase(directory: named.isEmpty ? "/usr/share/zoneinfo" : named)
    }

    /// Whether `name` has the form of a zone's name, such as `Europe/Berlin` or `Etc/GMT+5`.
    package static func isZoneName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return !name.isEmpty
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                            || (byte >= 0x30 && byte <= 0x39) || "_-+".utf8.contains(byte)
                    }
            }
    }

    /// The rules of a zone.
    package func zone(_ name: String) -> Result<TimeZoneRules, Absence> {
        let isKnown = TimeZoneDatabase.isZoneName(name) && !TimeZoneDatabase.isCopy(name)
        guard isKnown, let bytes = contents(of: "\(directory)/\(name)") else {
            return .failure(isPresent ? .unknownZone : .noDatabase)
        }
        do { return .success(try TimeZoneRules(tzif: bytes)) } catch { return .failure(.unreadable("\(error)")) }
    }

    /// Whether there is a database: one that has `UTC`, as all have.
    package var isPresent: Bool { access("\(directory)/UTC", F_OK) == 0 || access("\(directory)/Etc/UTC", F_OK) == 0 }

    /// The names of all zones in byte order.
    package var names: [String] {
        var names: [String] = []
        var waiting = [""]
        while let prefix = waiting.popLast() {
            guard let stream = opendir(prefix.isEmpty ? directory : "\(directory)/\(prefix)") else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
                guard TimeZoneDatabase.isZoneName(path), !TimeZoneDatabase.isCopy(path) else { continue }
                var status = stat()
                guard stat("\(directory)/\(path)", &status) == 0 else { continue }
                // Zones lie three directories deep at most.
                if status.st_mode & S_IFMT == S_IFDIR {
                    if path.utf8.count(where: { $0 == 0x2F }) < 2 { waiting.append(path) }
                } else if path.utf8.first.map({ $0 < 0x61 }) == true {
                    names.append(path)
                }
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether a path leads to the database's copies of itself, or to the machine's own zone.
    private static func isCopy(_ name: String) -> Bool {
        name.hasPrefix("posix/") || name.hasPrefix("right/") || name == "posix" || name == "right"
            || name == "localtime" || name == "posixrules"
    }

    /// A zone's file is a few KiB; what is much larger is none.
    private func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return nil }
            filled += count
        }
        return bytes
    }
}
