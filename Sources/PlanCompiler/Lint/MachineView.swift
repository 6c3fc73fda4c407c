import Glibc
package import Schedules

/// What lints may look at on the machine that compiles; tests look at another one.
package struct MachineView: Sendable {
    /// What is known of a file.
    package struct FileStatus: Sendable, Hashable {
        /// Which file system it lies on.
        package let device: UInt64
        package let mode: UInt32

        package init(device: UInt64, mode: UInt32) {
            self.device = device
            self.mode = mode
        }
    }

    /// The status of what a path leads to, `nil` when there is nothing to look at.
    package var status: @Sendable (String) -> FileStatus?
    /// The path of the same file without symbolic links, `nil` when there is nothing to look at.
    package var resolve: @Sendable (String) -> String?
    package var timeZones: TimeZoneDatabase

    package init(
        status: @escaping @Sendable (String) -> FileStatus?, resolve: @escaping @Sendable (String) -> String? = { $0 },
        timeZones: TimeZoneDatabase = .system
    ) {
        self.status = status
        self.resolve = resolve
        self.timeZones = timeZones
    }

    /// `AT_NO_AUTOMOUNT`: a look must not mount anything.
    private static let noAutomount: Int32 = 0x800

    /// The machine itself.
    package static var thisMachine: MachineView {
        MachineView(
            status: { path in
                var status = stat()
                guard fstatat(AT_FDCWD, path, &status, noAutomount) == 0 else { return nil }
                return FileStatus(device: UInt64(status.st_dev), mode: status.st_mode)
            },
            resolve: { path in
                guard let resolved = realpath(path, nil) else { return nil }
                defer { free(resolved) }
                return String(cString: resolved)
            })
    }
}
