internal import Bank
internal import Glibc

/// Room that a bank keeps for the day on which it is full: whoever deletes must write before it can remove anything.
///
/// It consists of several files, since a file system may run out of files as well as of bytes. All methods block.
struct RoomReserve {
    /// The names of its files all begin so.
    static let prefix = ".reserve-"
    private static let count = 16
    /// Bytes of each file: 1 MiB in all.
    private static let length: off_t = 1 << 16
    private static let names = (0..<count).map { prefix + ($0 < 10 ? "0" : "") + String($0) }

    private let directory: Descriptor

    /// The reserve of the bank in `root`, whether it is there or not.
    init(of root: BankRoot) { directory = root.descriptor }

    /// Whether all of it is there.
    func isThere() throws -> Bool {
        try Self.names.allSatisfy { name in
            guard let found = try directory.status(of: name) else { return false }
            return found.isRegularFile && found.st_size >= Self.length
        }
    }

    /// Sets room aside where that was not done or it was given up; `false` when there is not enough.
    func make() throws -> Bool {
        if try isThere() { return true }
        do {
            for name in Self.names { try make(name) }
            try directory.synchronize()
            return true
        } catch let failure as SystemFailure where failure.isOfRoom {
            // A part of it would only make the bank fuller.
            _ = try giveUp()
            return false
        }
    }

    private func make(_ name: String) throws {
        let file = try directory.create(name, exclusive: false)
        while true {
            let code = posix_fallocate(file.raw, 0, Self.length)
            if code == 0 { break }
            if code != EINTR { throw SystemFailure(call: "fallocate", code: code) }
        }
        try file.synchronize()
    }

    /// Gives the room to whoever writes next; `false` when there was none.
    func giveUp() throws -> Bool {
        var hasGivenUp = false
        for name in Self.names where try directory.unlink(name) { hasGivenUp = true }
        if hasGivenUp { try directory.synchronize() }
        return hasGivenUp
    }
}
