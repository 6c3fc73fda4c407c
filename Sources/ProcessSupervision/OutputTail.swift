internal import Glibc
internal import Synchronization

/// The end of what a program prints, in bounded memory.
final class OutputTail: Sendable {
    /// How much is kept, in bytes.
    static let limit = 16384

    private struct State {
        var bytes: [UInt8] = []
        /// Where the next byte goes once the memory is full.
        var position = 0
        var isCut = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Reads what there is in a descriptor that does not block, up to a fair share; tells whether that was the end.
    func take(from descriptor: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.limit, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 { return errno != EAGAIN && errno != EINTR }
            append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count == 0
        }
    }

    /// Reads all that is left in a descriptor that does not block, but no more than a pipe holds: someone may go on
    /// writing.
    func takeRest(from descriptor: Int32) {
        for _ in 0..<64 {
            let isEmpty = withUnsafeTemporaryAllocation(byteCount: Self.limit, alignment: 1) { buffer in
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 { append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count <= 0
            }
            if isEmpty { return }
        }
    }

    /// Takes nothing more: what follows is of no interest.
    func close() { state.withLock { $0.isClosed = true } }

    private func append(_ new: UnsafeRawBufferPointer) {
        if new.isEmpty { return }
        state.withLock { state in
            if state.isClosed { return }
            for byte in new {
                if state.bytes.count < Self.limit {
                    state.bytes.append(byte)
                } else {
                    state.bytes[state.position] = byte
                    state.position = (state.position + 1) % Self.limit
                    state.isCut = true
                }
            }
        }
    }

    /// What was kept, as text, without any of `secrets`.
    func text(without secrets: [String]) -> String {
        var (bytes, isCut) = state.withLock { ($0.bytes[$0.position...] + $0.bytes[..<$0.position], $0.isCut) }
        if bytes.isEmpty { return "" }
        if isCut {
            // The first line is not whole, and may begin in the middle of a secret.
            bytes = bytes.firstIndex(of: 0x0A).map { bytes[($0 + 1)...] } ?? []
        }
        var text = String(decoding: bytes, as: UTF8.self)
        // The longest first, since one may be a part of another.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where !secret.isEmpty {
            text = text.replacing(secret, with: "***")
            for line in secret.split(whereSeparator: \.isNewline) where line.utf8.count > 3 {
                text = text.replacing(line, with: "***")
            }
        }
        return text
    }
}
