internal import CanonicalForm
internal import Glibc
internal import PluginKit

/// The content of regular files on its way from the source into an archive. For one thread.
final class FileContent {
    /// What became of one file's content.
    struct Outcome {
        /// The digest of what was archived.
        var digest: ContentDigest
        /// A sentence when the file was not what its metadata had announced.
        var change: String?
    }

    /// Fits a second-level cache: each byte is read, hashed and compressed while it is there.
    private static let bufferLength = 1 << 18

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FileContent.bufferLength, alignment: 4096)
    private let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: FileContent.bufferLength, alignment: 4096)
    private let stop: StopFlag
    private let reporter: any ActivityReporter
    private let seams: FilesSeams

    init(stop: StopFlag, reporter: any ActivityReporter, seams: FilesSeams) {
        self.stop = stop
        self.reporter = reporter
        self.seams = seams
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        buffer.deallocate()
        zeros.deallocate()
    }

    /// Writes exactly as many bytes as `line` announces: zeros in place of what is missing, nothing of what is more.
    func copy(_ fd: Int32, _ line: CatalogEntry, to archive: ArchiveOutput) throws -> Outcome {
        let hasher = try ContentHasher()
        var offset: Int64 = 0
        var shrunkTo: Int64?
        for extent in line.extents ?? [Extent(offset: 0, length: line.size)] {
            // libarchive wants the holes too, and skips them by its own map.
            try writeZeros(extent.offset - offset, archive, nil)
            offset = extent.offset
            let end = extent.offset + extent.length
            while offset < end {
                try stop.check()
                let length = Int(min(Int64(buffer.count), end - offset))
                let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
                if let code = seams.beforeRead(line.path, offset) { throw SystemFailure("read", line.path, code: code) }
                let count = try FileSystem.read(fd, into: window, at: offset, path: line.path)
                if count == 0 {
                    shrunkTo = shrunkTo ?? offset
                    try writeZeros(end - offset, archive, hasher)
                    offset = end
                    break
                }
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(window)[..<count])
                hasher.update(bytes)
                try archive.write(bytes)
                offset += Int64(count)
                reporter.advance(bytes: Int64(count))
            }
        }
        try writeZeros(line.size - offset, archive, nil)
        return Outcome(
            digest: hasher.finalize(),
            change: shrunkTo.map { "the file shrank from \(line.size) to \($0) bytes; the rest was filled with zeros" })
    }

    private func writeZeros(_ count: Int64, _ archive: ArchiveOutput, _ hasher: ContentHasher?) throws {
        try eachZeros(count, archive) { hasher?.update($0) }
    }

    private func eachZeros(
        _ count: Int64, _ archive: ArchiveOutput, _ visit: (UnsafeRawBufferPointer) -> Void
    ) throws {
        var left = count
        while left > 0 {
            try stop.check()
            let part = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(zeros)[..<Int(min(Int64(zeros.count), left))])
            visit(part)
            try archive.write(part)
            left -= Int64(part.count)
        }
    }

    /// A sentence on how a file changed between two looks at it, `nil` if it did not.
    static func change(from before: stat, to after: stat) -> String? {
        if after.st_size > before.st_size {
            return "the file grew from \(before.st_size) to \(after.st_size) bytes; what was added is left out"
        }
        let same =
            after.st_size == before.st_size && after.st_mtim.tv_sec == before.st_mtim.tv_sec
            && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec && after.st_ctim.tv_sec == before.st_ctim.tv_sec
            && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec
        return same ? nil : "the file was changed while it was being read; its content may mix old and new"
    }
}

/// Where the data of a sparse file lie.
enum SparseMap {
    /// More runs than this are merged, the closest first, so that a shredded file does not fill the memory.
    static let maximumExtents = 1 << 16

    /// Linux's `SEEK_DATA` and `SEEK_HOLE`.
    static let seekData: Int32 = 3
    static let seekHole: Int32 = 4

    /// The runs of data, `nil` when there are no holes. A file that is one hole has one short run at its start, since
    /// an archive without any run would carry the zeros.
    static func extents(of fd: Int32, size: Int64, path: [UInt8]) throws(SystemFailure) -> [Extent]? {
        var extents: [Extent] = []
        var position: Int64 = 0
        while position < size {
            let start = lseek(fd, off_t(position), seekData)
            if start < 0 {
                if errno == ENXIO { break }
                // The file system does not know of holes.
                if errno == EINVAL || errno == ENOTSUP { return nil }
                throw SystemFailure("find the holes of", path)
            }
            if start >= size { break }
            let end = lseek(fd, start, seekHole)
            // Cut away while we look: reading will notice.
            if end < 0 && errno != ENXIO { throw SystemFailure("find the holes of", path) }
            let bounded = end < 0 ? size : min(size, Int64(end))
            if bounded <= start { break }
            extents.append(Extent(offset: Int64(start), length: bounded - Int64(start)))
            position = bounded
            if extents.count > 2 * maximumExtents { merge(&extents) }
        }
        if extents.count > maximumExtents { merge(&extents) }
        if extents.isEmpty { return [Extent(offset: 0, length: min(512, size))] }
        if extents.count == 1 && extents[0] == Extent(offset: 0, length: size) { return nil }
        return extents
    }

    private static func merge(_ extents: inout [Extent]) {
        var gap: Int64 = 4096
        while extents.count > maximumExtents {
            var merged: [Extent] = []
            for extent in extents {
                if let last = merged.last, extent.offset - (last.offset + last.length) <= gap {
                    merged[merged.count - 1].length = extent.offset + extent.length - last.offset
                } else {
                    merged.append(extent)
                }
            }
            extents = merged
            gap *= 2
        }
    }
}
