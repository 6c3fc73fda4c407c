import Bank
import Glibc

/// A bank in a directory whose writes need not survive anything, so that a large one is made in seconds.
final class UnsyncedBank: ForwardingBank {
    let bank: any Bank
    private let directory: String

    init(_ bank: any Bank, at directory: String) {
        self.bank = bank
        self.directory = directory
    }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        let path = "\(directory)/\(key)"
        var descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 && errno == ENOENT {
            makeDirectories(of: key)
            descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else {
            throw BankError.storeFailed(operation: "write", key: key.text, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw BankError.storeFailed(operation: "write", key: key.text, reason: "it was cut off")
        }
        return ObjectVersion(tag: "")
    }

    private func makeDirectories(of key: BankKey) {
        var path = directory
        for segment in key.segments.dropLast() {
            path += "/\(segment)"
            mkdir(path, 0o700)
        }
    }

    func delete(_ key: BankKey, if condition: WriteCondition) async throws { unlink("\(directory)/\(key)") }

    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        throw BankError.forbidden(key.text, reason: "no streams are needed here")
    }
}
