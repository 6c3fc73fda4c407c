import CanonicalForm
import Engine
import Glibc
import PathPatterns
import PlanIR
import PluginKit

/// Something would be written into the directory of a bank, or over it.
struct BankHarm: Error, CustomStringConvertible {
    let description: String
}

/// Keeps what is written on this host out of the directory of a bank: whatever else lies there makes it another bank than
/// it says.
struct BankProtection {
    private let bank: String

    /// The protection of the bank at a path.
    init(_ place: String) { bank = Self.real(place) }

    /// Refuses a restore that would write into the bank, or replace it.
    func check(_ target: RestoreTarget, _ ir: PlanIR, _ resources: [Int]?) throws {
        if let directory = target.directory { try check(directory, "--to") }
        for resource in resources ?? Array(ir.resources.indices) {
            let described = ir.resources[resource]
            guard let path = described.properties["path"]?.stringValue, path.hasPrefix("/") else { continue }
            let place = (target.directory ?? "") + path
            let real = Self.real(place)
            if Self.isWithin(real, bank) {
                throw BankHarm(
                    description: "'\(described.identity)' would be restored to '\(place)', which lies within the bank "
                        + "at \(bank); choose another place with --to DIR")
            }
            guard target.overwrite, Self.isWithin(bank, real) else { continue }
            let patterns = ir.parameters(of: resource, for: .protect)["exclude"]?.arrayValue ?? []
            if !excludesBank(patterns.compactMap(\.stringValue), below: real) {
                throw BankHarm(
                    description: "'\(described.identity)' would replace '\(place)', in which the bank at \(bank) lies, "
                        + "and was saved with it; choose another place with --to DIR")
            }
        }
    }

    /// Refuses a directory within the bank.
    func check(_ directory: String, _ option: String) throws {
        guard Self.isWithin(Self.real(directory), bank) else { return }
        throw BankHarm(
            description: "'\(directory)' lies within the bank at \(bank), which would not be sound any more; choose "
                + "another directory with \(option) DIR")
    }

    /// Whether the bank was left out when the tree was saved in which it lies.
    private func excludesBank(_ patterns: [String], below place: String) -> Bool {
        guard bank != place else { return false }
        let path = bank.utf8.dropFirst(place == "/" ? 1 : place.utf8.count + 1)
        let exclude = PathPatternSet(patterns.compactMap { try? PathPattern($0) })
        return exclude.excludes(Array(path), isDirectory: true)
    }

    private static func isWithin(_ path: String, _ directory: String) -> Bool {
        path == directory || path.hasPrefix(directory == "/" ? "/" : directory + "/")
    }

    /// A path without links, dots and doubled slashes. What is not there yet has no links.
    private static func real(_ path: String) -> String {
        guard path.hasPrefix("/") else {
            guard let current = getcwd(nil, 0) else { return path }
            defer { free(current) }
            return real("\(String(cString: current))/\(path)")
        }
        var names = path.split(separator: "/").map(String.init)
        var missing: [String] = []
        while true {
            if let found = realpath("/" + names.joined(separator: "/"), nil) {
                defer { free(found) }
                var whole = String(cString: found).split(separator: "/").map(String.init)
                for name in missing.reversed() where name != "." {
                    if name == ".." { _ = whole.popLast() } else { whole.append(name) }
                }
                return "/" + whole.joined(separator: "/")
            }
            guard let last = names.popLast() else { return path }
            missing.append(last)
        }
    }
}
