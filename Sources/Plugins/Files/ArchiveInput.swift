internal import CLibArchive
internal import CanonicalForm
internal import Glibc

/// An archive or catalog being read, whose bytes come in chunks from anywhere. For one thread.
final class ArchiveInput {
    let archive: OpaquePointer
    private let fetch: () throws -> [UInt8]?
    /// The chunk that libarchive is looking at: it must stay where it is until the next one is asked for.
    private var block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var failure: (any Error)?
    private var exhausted = false

    /// Opens a stream; `fetch` gives the next chunk, or `nil` at the end.
    init(_ format: ArchiveOutput.Format, fetch: @escaping () throws -> [UInt8]?) throws {
        guard let archive = archive_read_new() else { throw ArchiveFailure("cannot open an archive: no memory") }
        self.archive = archive
        self.fetch = fetch
        // Nothing but what protect writes: every further format would be more surface for hostile bytes.
        try check(archive_read_support_filter_zstd(archive), "decompress zstd")
        switch format {
        case .pax: try check(archive_read_support_format_tar(archive), "read tar archives")
        case .raw: try check(archive_read_support_format_raw(archive), "read a catalog")
        }
        let opened = archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, client, buffer in
                guard let client, let buffer else { return -1 }
                return Unmanaged<ArchiveInput>.fromOpaque(client).takeUnretainedValue().next(buffer)
            }, nil)
        try check(opened, "open the archive")
    }

    deinit {
        archive_read_free(archive)
        block.deallocate()
    }

    private func next(_ place: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do {
            var chunk: [UInt8] = []
            // libarchive takes an empty chunk for the end.
            while chunk.isEmpty {
                guard !exhausted, let fetched = try fetch() else {
                    exhausted = true
                    place.pointee = UnsafeRawPointer(block.baseAddress)
                    return 0
                }
                chunk = fetched
            }
            if chunk.count > block.count {
                block.deallocate()
                block = .allocate(byteCount: chunk.count, alignment: 16)
            }
            block.copyBytes(from: chunk)
            place.pointee = UnsafeRawPointer(block.baseAddress)
            return chunk.count
        } catch {
            failure = error
            return -1
        }
    }

    private func check(_ result: Int32, _ action: @autoclosure () -> String) throws {
        if result == ARCHIVE_OK { return }
        if let failure { throw failure }
        throw ArchiveFailure(action(), archive)
    }

    /// The next entry, which lives until the one after it, or `nil` at the end.
    func nextEntry() throws -> OpaquePointer? {
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        // A warning too means that the entry is not what was written.
        try check(result, "read the archive")
        return entry
    }

    /// The next run of the entry's content: its bytes and their offset in the file, or `nil` at the end.
    func nextData() throws -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        let result = archive_read_data_block(archive, &start, &count, &offset)
        if result == ARCHIVE_EOF { return nil }
        try check(result, "read the archive")
        return (UnsafeRawBufferPointer(start: start, count: count), offset)
    }

    /// Takes what comes behind the archive's end, so that the source sees its own end and can check its digest.
    func drain() throws {
        while !exhausted { if try fetch() == nil { exhausted = true } }
    }
}

/// The lines of a catalog, one after the other. For one thread.
final class CatalogReader {
    /// Longer than any line of `SparseMap.maximumExtents` runs and the attributes that a file can have. Bytes.
    private static let longestLine = 64 << 20

    private let input: ArchiveInput
    private var buffer: [UInt8] = []
    private var position = 0
    private var ended = false

    /// A reader of the compressed catalog that `fetch` gives in chunks.
    init(fetch: @escaping () throws -> [UInt8]?) throws {
        input = try ArchiveInput(.raw, fetch: fetch)
        if try input.nextEntry() == nil { ended = true }
    }

    /// The next line, or `nil` at the end.
    func next() throws -> CatalogEntry? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = Array(buffer[position..<end])
                position = end + 1
                return try CatalogEntry(line: line)
            }
            searched = buffer.count
            if ended {
                if position < buffer.count { throw CatalogError("the last line is cut off") }
                try input.drain()
                return nil
            }
            if position > 0 {
                buffer.removeFirst(position)
                searched -= position
                position = 0
            }
            if buffer.count > CatalogReader.longestLine { throw CatalogError("a line is too long") }
            if let (bytes, _) = try input.nextData() { buffer.append(contentsOf: bytes) } else { ended = true }
        }
    }

    /// The next line of something that is in the archive, or `nil` at the end.
    func nextPresent() throws -> CatalogEntry? {
        while let entry = try next() {
            if entry.kind != .absent { return entry }
        }
        return nil
    }
}

