internal import CLibArchive
internal import CanonicalForm
internal import Glibc

/// Fills libarchive's description of an entry. For one thread; the entry is reused by the next call.
final class EntryBuilder {
    private let entry = archive_entry_new()
    /// Only asked for the names of users and groups, which it caches.
    private let lookup = archive_read_disk_new()

    init() { archive_read_disk_set_standard_lookup(lookup) }

    deinit {
        archive_entry_free(entry)
        archive_read_free(lookup)
    }

    /// The entry of a catalog line. Access times, change times and inode numbers stay out: they would make two
    /// archives of the same tree differ, and GNU tar does not know all of them.
    func entry(for line: CatalogEntry, _ status: stat, _ extended: ExtendedAttributes?) throws -> OpaquePointer {
        guard let entry else { throw ArchiveFailure("cannot describe an entry: no memory") }
        archive_entry_clear(entry)
        archive_entry_copy_pathname(entry, PathText.terminated(line.path))
        archive_entry_set_filetype(entry, UInt32(status.st_mode & S_IFMT))
        archive_entry_set_perm(entry, mode_t(line.mode))
        archive_entry_set_uid(entry, Int64(line.owner))
        archive_entry_set_gid(entry, Int64(line.group))
        archive_entry_copy_uname(entry, archive_read_disk_uname(lookup, Int64(line.owner)))
        archive_entry_copy_gname(entry, archive_read_disk_gname(lookup, Int64(line.group)))
        archive_entry_set_mtime(entry, time_t(line.modified.seconds), Int(line.modified.nanoseconds))
        switch line.kind {
        case .file:
            archive_entry_set_size(entry, line.size)
            for extent in line.extents ?? [] { archive_entry_sparse_add_entry(entry, extent.offset, extent.length) }
        case .hardlink: archive_entry_copy_hardlink(entry, PathText.terminated(line.target))
        case .symlink: archive_entry_copy_symlink(entry, PathText.terminated(line.target))
        case .characterDevice, .blockDevice: archive_entry_set_rdev(entry, dev_t(line.device))
        case .directory, .fifo, .absent: break
        }
        if let extended { add(extended, to: entry) }
        return entry
    }

    private func add(_ extended: ExtendedAttributes, to entry: OpaquePointer) {
        for attribute in extended.attributes {
            let name = PathText.terminated(attribute.name)
            attribute.value.withUnsafeBytes {
                archive_entry_xattr_add_entry(entry, name, $0.baseAddress, $0.count)
            }
        }
        add(extended.access, Int32(ARCHIVE_ENTRY_ACL_TYPE_ACCESS), to: entry)
        add(extended.inherited, Int32(ARCHIVE_ENTRY_ACL_TYPE_DEFAULT), to: entry)
    }

    private func add(_ list: PosixACL?, _ type: Int32, to entry: OpaquePointer) {
        for line in list?.entries ?? [] {
            let (tag, name): (Int32, UnsafePointer<CChar>?) =
                switch line.tag {
                case .owner: (Int32(ARCHIVE_ENTRY_ACL_USER_OBJ), nil)
                case .user: (Int32(ARCHIVE_ENTRY_ACL_USER), archive_read_disk_uname(lookup, Int64(line.id)))
                case .owningGroup: (Int32(ARCHIVE_ENTRY_ACL_GROUP_OBJ), nil)
                case .group: (Int32(ARCHIVE_ENTRY_ACL_GROUP), archive_read_disk_gname(lookup, Int64(line.id)))
                case .mask: (Int32(ARCHIVE_ENTRY_ACL_MASK), nil)
                case .other: (Int32(ARCHIVE_ENTRY_ACL_OTHER), nil)
                }
            let id = line.tag == .user || line.tag == .group ? Int32(bitPattern: line.id) : -1
            archive_entry_acl_add_entry(entry, type, Int32(line.permissions), tag, id, name)
        }
    }
}

/// Names of extended attributes inside a pax header, where `=` ends the name.
///
/// libarchive writes `=`, `%` and all that is not plain ASCII as `%XX`, but does not read it back in the spelling that
/// GNU tar knows.
enum AttributeName {
    /// The name that libarchive has written as `name`.
    static func decoded(_ name: [UInt8]) -> [UInt8] {
        guard name.contains(0x25) else { return name }
        var plain: [UInt8] = []
        var index = 0
        while index < name.count {
            let isEscape = name[index] == 0x25 && index + 2 < name.count
            if isEscape, let byte = Hexadecimal.bytes(of: name[index + 1...index + 2]) {
                plain += byte
                index += 3
            } else {
                plain.append(name[index])
                index += 1
            }
        }
        return plain
    }
}
