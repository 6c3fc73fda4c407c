internal import CanonicalForm

/// A run of bytes of a sparse file that is stored; what lies between two of them is a hole.
struct Extent: Equatable {
    var offset: Int64
    var length: Int64
}

/// One line of the catalog: everything that an entry of the archive must be again after a restore.
struct CatalogEntry: Equatable {
    /// What kind of file it is. `absent` says that there was something that is not in the archive, and why.
    enum Kind: String {
        case directory, file, symlink, hardlink, fifo, characterDevice, blockDevice, absent
    }

    /// One extended attribute with the digest of its value.
    struct Attribute: Equatable {
        var name: [UInt8]
        var digest: SHA256Digest
    }

    /// Below the tree's root, in the bytes of the file system; `.` is the root itself.
    var path: [UInt8]
    var kind: Kind
    /// Content length in bytes, of a regular file.
    var size: Int64 = 0
    /// The permission bits, with set-id and sticky bits.
    var mode: UInt32 = 0
    var owner: UInt32 = 0
    var group: UInt32 = 0
    /// Modification time: seconds since 1970, rounded down, and nanoseconds beyond.
    var modified: (seconds: Int64, nanoseconds: Int64) = (0, 0)
    /// What a symbolic link points to, or the path of the entry that a hard link is another name of.
    var target: [UInt8] = []
    /// The number of a device.
    var device: UInt64 = 0
    /// The stored runs of a sparse file; `nil` for one without holes.
    var extents: [Extent]?
    var attributes: [Attribute] = []
    /// Access control lists in short numeric text; `nil` where the mode says all.
    var accessList: String?
    var inheritedList: String?
    /// The digest of the content as archived; of a sparse file, of its stored runs.
    var digest: ContentDigest?
    /// A kind of warning, such as `changed-while-read`.
    var flag: String?

    static func == (a: CatalogEntry, b: CatalogEntry) -> Bool {
        a.path == b.path && a.kind == b.kind && a.size == b.size && a.mode == b.mode && a.owner == b.owner
            && a.group == b.group && a.modified == b.modified && a.target == b.target && a.device == b.device
            && a.extents == b.extents && a.attributes == b.attributes && a.accessList == b.accessList
            && a.inheritedList == b.inheritedList && a.digest == b.digest && a.flag == b.flag
    }
}

extension CatalogEntry {
    /// Appends the line, with its line feed. The members are in canonical order.
    func write(to writer: inout JSONWriter) {
        writer.raw("{")
        if let accessList {
            writer.raw("\"acl\":")
            writer.string(accessList)
            writer.raw(",")
        }
        if let inheritedList {
            writer.raw("\"defaultAcl\":")
            writer.string(inheritedList)
            writer.raw(",")
        }
        if kind == .characterDevice || kind == .blockDevice {
            writer.raw("\"device\":")
            writer.integer(Int64(bitPattern: device))
            writer.raw(",")
        }
        if let extents {
            writer.raw("\"extents\":[")
            for (index, extent) in extents.enumerated() {
                if index > 0 { writer.raw(",") }
                writer.integer(extent.offset)
                writer.raw(",")
                writer.integer(extent.length)
            }
            writer.raw("],")
        }
        if let flag {
            writer.raw("\"flag\":")
            writer.string(flag)
            writer.raw(",")
        }
        if kind != .absent {
            writer.raw("\"gid\":")
            writer.integer(Int64(group))
            writer.raw(",\"mode\":")
            writer.integer(Int64(mode))
            writer.raw(",\"mtime\":[")
            writer.integer(modified.seconds)
            writer.raw(",")
            writer.integer(modified.nanoseconds)
            writer.raw("],")
        }
        CatalogEntry.bytes(path, "path", to: &writer)
        if let digest {
            writer.raw(",\"xxh128\":")
            writer.string(digest.hexadecimal)
        }
        if kind == .file {
            writer.raw(",\"size\":")
            writer.integer(size)
        }
        if kind == .symlink || kind == .hardlink {
            writer.raw(",")
            CatalogEntry.bytes(target, "target", to: &writer)
        }
        writer.raw(",\"type\":")
        writer.string(kind.rawValue)
        if kind != .absent {
            writer.raw(",\"uid\":")
            writer.integer(Int64(owner))
        }
        if !attributes.isEmpty {
            writer.raw(",\"xattrs\":[")
            for (index, attribute) in attributes.enumerated() {
                writer.raw(index > 0 ? ",{" : "{")
                CatalogEntry.bytes(attribute.name, "name", to: &writer)
                writer.raw(",\"sha256\":")
                writer.string(attribute.digest.hexadecimal)
                writer.raw("}")
            }
            writer.raw("]")
        }
        writer.raw("}\n")
    }

