import Glibc

/// Why nothing can be watched.
package struct WatchError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Waits until something changes in directories, without looking again and again.
package struct DirectoryWatcher: ~Copyable {
    private let descriptor: Int32
    private var directories: [String: Int32] = [:]
    /// The names that matter beside those of YAML files.
    package var names: Set<String> = []

    /// How long nothing must happen before a change counts as done, and how long to wait for that at most.
    private static let quiet: Int32 = 40
    private static let patience = Duration.seconds(1)

    package init() throws(WatchError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { throw Self.failure("the file system", errno) }
    }

    deinit { close(descriptor) }

    /// Watches a directory, or the nearest one above it that is there; says whether that is new.
    package mutating func watch(_ directory: String) throws(WatchError) -> Bool {
        var path = directory.isEmpty ? "." : directory
        while directories[path] == nil {
            let mask =
                IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF
                | IN_MOVE_SELF
            let number = inotify_add_watch(descriptor, path, UInt32(mask) | UInt32(IN_ONLYDIR))
            if number >= 0 {
                directories[path] = number
                return true
            }
            let code = errno
            guard code == ENOENT || code == ENOTDIR, path != ".", path != "/" else {
                if code == EACCES || code == ENOENT || code == ENOTDIR { return false }
                throw Self.failure("'\(path)'", code)
            }
            let above = Paths.directory(of: path)
            path = above.isEmpty ? "." : above
        }
        return false
    }

    /// Returns when something changed that matters, and then was quiet for a moment.
    package mutating func wait() throws(WatchError) {
        while true {
            try poll(-1)
            guard try takeEvents() else { continue }
            let clock = ContinuousClock()
            let end = clock.now + Self.patience
            while clock.now < end, try poll(Self.quiet) { _ = try takeEvents() }
            return
        }
    }

    @discardableResult
    private func poll(_ timeout: Int32) throws(WatchError) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = Glibc.poll(&entry, 1, timeout)
            if count >= 0 { return count > 0 }
            if errno != EINTR { throw Self.failure("the file system", errno) }
        }
    }

    /// Takes all events that are there, and says whether one of them matters.
    private mutating func takeEvents() throws(WatchError) -> Bool {
        var matters = false
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return matters }
                throw Self.failure("the file system", errno)
            }
            var offset = 0
            let header = MemoryLayout<inotify_event>.size
            while offset + header <= count {
                let event = buffer.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                }
                let name = buffer[offset + header..<offset + header + Int(event.len)].prefix { $0 != 0 }
                if take(event, String(decoding: name, as: UTF8.self)) { matters = true }
                offset += header + Int(event.len)
            }
        }
    }

    private mutating func take(_ event: inotify_event, _ name: String) -> Bool {
        if event.mask & UInt32(IN_IGNORED) != 0 {
            // What was watched is gone; if it comes again, it is watched anew.
            directories = directories.filter { $0.value != event.wd }
            return true
        }
        let always = UInt32(IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)
        if event.mask & always != 0 {
            if event.mask & UInt32(IN_MOVE_SELF) != 0 { inotify_rm_watch(descriptor, event.wd) }
            return true
        }
        if names.contains(name) { return true }
        if name.hasPrefix(".") { return false }
        return event.mask & UInt32(IN_ISDIR) != 0 || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    private static func failure(_ what: String, _ code: Int32) -> WatchError {
        WatchError(description: "cannot watch \(what): \(String(cString: strerror(code)))")
    }
}
