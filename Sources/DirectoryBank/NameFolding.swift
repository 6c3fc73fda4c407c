internal import Bank
internal import CLinux
internal import Glibc

/// Finds out whether a file system takes two names for one that are two keys: it does not tell `a` from `A`, or does not
/// see a dot at the end. In such a directory one object would replace another. All methods block.
///
/// Keys are of ASCII alone, so that other ways to spell a character do not matter.
struct NameFolding: Sendable {
    /// The name that the file system looks for when it is given one; a test puts one in its place that folds.
    let looksFor: @Sendable (String) -> String

    /// Names that a bank has from its first day on, or soon.
    private static let usual = ["format", "checkpoints", "indices", "leases"]

    /// Looks at what there is, and changes nothing. Throws `invalidPlace`.
    func refuse(in root: BankRoot, at place: String) throws {
        for name in Self.usual { try refuse(name, in: root.descriptor, at: place) }
    }

    /// Looks by a name of its own that is not there for long. Throws `invalidPlace`.
    func probe(_ root: BankRoot, at place: String) throws {
        let directory = try root.openTemporaries()
        let name = "\(getpid())-fold-\(CrockfordBase32.random(length: 16))"
        _ = try directory.create(name, exclusive: true)
        defer { _ = try? directory.unlink(name) }
        try refuse(name, in: directory, at: place)
    }

    private func refuse(_ name: String, in directory: Descriptor, at place: String) throws {
        guard let found = try directory.status(of: name) else { return }
        for (other, reason) in [
            (name.uppercased(), "its file system does not tell small letters from capital ones"),
            (name + ".", "its file system does not see a dot at the end of a name"),
        ] {
            guard let same = try directory.status(of: looksFor(other)) else { continue }
            guard same.st_ino == found.st_ino, same.st_dev == found.st_dev else { continue }
            throw BankError.invalidPlace(
                place, reason: "\(reason), so that one object could replace another; choose a directory elsewhere")
        }
    }
}
