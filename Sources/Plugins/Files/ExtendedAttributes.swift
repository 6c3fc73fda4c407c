internal import CLinux
internal import Glibc

/// The extended attributes and access control lists of one file.
struct ExtendedAttributes {
    /// One attribute.
    struct Attribute: Equatable {
        var name: [UInt8]
        var value: [UInt8]
    }

    /// The attributes other than access control lists, sorted by name.
    var attributes: [Attribute] = []
    /// The list that guards access, when it says more than the mode.
    var access: PosixACL?
    /// The list that new files in the directory get.
    var inherited: PosixACL?

    /// How a file's attributes are reached.
    enum Place {
        /// An open file.
        case open(Int32)
        /// A name in an open directory, not followed if it is a link.
        case name([UInt8], in: Int32)
    }

    /// Reads all attributes of a file; `path` is for errors.
    init(of place: Place, path: [UInt8]) throws(SystemFailure) {
        let reach = Reach(place)
        guard let names = try reach.list(path) else { return }
        for name in names.split(separator: 0).map({ Array($0) }) {
            guard let value = try reach.value(name, path) else { continue }
            switch name {
            case PosixACL.accessAttribute:
                guard let list = PosixACL(attribute: value) else {
                    throw SystemFailure("understand the access control list of", path, code: EINVAL)
                }
                access = list
            case PosixACL.defaultAttribute:
                guard let list = PosixACL(attribute: value) else {
                    throw SystemFailure("understand the access control list of", path, code: EINVAL)
                }
                inherited = list
            default: attributes.append(Attribute(name: name, value: value))
            }
        }
        attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The two ways to the same calls. Links and devices cannot be opened, so those go through the descriptor of
    /// their directory, which pins the directory whatever its path may be by now.
    private struct Reach {
        let fd: Int32
        let path: [CChar]

        init(_ place: Place) {
            switch place {
            case .open(let fd):
                self.fd = fd
                path = []
            case .name(let name, let directory):
                fd = -1
                path = PathText.terminated(Array("/proc/self/fd/\(directory)/".utf8) + name)
            }
        }

        /// The names, each with a zero behind it; `nil` where the file system has no attributes.
        func list(_ subject: [UInt8]) throws(SystemFailure) -> [UInt8]? {
            try grown("list the extended attributes of", subject, absent: [ENOTSUP]) { buffer in
                let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                return fd >= 0 ? flistxattr(fd, base, buffer.count) : llistxattr(path, base, buffer.count)
            }
        }

        /// The value of one attribute; `nil` if it has gone meanwhile.
        func value(_ name: [UInt8], _ subject: [UInt8]) throws(SystemFailure) -> [UInt8]? {
            let terminated = PathText.terminated(name)
            return try grown("read the extended attribute \(PathText.printable(name)) of", subject, absent: [ENODATA]) {
                buffer in
                fd >= 0
                    ? fgetxattr(fd, terminated, buffer.baseAddress, buffer.count)
                    : lgetxattr(path, terminated, buffer.baseAddress, buffer.count)
            }
        }

        /// Calls with a buffer that grows until the answer fits.
        private func grown(
            _ action: String, _ subject: [UInt8], absent: [Int32], _ call: (UnsafeMutableRawBufferPointer) -> Int
        ) throws(SystemFailure) -> [UInt8]? {
            let small = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { buffer -> [UInt8]? in
                let count = call(buffer)
                return count < 0 ? nil : Array(buffer[0..<count])
            }
            if let small { return small }
            var capacity = 1 << 16
            while true {
                if absent.contains(errno) { return nil }
                if errno != ERANGE || capacity > 1 << 24 { throw SystemFailure(action, subject) }
                var buffer = [UInt8](repeating: 0, count: capacity)
                let count = buffer.withUnsafeMutableBytes { call($0) }
                if count >= 0 {
                    buffer.removeLast(capacity - count)
                    return buffer
                }
                capacity *= 4
            }
        }
    }
}
