import Diagnostics
import YAMLSource

/// A file with a secret that every user of this machine can read.
///
/// Only files that are there are looked at. A file that its owner gives to a group is given on purpose.
enum SecretFileLint {
    private static let othersRead: UInt32 = 0o004
    private static let othersEnter: UInt32 = 0o001

    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        var verdicts: [String: Bool] = [:]
        plan.forEachSetting { tree, setting in
            guard setting.view.text(setting.key, is: "fromFile") else { return }
            let value = tree.node(setting.value)
            let path = value.text
            let isOpen = verdicts[path] ?? isOpen(path, plan.machine)
            verdicts[path] = isOpen
            guard isOpen else { return }
            findings.add(
                Diagnostic(
                    .readableSecretFile, "every user of this machine can read the secret in '\(path)'",
                    at: value.range, notes: ["take the right away with: chmod o= \(path)"]))
        }
    }

    private static func isOpen(_ path: String, _ machine: MachineView) -> Bool {
        // What a relative path is relative to is known to the executor only.
        guard path.hasPrefix("/"), let real = machine.resolve(path), let file = machine.status(real),
            file.mode & 0o170000 == 0o100000, file.mode & othersRead != 0
        else { return false }
        // Where a directory above lets nobody in, the file's own mode does not matter.
        let bytes = Array(real.utf8)
        for position in bytes.indices where bytes[position] == UInt8(ascii: "/") {
            let above = position == 0 ? "/" : String(decoding: bytes[..<position], as: UTF8.self)
            guard let directory = machine.status(above), directory.mode & othersEnter != 0 else { return false }
        }
        return true
    }
}
