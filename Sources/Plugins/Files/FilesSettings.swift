internal import CanonicalForm
internal import PathPatterns
internal import PlanIR
internal import PluginKit

/// The properties and protect parameters of a directory, decoded.
struct FilesSettings: Sendable {
    /// When the tree is read.
    enum Consistency: String { case live, quiesced }

    /// The directory, absolute, without a slash at the end.
    var path: [UInt8]
    var exclude = PathPatternSet()
    var oneFileSystem = false
    var compression = Compression()
    var consistency = Consistency.live

    /// The hook in which the tree is read.
    var protectHook: Hook { consistency == .quiesced ? .prepareFinish : .main }

    /// Decodes what the compiler has checked; what it could not check is checked here.
    init(_ properties: JSONObject, _ parameters: JSONObject) throws(PluginError) {
        guard let text = properties["path"]?.stringValue else { throw PluginError("the property 'path' is missing") }
        path = try FilesSettings.absolute(text, "the property 'path'")
        exclude = try FilesSettings.patterns(parameters["exclude"], "the parameter 'exclude'")
        if let value = parameters["oneFileSystem"], value != .null {
            guard let flag = value.boolValue else {
                throw PluginError("the parameter 'oneFileSystem' should be true or false")
            }
            oneFileSystem = flag
        }
        switch parameters["compression"]?.stringValue ?? "zstd" {
        case "zstd": compression.enabled = true
        case "none": compression.enabled = false
        case let other: throw PluginError("the compression '\(other)' is unknown", advice: "write zstd or none")
        }
        compression.level = try FilesSettings.integer(parameters, "level", 1...19, otherwise: 3)
        compression.threads = try FilesSettings.integer(parameters, "threads", 0...64, otherwise: 1)
        let name = parameters["consistency"]?.stringValue ?? "live"
        guard let consistency = Consistency(rawValue: name) else {
            throw PluginError("the consistency '\(name)' is unknown", advice: "write live or quiesced")
        }
        self.consistency = consistency
    }

    /// A list of patterns; `what` names it in errors.
    static func patterns(_ value: JSONValue?, _ what: String) throws(PluginError) -> PathPatternSet {
        var patterns = PathPatternSet()
        for value in value?.arrayValue ?? [] {
            guard let pattern = value.stringValue else { throw PluginError("\(what) should be a list of patterns") }
            do { patterns.insert(try PathPattern(pattern)) } catch {
                throw PluginError(error.description, advice: error.advice)
            }
        }
        return patterns
    }

    private static func integer(
        _ object: JSONObject, _ key: String, _ range: ClosedRange<Int64>, otherwise: Int64
    ) throws(PluginError) -> Int64 {
        guard let value = object[key], value != .null else { return otherwise }
        guard let number = value.integerValue, range.contains(number) else {
            throw PluginError("the parameter '\(key)' should be \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The bytes of an absolute path, without slashes at the end; `what` names it in errors.
    static func absolute(_ text: String, _ what: String) throws(PluginError) -> [UInt8] {
        var bytes = Array(text.utf8)
        guard bytes.first == 0x2F, !bytes.contains(0), !PathText.components(bytes).contains([0x2E, 0x2E]) else {
            throw PluginError("\(what) should be an absolute path without '..', but is '\(text)'")
        }
        while bytes.count > 1 && bytes.last == 0x2F { bytes.removeLast() }
        return bytes
    }
}

/// What `protect` remembers: enough to find both artifacts and to know what they should hold.
struct FilesDefinition: Sendable {
    /// The version of archive and catalog.
    static let version: Int64 = 1

    var path: [UInt8]
    var archive: ArtifactSummary
    var catalog: ArtifactSummary
    /// Entries of the archive.
    var entries: Int64
    /// Bytes of content, as the sum of the sizes of the files.
    var bytes: Int64
    var compression: Bool
    var warnings: Int64

    /// The form in the bank.
    var object: JSONObject {
        func summary(_ summary: ArtifactSummary) -> JSONValue {
            [
                "digest": .string(summary.digest.description), "name": .string(summary.name),
                "size": .integer(summary.size),
            ]
        }
        return [
            "archive": summary(archive), "bytes": .integer(bytes), "catalog": summary(catalog),
            "compression": .string(compression ? "zstd" : "none"), "entries": .integer(entries),
            "path": .string(String(decoding: path, as: UTF8.self)), "version": .integer(FilesDefinition.version),
            "warnings": .integer(warnings),
        ]
    }
}

extension FilesDefinition {
    /// Reads the form in the bank; throws `PluginError` when something is missing or from another version.
    init(_ object: JSONObject) throws(PluginError) {
        do {
            let version = try object.integer("version")
            guard version == FilesDefinition.version else {
                throw PluginError(
                    "the protection definition has version \(version), but this plugin knows only "
                        + "\(FilesDefinition.version)", advice: "use a newer cairn")
            }
            func summary(_ key: String) throws(SealedRecordError) -> ArtifactSummary {
                let member = try object.object(key)
                return ArtifactSummary(
                    name: try member.string("name"), size: try member.integer("size"),
                    digest: try member.digest("digest"))
            }
            path = try FilesSettings.absolute(try object.string("path"), "'path' in the protection definition")
            archive = try summary("archive")
            catalog = try summary("catalog")
            entries = try object.integer("entries")
            bytes = try object.integer("bytes")
            compression = try object.string("compression") == "zstd"
            warnings = try object.integer("warnings")
        } catch let error as PluginError { throw error } catch {
            throw PluginError("the protection definition cannot be used: \(error)")
        }
    }
}
