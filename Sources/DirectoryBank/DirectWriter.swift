internal import CLinux
internal import Glibc

/// Writes large objects past the page cache (`O_DIRECT`).
///
/// A bank's parts are written once and seldom read: in the cache they would push out what others use, and copying them
/// there costs more than writing them. File systems that do not know of it are written the usual way.
enum DirectWriter {
    /// Shorter runs gain nothing. Bytes.
    static let worthwhile = 1 << 20
    /// What file systems ask of addresses, lengths and positions. Bytes.
    private static let alignment = 4096
    /// Small enough for a second-level cache, large enough for a disk. Bytes.
    private static let stride = 1 << 19

    /// Appends as much of `bytes` as can be written directly and returns how much that was: all but the last few, or
    /// nothing where it is not possible. The file is then as it was, open for usual writes.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: Descriptor) throws -> Int {
        let flags = fcntl(file.raw, F_GETFL)
        let position = lseek(file.raw, 0, SEEK_CUR)
        guard flags >= 0, position >= 0, position % off_t(alignment) == 0,
            fcntl(file.raw, F_SETFL, flags | clinux_o_direct) == 0
        else { return 0 }
        defer { _ = fcntl(file.raw, F_SETFL, flags) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: stride, alignment: alignment)
        defer { buffer.deallocate() }
        let whole = bytes.count / alignment * alignment
        var done = 0
        while done < whole {
            let length = min(stride, whole - done)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + length]))
            let count = Glibc.write(file.raw, buffer.baseAddress, length)
            if count > 0 && count % alignment == 0 {
                done += count
            } else if count < 0 && errno == EINTR {
                continue
            } else if count < 0 && errno != EINVAL {
                throw SystemFailure(call: "write", code: errno)
            } else {
                // Not possible here, or stopped at an odd place: go on the usual way from where the file is.
                return done + max(0, count)
            }
        }
        return done
    }
}