    /// A member whose value need not be text: `key`, or `keyHex` when the bytes are not UTF-8.
    private static func bytes(_ bytes: [UInt8], _ key: StaticString, to writer: inout JSONWriter) {
        writer.raw("\"")
        writer.raw(key)
        if String(validating: bytes, as: UTF8.self) != nil {
            writer.raw("\":")
            writer.string(utf8: bytes)
        } else {
            writer.raw("Hex\":\"")
            writer.bytes.append(contentsOf: Hexadecimal.text(of: bytes).utf8)
            writer.raw("\"")
        }
    }

    /// Reads a line, without its line feed; throws `CatalogError` when it is not one.
    init(line: [UInt8]) throws(CatalogError) {
        let object: JSONObject
        do {
            guard let value = try JSONValue(parsing: line).objectValue else {
                throw CatalogError("a line is not an object")
            }
            object = value
        } catch let error as CatalogError { throw error } catch { throw CatalogError("a line is not JSON (\(error))") }
        guard let path = CatalogEntry.bytes(object, "path", "pathHex"), !path.isEmpty,
            let kind = object["type"]?.stringValue.flatMap(Kind.init(rawValue:))
        else { throw CatalogError("a line has no path or type") }
        self.init(path: path, kind: kind)
        flag = object["flag"]?.stringValue
        if kind == .absent { return }
        func integer(_ key: String) throws(CatalogError) -> Int64 {
            guard let value = object[key]?.integerValue else { throw CatalogError("a line has no \(key)") }
            return value
        }
        mode = UInt32(truncatingIfNeeded: try integer("mode"))
        owner = UInt32(truncatingIfNeeded: try integer("uid"))
        group = UInt32(truncatingIfNeeded: try integer("gid"))
        guard let time = object["mtime"]?.arrayValue?.compactMap(\.integerValue), time.count == 2 else {
            throw CatalogError("a line has no mtime")
        }
        modified = (time[0], time[1])
        accessList = object["acl"]?.stringValue
        inheritedList = object["defaultAcl"]?.stringValue
        for value in object["xattrs"]?.arrayValue ?? [] {
            guard let member = value.objectValue, let name = CatalogEntry.bytes(member, "name", "nameHex"),
                let digest = member["sha256"]?.stringValue.flatMap({ SHA256Digest("sha256:" + $0) })
            else { throw CatalogError("an extended attribute is malformed") }
            attributes.append(Attribute(name: name, digest: digest))
        }
        switch kind {
        case .file:
            size = try integer("size")
            digest = object["xxh128"]?.stringValue.flatMap { ContentDigest($0) }
            if digest == nil { throw CatalogError("a file has no xxh128") }
            extents = try CatalogEntry.extents(object, size: size)
        case .symlink, .hardlink:
            guard let target = CatalogEntry.bytes(object, "target", "targetHex") else {
                throw CatalogError("a link has no target")
            }
            self.target = target
        case .characterDevice, .blockDevice: device = UInt64(bitPattern: try integer("device"))
        case .directory, .fifo, .absent: break
        }
    }

    private static func extents(_ object: JSONObject, size: Int64) throws(CatalogError) -> [Extent]? {
        guard let numbers = object["extents"]?.arrayValue?.compactMap(\.integerValue) else { return nil }
        var extents: [Extent] = []
        var end: Int64 = 0
        guard numbers.count % 2 == 0 else { throw CatalogError("the extents of a file are malformed") }
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (offset, length) = (numbers[index], numbers[index + 1])
            guard offset >= end, length >= 0, offset <= size, length <= size - offset else {
                throw CatalogError("the extents of a file are malformed")
            }
            extents.append(Extent(offset: offset, length: length))
            end = offset + length
        }
        return extents
    }

    private static func bytes(_ object: JSONObject, _ key: String, _ hexKey: String) -> [UInt8]? {
        if let text = object[key]?.stringValue { return Array(text.utf8) }
        return object[hexKey]?.stringValue.flatMap { Hexadecimal.bytes(of: $0.utf8) }
    }
}

/// A catalog that is not what this plugin writes.
struct CatalogError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
