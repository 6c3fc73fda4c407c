import Glibc

/// An open file that never holds a thread up for longer than it is patient.
package struct PatientFile: Sendable {
    private let descriptor: Int32
    private let isRegular: Bool
    private let isSocket: Bool

    /// A write or an opening failed with this code of the system.
    package struct Failure: Error, CustomStringConvertible {
        package let code: Int32

        package init(code: Int32) { self.code = code }

        package var description: String { code == ETIMEDOUT ? "nobody reads it" : String(cString: strerror(code)) }
    }

    /// A descriptor of this process, by a number of its own: what children inherit, or others close, is not this one.
    package init(duplicating number: Int32) throws(Failure) {
        let descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        self.init(descriptor)
    }

    /// Opens a file for writing; what is there is replaced. A named pipe is waited for until someone reads it.
    package init(opening path: String, patience isPatient: () -> Bool) throws(Failure) {
        while true {
            let opened = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666)
            if opened >= 0 {
                self.init(opened)
                return
            }
            let code = errno
            // So a pipe answers that nobody has opened for reading.
            guard code == ENXIO || code == EINTR else { throw Failure(code: code) }
            guard isPatient() else { throw Failure(code: ETIMEDOUT) }
            usleep(50_000)
        }
    }

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        fstat(descriptor, &status)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Writes all of `bytes`, as long as someone takes them or it is patient.
    package func write(_ bytes: [UInt8], patience isPatient: () -> Bool) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if !isRegular { try wait(isPatient) }
            // What says that it can be written to takes at least this much without holding the writer up.
            let size = isRegular ? rest.count : min(rest.count, 4096)
            let count = rest.withUnsafeBytes { bytes in
                isSocket
                    ? send(descriptor, bytes.baseAddress, size, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
                    : Glibc.write(descriptor, bytes.baseAddress, size)
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                throw Failure(code: errno)
            }
        }
    }

    private func wait(_ isPatient: () -> Bool) throws(Failure) {
        while true {
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let found = poll(&polled, 1, 100)
            // A hang-up is told by the write, with its reason.
            if found > 0 { return }
            if found < 0 && errno != EINTR { throw Failure(code: errno) }
            guard isPatient() else { throw Failure(code: ETIMEDOUT) }
        }
    }

    package func close() { _ = Glibc.close(descriptor) }
}
