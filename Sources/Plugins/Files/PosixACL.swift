/// A POSIX access control list, as the kernel keeps it in an extended attribute.
struct PosixACL: Equatable {
    /// Whom an entry is about; the raw values are the kernel's.
    enum Tag: UInt16 {
        case owner = 0x01
        case user = 0x02
        case owningGroup = 0x04
        case group = 0x08
        case mask = 0x10
        case other = 0x20
    }

    /// One line of the list.
    struct Entry: Equatable {
        var tag: Tag
        /// 4 read, 2 write, 1 execute.
        var permissions: UInt16
        /// The user or group of a `user` or `group` entry, else 0.
        var id: UInt32
    }

    /// The attribute's name for the list that guards access.
    static let accessAttribute: [UInt8] = Array("system.posix_acl_access".utf8)
    /// The attribute's name for the list that new files in a directory get.
    static let defaultAttribute: [UInt8] = Array("system.posix_acl_default".utf8)

    /// The entries, sorted by tag and id.
    private(set) var entries: [Entry]

    /// A list of the given entries.
    init(_ entries: [Entry]) {
        self.entries = entries.sorted { ($0.tag.rawValue, $0.id) < ($1.tag.rawValue, $1.id) }
    }

    /// Reads the kernel's form: version 2, then tag, permissions and id of each entry, little-endian.
    init?(attribute bytes: [UInt8]) {
        guard bytes.count >= 4, (bytes.count - 4) % 8 == 0, Array(bytes[0..<4]) == [2, 0, 0, 0] else { return nil }
        var entries: [Entry] = []
        for start in stride(from: 4, to: bytes.count, by: 8) {
            func short(_ offset: Int) -> UInt16 {
                UInt16(bytes[start + offset]) | UInt16(bytes[start + offset + 1]) << 8
            }
            guard let tag = Tag(rawValue: short(0)) else { return nil }
            let id = UInt32(short(4)) | UInt32(short(6)) << 16
            entries.append(Entry(tag: tag, permissions: short(2), id: tag == .user || tag == .group ? id : 0))
        }
        self.init(entries)
    }

    /// The kernel's form.
    var attribute: [UInt8] {
        var bytes: [UInt8] = [2, 0, 0, 0]
        for entry in entries {
            let id = entry.tag == .user || entry.tag == .group ? entry.id : .max
            for value in [entry.tag.rawValue, entry.permissions, UInt16(truncatingIfNeeded: id), UInt16(id >> 16)] {
                bytes.append(UInt8(truncatingIfNeeded: value))
                bytes.append(UInt8(value >> 8))
            }
        }
        return bytes
    }

    /// The short text form with numeric ids, such as `u::rwx,u:1000:r--,g::r-x,m::rwx,o::---`.
    var text: String {
        entries.map { entry in
            let letters = [(UInt16(4), "r"), (2, "w"), (1, "x")]
                .map { entry.permissions & $0.0 != 0 ? $0.1 : "-" }.joined()
            return switch entry.tag {
            case .owner: "u::\(letters)"
            case .user: "u:\(entry.id):\(letters)"
            case .owningGroup: "g::\(letters)"
            case .group: "g:\(entry.id):\(letters)"
            case .mask: "m::\(letters)"
            case .other: "o::\(letters)"
            }
        }.joined(separator: ",")
    }

    /// The permissions of the owning group, which the mode of a file with a list does not show.
    var owningGroupPermissions: UInt16? { entries.first { $0.tag == .owningGroup }?.permissions }
}
