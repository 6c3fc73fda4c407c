internal import CanonicalForm
internal import Glibc
internal import PathPatterns
internal import PlanIR
internal import PluginKit

/// Finds the directories directly below one, as resources of their own. For one thread.
struct SubdirectorySearch {
    /// How often a directory that is being changed is read.
    private static let attempts = 8

    let resource: ResourceDescription
    private let path: [UInt8]
    /// Without any, every directory is wanted.
    private let include: PathPatternSet?
    private let exclude: PathPatternSet
    private let seams: FilesSeams

    /// The search that a selector asks for.
    init(_ resource: ResourceDescription, selector: JSONObject, seams: FilesSeams) throws(PluginError) {
        guard let text = resource.properties["path"]?.stringValue else {
            throw PluginError("the property 'path' is missing")
        }
        self.resource = resource
        self.seams = seams
        path = try FilesSettings.absolute(text, "the property 'path'")
        let wanted = selector["include"]?.arrayValue ?? []
        include = wanted.isEmpty ? nil : try FilesSettings.patterns(selector["include"], "'include' of the selector")
        exclude = try FilesSettings.patterns(selector["exclude"], "'exclude' of the selector")
    }

    /// Looks, and returns the directories in the order of their names' bytes, with the patterns that leave each to
    /// itself; throws `SystemFailure` or `PluginError`.
    func run() throws -> DiscoveredDependents {
        let names = try steadyNames()
        var dependents: [ResourceDescription] = []
        for name in names {
            let whole = place(of: name)
            guard let text = String(validating: name, as: UTF8.self),
                let place = String(validating: whole, as: UTF8.self)
            else {
                throw PluginError(
                    "the name of '\(PathText.printable(whole))' is not UTF-8, so no plan can name it",
                    advice: "rename it, or leave it out with 'exclude' of the selector: then "
                        + "'\(resource.identity)' saves it")
            }
            dependents.append(
                ResourceDescription(
                    type: resource.type, id: try id(of: text, at: whole), name: text,
                    properties: ["path": .string(place)]))
        }
        let patterns = dependents.map { JSONValue.string(PathPattern.naming(directory: $0.name)) }
        return DiscoveredDependents(dependents: dependents, parameters: ["exclude": .array(patterns)])
    }

    /// The names of the wanted directories. Reading a directory that is being changed may miss what is renamed, so it
    /// is read until nothing has changed meanwhile, or twice the same was found.
    private func steadyNames() throws -> [[UInt8]] {
        let root = try FileSystem.openRoot(path)
        defer { close(root) }
        var last: [[UInt8]]?
        for _ in 0..<SubdirectorySearch.attempts {
            let before = try FileSystem.status(root, path: path).st_mtim
            let found = try wantedNames(root)
            let after = try FileSystem.status(root, path: path).st_mtim
            guard let found else {
                last = nil
                continue
            }
            if found == last || (before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec) { return found }
            last = found
        }
        throw PluginError(
            "directories in '\(PathText.printable(path))' are removed or renamed again and again while it is read",
            advice: "ask again when nothing is being moved there")
    }

    /// The names in one reading, `nil` when one of them vanished before it could be looked at.
    private func wantedNames(_ root: Int32) throws -> [[UInt8]]? {
        let names = try FileSystem.names(in: root, path: path)
        var wanted: [[UInt8]] = []
        for index in 0..<names.count {
            let name = names[index]
            seams.beforeOpen(name)
            let status: stat
            do { status = try FileSystem.status(at: root, name, path: place(of: name)) } catch {
                if error.code == ENOENT { return nil }
                throw error
            }
            if status.st_mode & S_IFMT == FileType.directory && isWanted(name) { wanted.append(name) }
        }
        return wanted
    }

    private func place(of name: [UInt8]) -> [UInt8] { path == [0x2F] ? path + name : path + [0x2F] + name }

    private func isWanted(_ name: [UInt8]) -> Bool {
        (include?.matches(name, isDirectory: true) ?? true) && !exclude.matches(name, isDirectory: true)
    }

    private func id(of name: String, at path: [UInt8]) throws(PluginError) -> String {
        let id = "\(resource.id)/\(IDText.encoded(name))"
        if id.utf8.count > NameRules.maximumIDLength {
            throw PluginError(
                "the id '\(id)' of '\(PathText.printable(path))' would have \(id.utf8.count) bytes, and an id may have "
                    + "\(NameRules.maximumIDLength)",
                advice: "shorten the id '\(resource.id)' in the plan, rename the directory, or leave it out with "
                    + "'exclude' of the selector: then '\(resource.identity)' saves it")
        }
        if let fault = NameRules.idFault(id) ?? NameRules.identityFault("\(resource.type)#\(id)") {
            throw PluginError("'\(PathText.printable(path))' would get the id '\(id)': \(fault)")
        }
        return id
    }
}

/// Names as parts of ids.
enum IDText {
    /// A name with each byte that an id cannot hold as `+XX`, in hexadecimal; so too `+` itself, and `/` and `:`,
    /// so that different names give different ids.
    static func encoded(_ name: String) -> String {
        var text: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D, 0x40: text.append(byte)
            default: text += Array("+".utf8) + Array(Hexadecimal.text(of: [byte]).uppercased().utf8)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
