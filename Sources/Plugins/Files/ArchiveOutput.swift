internal import CLibArchive
internal import Glibc

/// What libarchive answered when it refused something.
struct ArchiveFailure: Error, CustomStringConvertible {
    let description: String

    /// The last error of a libarchive handle.
    init(_ action: String, _ archive: OpaquePointer?) {
        guard let archive else {
            description = "cannot \(action)"
            return
        }
        let reason = archive_error_string(archive).map { PathText.printable(PathText.bytes($0)) } ?? "unknown reason"
        let code = archive_errno(archive)
        // libarchive has numbers of its own below zero, and some of its sentences do not say what the system has said.
        let cause = code > 0 && code != EINVAL && code != EILSEQ ? String(cString: strerror(code)) : ""
        description = "cannot \(action): \(reason)" + (cause.isEmpty || reason.contains(cause) ? "" : ": \(cause)")
    }

    /// A failure that libarchive did not notice by itself.
    init(_ description: String) { self.description = description }
}

/// libarchive's file types, which C has only as casts.
enum FileType {
    static let mask: mode_t = 0o170000
    static let file: mode_t = 0o100000
    static let directory: mode_t = 0o040000
    static let symlink: mode_t = 0o120000
    static let fifo: mode_t = 0o010000
    static let characterDevice: mode_t = 0o020000
    static let blockDevice: mode_t = 0o060000
    static let socket: mode_t = 0o140000
}

/// The compression of both artifacts.
struct Compression: Sendable, Equatable {
    /// Whether zstd is used at all.
    var enabled = true
    /// zstd's level, 1 to 19.
    var level: Int64 = 3
    /// zstd's worker threads; 0 for one per processor.
    var threads: Int64 = 1
}

/// Runs `body` in the C locale, on this thread only.
///
/// libarchive converts names by the thread's locale. In the C locale it takes ASCII names as they are and marks all
/// others `hdrcharset=BINARY`, so that their bytes survive; in a UTF-8 locale it would compose accents on the way back.
func withPlainLocale<Result>(_ body: () throws -> Result) throws -> Result {
    guard let plain = newlocale(allCategories, "C", nil) else { throw ArchiveFailure("cannot set the C locale") }
    let previous = uselocale(plain)
    defer {
        uselocale(previous)
        freelocale(plain)
    }
    return try body()
}

/// glibc's `LC_ALL_MASK`, an expression that is not imported: all categories from 0 to 12 except `LC_ALL` itself.
private let allCategories: Int32 = 0b1_1111_1011_1111

/// An archive in the making, whose bytes leave in chunks of one length. For one thread.
final class ArchiveOutput {
    /// What is written: entries of a tar archive, or one nameless stream.
    enum Format { case pax, raw }

    private let archive: OpaquePointer
    private let chunkLength: Int
    private let emit: ([UInt8]) throws -> Void
    private var chunk: [UInt8] = []
    private var failure: (any Error)?
    private var closed = false
    /// Accepted while names that are not ASCII are marked as binary.
    private static let conversionNotice = "Can't translate"

    /// Opens an archive; `emit` takes each chunk of `chunkLength` bytes, and a shorter last one.
    init(
        _ format: Format, _ compression: Compression, chunkLength: Int, emit: @escaping ([UInt8]) throws -> Void
    ) throws {
        guard let archive = archive_write_new() else { throw ArchiveFailure("cannot start an archive: no memory") }
        self.archive = archive
        self.chunkLength = chunkLength
        self.emit = emit
        chunk.reserveCapacity(chunkLength)
        switch format {
        case .pax:
            try check(archive_write_set_format_pax(archive), "choose the pax format")
            // GNU tar knows this spelling of extended attributes and warns of the other.
            try check(
                archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY"), "choose the attribute format")
        case .raw: try check(archive_write_set_format_raw(archive), "choose the raw format")
        }
        if compression.enabled {
            try check(archive_write_add_filter_zstd(archive), "compress with zstd")
            try set("compression-level", String(compression.level))
            let threads = compression.threads == 0 ? Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))) : compression.threads
            try set("threads", String(max(1, threads)))
        } else {
            try check(archive_write_add_filter_none(archive), "leave the archive uncompressed")
        }
        // No buffer and no padding: chunks are gathered here.
        try check(archive_write_set_bytes_per_block(archive, 0), "set the block length")
        try check(archive_write_set_bytes_in_last_block(archive, 1), "set the last block's length")
        let opened = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, client, buffer, count in
                guard let client, let buffer else { return -1 }
                let output = Unmanaged<ArchiveOutput>.fromOpaque(client).takeUnretainedValue()
                return output.take(UnsafeRawBufferPointer(start: buffer, count: count)) ? count : -1
            }, nil)
        try check(opened, "open the archive")
        if format == .raw {
            let entry = archive_entry_new()
            defer { archive_entry_free(entry) }
            archive_entry_set_filetype(entry, UInt32(FileType.file))
            archive_entry_copy_pathname(entry, "catalog")
            try check(archive_write_header(archive, entry), "begin the stream")
        }
    }

    deinit {
        // An archive that was not closed is given up: nothing more of it may leave.
        if !closed { failure = failure ?? ArchiveFailure("given up") }
        archive_write_free(archive)
    }

    private func set(_ key: String, _ value: String) throws {
        try check(archive_write_set_filter_option(archive, "zstd", key, value), "set zstd's \(key) to \(value)")
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if failure != nil { return false }
        var rest = bytes
        do {
            while !rest.isEmpty {
                let part = min(rest.count, chunkLength - chunk.count)
                chunk.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<part]))
                rest = UnsafeRawBufferPointer(rebasing: rest[part...])
                if chunk.count == chunkLength { try flush() }
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func flush() throws {
        let full = chunk
        chunk = []
        try emit(full)
        chunk.reserveCapacity(chunkLength)
    }

    private func check(_ result: Int32, _ action: @autoclosure () -> String) throws {
        if result == ARCHIVE_OK { return }
        if let failure { throw failure }
        throw ArchiveFailure(action(), archive)
    }

    /// Begins an entry.
    func begin(_ entry: OpaquePointer, path: [UInt8]) throws {
        let result = archive_write_header(archive, entry)
        if result == ARCHIVE_OK { return }
        if let failure { throw failure }
        // A warning means that something was left out, unless it only says that a name is kept as bytes.
        if result == ARCHIVE_WARN, let text = archive_error_string(archive),
            String(cString: text).hasPrefix(ArchiveOutput.conversionNotice)
        {
            archive_clear_error(archive)
            return
        }
        throw ArchiveFailure("archive '\(PathText.printable(path))'", archive)
    }

    /// Appends content to the current entry.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.isEmpty { return }
        let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
        if count == bytes.count { return }
        if let failure { throw failure }
        throw ArchiveFailure("write to the archive", count < 0 ? archive : nil)
    }

    /// Ends the current entry.
    func finishEntry() throws { try check(archive_write_finish_entry(archive), "end an entry of the archive") }

    /// Ends the archive; the last chunk leaves.
    func close() throws {
        try check(archive_write_close(archive), "end the archive")
        closed = true
        if !chunk.isEmpty { try flush() }
    }
}