/// What an entry of an archive says, in the catalog's words.
extension CatalogEntry {
    /// Describes an entry that was read from an archive, without content and digest.
    init(archived entry: OpaquePointer) throws {
        guard let name = archive_entry_pathname(entry) else { throw ArchiveFailure("an entry has no path") }
        var path = PathText.bytes(name)
        while path.count > 1 && path.last == 0x2F { path.removeLast() }
        self.init(path: path, kind: .file)
        if let target = archive_entry_hardlink(entry) {
            kind = .hardlink
            self.target = PathText.bytes(target)
        } else {
            switch mode_t(archive_entry_filetype(entry)) {
            case FileType.file:
                size = archive_entry_size(entry)
            case FileType.directory: kind = .directory
            case FileType.fifo: kind = .fifo
            case FileType.symlink:
                kind = .symlink
                guard let target = archive_entry_symlink(entry) else {
                    throw ArchiveFailure("the link '\(PathText.printable(path))' has no target")
                }
                self.target = PathText.bytes(target)
            case FileType.characterDevice:
                kind = .characterDevice
                device = UInt64(archive_entry_rdev(entry))
            case FileType.blockDevice:
                kind = .blockDevice
                device = UInt64(archive_entry_rdev(entry))
            default: throw ArchiveFailure("'\(PathText.printable(path))' is of a kind that is never archived")
            }
        }
        mode = UInt32(archive_entry_perm(entry)) & 0o7777
        owner = UInt32(truncatingIfNeeded: archive_entry_uid(entry))
        group = UInt32(truncatingIfNeeded: archive_entry_gid(entry))
        modified = (Int64(archive_entry_mtime(entry)), Int64(archive_entry_mtime_nsec(entry)))
    }
}

extension ExtendedAttributes {
    /// The attributes and lists that an archive's entry carries.
    init(archived entry: OpaquePointer) {
        archive_entry_xattr_reset(entry)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while archive_entry_xattr_next(entry, &name, &value, &count) == ARCHIVE_OK {
            guard let name else { continue }
            attributes.append(
                Attribute(
                    name: AttributeName.decoded(PathText.bytes(name)),
                    value: Array(UnsafeRawBufferPointer(start: value, count: count))))
        }
        attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        access = ExtendedAttributes.list(entry, Int32(ARCHIVE_ENTRY_ACL_TYPE_ACCESS))
        inherited = ExtendedAttributes.list(entry, Int32(ARCHIVE_ENTRY_ACL_TYPE_DEFAULT))
    }

    private static func list(_ entry: OpaquePointer, _ wanted: Int32) -> PosixACL? {
        // Zero also when a list would say no more than the mode does.
        guard archive_entry_acl_reset(entry, wanted) > 0 else { return nil }
        var lines: [PosixACL.Entry] = []
        var (type, permissions, tag, id): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        var name: UnsafePointer<CChar>?
        while archive_entry_acl_next(entry, wanted, &type, &permissions, &tag, &id, &name) == ARCHIVE_OK {
            let known: PosixACL.Tag? =
                switch tag {
                case Int32(ARCHIVE_ENTRY_ACL_USER_OBJ): .owner
                case Int32(ARCHIVE_ENTRY_ACL_USER): .user
                case Int32(ARCHIVE_ENTRY_ACL_GROUP_OBJ): .owningGroup
                case Int32(ARCHIVE_ENTRY_ACL_GROUP): .group
                case Int32(ARCHIVE_ENTRY_ACL_MASK): .mask
                case Int32(ARCHIVE_ENTRY_ACL_OTHER): .other
                default: nil
                }
            guard let known else { continue }
            let isNamed = known == .user || known == .group
            lines.append(
                PosixACL.Entry(
                    tag: known, permissions: UInt16(permissions & 7), id: isNamed ? UInt32(bitPattern: id) : 0))
        }
        return lines.isEmpty ? nil : PosixACL(lines)
    }
}
