/// A few files as an author would have them, and the command that checks them.
package struct Example: Sendable {
    /// One file of an example.
    package struct File: Sendable {
        /// The path below the directory of the example, such as `providers/local.yaml`.
        package let name: String
        /// The text as it is shown; `⟨N × TEXT⟩` stands for N times TEXT, `⟨byte E9⟩` for the byte E9 by itself.
        package let text: String

        /// A file called `name`.
        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }

        /// The bytes that `text` stands for.
        package var bytes: [UInt8] { ExampleText.bytes(of: text) }
    }

    /// The files that are shown, the checked ones first; `providers/local.yaml` is beside them unless it is among them.
    ///
    /// A file in `plugins/` is the manifest of a plugin that the program would have: no plugin of this version is
    /// like it. One in `inventories/` is given with `--inventory`.
    package let files: [File]
    /// The files that `cairnc check` is given.
    package let checked: [String]
    /// Whether `cairnc compile` is given them instead.
    package private(set) var isCompiled = false
    /// Whether the compiled plan is damaged before the compiler checks it, as a fault of the compiler would do.
    package let isDamaged: Bool
    /// The files that lie on the machine, for lints that look there, with the mode of each.
    package private(set) var machineFiles: [(path: String, mode: UInt32)] = []
    /// Whether all files of a project are checked, as with `cairnc check .`
    package private(set) var coversProject = false

    /// Files as they are. Checked are all but `cairn.yaml` and what lies in `providers/` and `plugins/`, unless
    /// `checked` names others.
    package init(_ files: [File], checked: [String]? = nil) {
        self.files = files
        self.checked =
            checked
            ?? files.map(\.name).filter {
                $0 != "cairn.yaml" && !$0.hasPrefix("providers/") && !$0.hasPrefix(Self.pluginDirectory)
                    && !$0.hasPrefix(Self.inventoryDirectory)
            }
        isDamaged = false
    }

    /// The plan `plan.yaml`: what follows the usual head (`apiVersion`, `kind`, `name: shop`, `provider: local`), with
    /// further files beside it.
    package init(plan rest: String, beside others: [File] = []) {
        self.init([File("plan.yaml", Self.head + rest)] + others)
    }

    /// The plan `plan.yaml`, which is compiled and not only checked.
    package init(compiledPlan rest: String, beside others: [File] = []) {
        self.init(plan: rest, beside: others)
        isCompiled = true
    }

    /// The plan `plan.yaml`, on a machine where files of these modes lie on one file system.
    package init(plan rest: String, beside others: [File] = [], onMachine files: [(path: String, mode: UInt32)]) {
        self.init(plan: rest, beside: others)
        machineFiles = files
    }

    /// The plan `plan.yaml` and all other files of a project, which is checked as a whole.
    package init(project rest: String, beside others: [File]) {
        let files = [File("plan.yaml", Self.head + rest)] + others
        self.init(files, checked: files.map(\.name))
        coversProject = true
    }

    /// The plan `plan.yaml`, whose compiled form is damaged before the compiler checks it.
    package init(damagedPlan rest: String) {
        files = [File("plan.yaml", Self.head + rest)]
        checked = ["plan.yaml"]
        isDamaged = true
    }

    /// The example with other files, on the same machine.
    package func with(_ files: [File], checked: [String]) -> Example {
        var example = Example(files, checked: checked)
        example.machineFiles = machineFiles
        example.coversProject = coversProject
        example.isCompiled = isCompiled
        return example
    }

    /// The first lines of a plan.
    package static let head = "apiVersion: cairn/v1\nkind: Plan\nname: shop\nprovider: local\n"

    /// The provider beside each example that has none of its own called `providers/local.yaml`.
    package static let provider = File(
        "providers/local.yaml",
        """
        apiVersion: cairn/v1
        kind: Provider
        name: local
        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
        plugins:
          - {name: files}

        """)

    static let pluginDirectory = "plugins/"
    static let inventoryDirectory = "inventories/"

    /// The inventories that the command is given.
    package var inventories: [String] { files.map(\.name).filter { $0.hasPrefix(Self.inventoryDirectory) } }

    /// What stands behind `cairnc` to check the example.
    package var arguments: [String] {
        [isCompiled ? "compile" : "check"] + (coversProject ? ["."] : checked)
            + inventories.flatMap { ["--inventory", $0] }
    }

    /// The files as they lie on a disk: those that are shown, and the provider.
    package var allFiles: [File] {
        files.contains { $0.name == Self.provider.name } ? files : files + [Self.provider]
    }

    /// The manifests of plugins that this program does not have.
    package var pluginManifests: [File] { files.filter { $0.name.hasPrefix(Self.pluginDirectory) } }

    /// Whether the built program prints the same for these files: it knows its own plugins only, damages nothing, and
    /// sees another machine.
    package var isForProgram: Bool {
        !isDamaged && pluginManifests.isEmpty && machineFiles.isEmpty && !coversProject
    }
}

/// Writes out what stands between `⟨` and `⟩` in an example.
enum ExampleText {
    static func bytes(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "⟨"), let close = rest[open...].firstIndex(of: "⟩") {
            bytes += rest[..<open].utf8
            let inner = rest[rest.index(after: open)..<close]
            bytes += written(inner) ?? Array(rest[open...close].utf8)
            rest = rest[rest.index(after: close)...]
        }
        return bytes + rest.utf8
    }

    private static func written(_ inner: Substring) -> [UInt8]? {
        if inner.hasPrefix("byte ") { return UInt8(inner.dropFirst(5), radix: 16).map { [$0] } }
        guard let sign = inner.firstIndex(of: "×"), let count = Int(inner[..<sign].dropLast()) else { return nil }
        let repeated = Array(inner[sign...].dropFirst(2).utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * repeated.count)
        for _ in 0..<count { bytes += repeated }
        return bytes
    }
}
