import CanonicalForm

/// Why bytes are not a usable IR.
package enum IRLoadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bytes are not JSON, or not the JSON of an IR.
    case notAnIR(String)
    /// The format version is not one that this program reads.
    case unknownVersion(found: Int64)
    /// The content does not have the digest that the file carries.
    case damaged(expected: String, actual: String)
    /// The content has its digest, but breaks a rule of the format.
    case unsound(IRFault)

    package var description: String {
        switch self {
        case .notAnIR(let reason): "this is not a compiled plan: \(reason)"
        case .unknownVersion(let found):
            "the compiled plan has format version \(found), and this program reads versions "
                + "\(PlanIR.readableVersions.lowerBound) to \(PlanIR.readableVersions.upperBound); "
                + "compile the plan again with the cairnc that belongs to it"
        case .damaged(let expected, let actual):
            "the compiled plan is damaged: it carries \(expected) but its content has \(actual); compile it again"
        case .unsound(let fault): "the compiled plan is unsound: \(fault); compile it again"
        }
    }
}

extension PlanIR {
    /// Loads a stored IR: parses it, checks format, version and digest, and verifies it.
    package init(loading bytes: [UInt8]) throws(IRLoadError) {
        try self.init(decoding: bytes)
        do { try IRVerifier.verify(self) } catch { throw .unsound(error) }
    }

    /// The first half of loading: everything but the verification, without which nothing may be run or trusted.
    package init(decoding bytes: [UInt8]) throws(IRLoadError) {
        let parsed: IRParser.Document
        do {
            parsed = try IRParser.parse(bytes)
        } catch {
            // A later version may have any shape: say so rather than complain of the first difference.
            if let object = (try? JSONValue(parsing: bytes))?.objectValue {
                guard object["format"]?.stringValue == PlanIR.format else {
                    throw .notAnIR("it has no \"format\":\"\(PlanIR.format)\"")
                }
                if let version = object["version"]?.integerValue, !PlanIR.readableVersions.contains(version) {
                    throw .unknownVersion(found: version)
                }
            }
            throw .notAnIR(error.description)
        }
        // What was read and is spelt canonically has one spelling, so that it need not be written to be compared.
        let isCanonical = parsed.version > 1 && parsed.isCanonical
        let (canonical, digest) =
            isCanonical
            ? (bytes, SHA256Digest(of: parsed.hashed, in: bytes))
            : parsed.ir.encoded(as: parsed.version)
        guard digest.description == parsed.digest else {
            throw .damaged(expected: parsed.digest, actual: digest.description)
        }
        guard isCanonical || canonical == bytes else {
            throw .notAnIR("it is not in canonical form; compile the plan again")
        }
        self = parsed.ir
    }
}

/// Reads the members of an IR in any order; each must be there once, and no other.
private struct IRParser {
    /// What was read, with the version and the digest that it carries.
    struct Document {
        let ir: PlanIR
        let version: Int64
        let digest: String
        /// The parts of a canonical text that the digest is over: all but its own member and the last line feed.
        let hashed: [Range<Int>]
        /// Whether it is spelt as the encoder spells it, if the version is not the first.
        let isCanonical: Bool
    }

    private var reader: JSONReader
    /// The last resource's type: most have the type of the one before.
    private var lastType = ""
    private var lastTypeBytes: [UInt8] = []
    private var digestPlace = 0..<0

    static func parse(_ bytes: [UInt8]) throws(JSONError) -> Document {
        var parser = IRParser(reader: JSONReader(bytes))
        return try parser.document()
    }

    /// Calls `member` for each key of an object, and fails on keys that come twice.
    private mutating func object(_ member: (inout IRParser, String) throws(JSONError) -> Void) throws(JSONError) {
        var seen: [String] = []
        try reader.expect(UInt8(ascii: "{"))
        if reader.consume(UInt8(ascii: "}")) { return }
        repeat {
            let key = try reader.string()
            if seen.contains(key) { throw reader.failure("'\(key)' is there twice") }
            if let last = seen.last, !JSONObject.precedes(last, key) { reader.markOtherSpelling() }
            seen.append(key)
            try reader.expect(UInt8(ascii: ":"))
            try member(&self, key)
        } while reader.consume(UInt8(ascii: ","))
        try reader.expect(UInt8(ascii: "}"))
    }

    private mutating func list<Element>(
        capacity: Int = 0, _ element: (inout IRParser) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(capacity)
        try reader.expect(UInt8(ascii: "["))
        if reader.consume(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try element(&self)) } while reader.consume(UInt8(ascii: ","))
        try reader.expect(UInt8(ascii: "]"))
        return elements
    }

    private mutating func int32() throws(JSONError) -> Int32 {
        guard let value = Int32(exactly: try reader.integer()) else { throw reader.failure("the number is too large") }
        return value
    }

    private func demand<Value>(_ value: Value?, _ name: String) throws(JSONError) -> Value {
        guard let value else { throw reader.failure("'\(name)' is missing") }
        return value
    }

    private mutating func anyObject() throws(JSONError) -> JSONObject {
        guard case .object(let object) = try reader.value() else { throw reader.failure("expected an object") }
        return object
    }

    private mutating func digest() throws(JSONError) -> SHA256Digest {
        let text = try reader.string()
        guard let digest = SHA256Digest(text) else { throw reader.failure("expected a SHA-256 digest") }
        if digest.description != text { reader.markOtherSpelling() }
        return digest
    }

    private mutating func document() throws(JSONError) -> Document {
        var description: String?
        var digest: String?
        var isEnabled: Bool?
        var format: String?
        var version: Int64?
        var needsInventory: Bool?
        var notifications: [PlanIR.Notification]?
        var onFailure: FailurePolicy?
        var operations = OperationParts()
        var order: ActivityGraph?
        var parameterOrigins: [JSONObject]?
        var parameterSets: [JSONObject]?
        var plan: String?
        var plugins: [PlanIR.PluginBinding]?
        var provider: PlanIR.ProviderBinding?
        var resources: [PlanIR.Resource]?
        var retention: JSONObject?
        var sources: [PlanIR.SourceDigest]?
        var triggers: [JSONValue]?
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "description": description = try parser.reader.string()
            case "digest":
                // Behind the other members that come before it in a canonical text, with a comma.
                let start = parser.reader.position - ",\"digest\":".utf8.count
                digest = try parser.reader.string()
                parser.digestPlace = start..<parser.reader.position
            case "enabled":
                guard case .bool(let enabled) = try parser.reader.value() else {
                    throw parser.reader.failure("expected true or false")
                }
                // What is enabled does not say so.
                if enabled { parser.reader.markOtherSpelling() }
                isEnabled = enabled
            case "format": format = try parser.reader.string()
            case "version": version = try parser.reader.integer()
            case "needsInventory":
                guard case .bool(true) = try parser.reader.value() else {
                    throw parser.reader.failure("expected true, or no such member")
                }
                needsInventory = true
            case "notify":
                notifications = try parser.list { (parser) throws(JSONError) in try parser.notification() }
            case "onFailure":
                guard let policy = FailurePolicy(rawValue: try parser.reader.string()) else {
                    throw parser.reader.failure("expected 'stop' or 'continue'")
                }
                onFailure = policy
            case "operations":
                try parser.object { (parser, name) throws(JSONError) in
                    guard let operation = OperationKind(rawValue: name) else {
                        throw parser.reader.failure("unknown operation '\(name)'")
                    }
                    // Format version 1 has an object here, with an order for each operation.
                    if parser.reader.peek() == UInt8(ascii: "{") {
                        operations.graphs[operation.index] = try parser.graph()
                    } else {
                        operations.masks[operation.index] = try parser.masks()
                    }
                }
            case "order": order = try parser.order()
            case "parameterOrigins":
                parameterOrigins = try parser.list { (parser) throws(JSONError) in try parser.anyObject() }
            case "parameterSets":
                parameterSets = try parser.list { (parser) throws(JSONError) in try parser.anyObject() }
            case "plan": plan = try parser.reader.string()
            case "plugins": plugins = try parser.list { (parser) throws(JSONError) in try parser.plugin() }
            case "provider": provider = try parser.providerBinding()
            case "resources":
                // The operations, which stand before, tell how many there are.
                let count = operations.masks.lazy.compactMap { $0?.count }.first ?? 0
                resources = try parser.list(capacity: count) { (parser) throws(JSONError) in try parser.resource() }
            case "retention": retention = try parser.anyObject()
            case "sources": sources = try parser.list { (parser) throws(JSONError) in try parser.sourceDigest() }
            case "triggers":
                guard case .array(let values) = try parser.reader.value() else {
                    throw parser.reader.failure("expected an array")
                }
                triggers = values
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        let end = reader.position
        let isCanonical = reader.isCanonical && reader.consumeLastLineFeed()
        try reader.finish()
        let formatVersion = try demand(version, "version")
        guard try demand(format, "format") == PlanIR.format, PlanIR.readableVersions.contains(formatVersion) else {
            throw reader.failure("the format is not \(PlanIR.format) \(PlanIR.version)")
        }
        let found = try demand(resources, "resources")
        for masks in operations.masks where masks != nil && masks?.count != found.count {
            throw reader.failure("'operations' are not for these resources")
        }
        let graphs = try graphs(operations, order, version: formatVersion)
        if formatVersion > 1 { _ = try demand(parameterOrigins, "parameterOrigins") }
        if formatVersion > 2 {
            _ = try demand(notifications, "notify")
            _ = try demand(onFailure, "onFailure")
        } else if notifications != nil || onFailure != nil {
            throw reader.failure("'notify' and 'onFailure' are not of format version \(formatVersion)")
        }
        let ir = PlanIR(
            plan: try demand(plan, "plan"), description: try demand(description, "description"),
            provider: try demand(provider, "provider"), sources: try demand(sources, "sources"),
            plugins: try demand(plugins, "plugins"), parameterSets: try demand(parameterSets, "parameterSets"),
            parameterOrigins: parameterOrigins, resources: found,
            triggers: try demand(triggers, "triggers"), retention: try demand(retention, "retention"),
            isEnabled: isEnabled ?? true, onFailure: onFailure ?? .standard, notifications: notifications ?? [],
            needsInventory: needsInventory ?? false, graphs: graphs)
        return Document(
            ir: ir, version: formatVersion, digest: try demand(digest, "digest"),
            hashed: [0..<digestPlace.lowerBound, digestPlace.upperBound..<end], isCanonical: isCanonical)
    }

    /// What stands under `operations`, in the form of either version.
    private struct OperationParts {
        var masks = [[UInt8]?](repeating: nil, count: OperationKind.allCases.count)
        var graphs = [ActivityGraph?](repeating: nil, count: OperationKind.allCases.count)
    }

    /// The graphs of all operations; an operation that the version does not know has no work.
    private func graphs(
        _ parts: OperationParts, _ order: ActivityGraph?, version: Int64
    ) throws(JSONError) -> [ActivityGraph] {
        var graphs: [ActivityGraph] = []
        for operation in OperationKind.allCases {
            let name = "operations.\(operation.rawValue)"
            if version > 1 {
                let masks = try demand(parts.masks[operation.index], name)
                let order = try demand(order, "order")
                guard order.offsets.count - 1 == 4 * masks.count + Int(ActivityGraph.fixedCount) else {
                    throw reader.failure("'\(name)' is not for the activities of 'order'")
                }
                // Operations with the same work share their activities.
                let same = graphs.indices.first { parts.masks[$0] == masks }
                let activities = same.map { graphs[$0].activities } ?? ActivityGraph.activities(working: masks)
                graphs.append(ActivityGraph(activities: activities, orderedLike: order))
            } else if operation.isKnown(inVersion: version) {
                graphs.append(try demand(parts.graphs[operation.index], name))
            } else {
                let idle = graphs[0].activities.map {
                    ActivityGraph.Activity(resource: $0.resource, hook: $0.hook, isBarrier: true)
                }
                graphs.append(ActivityGraph(activities: idle, orderedLike: graphs[0]))
            }
        }
        return graphs
    }

    private mutating func notification() throws(JSONError) -> PlanIR.Notification {
        let value = try reader.value()
        do { return try PlanIR.Notification(value) } catch { throw reader.failure(error.description) }
    }

    private mutating func masks() throws(JSONError) -> [UInt8] {
        var numbers: [Int32] = []
        try reader.integers(appendingTo: &numbers)
        guard numbers.allSatisfy({ 0..<16 ~= $0 }) else {
            throw reader.failure("the hooks of a resource are a number from 0 to 15")
        }
        return numbers.map { UInt8(truncatingIfNeeded: $0) }
    }

    /// The order without activities.
    private mutating func order() throws(JSONError) -> ActivityGraph {
        var offsets: [Int32] = [0]
        var targets: [Int32] = []
        try reader.expect(UInt8(ascii: "["))
        if !reader.consume(UInt8(ascii: "]")) {
            repeat {
                let first = targets.count
                try reader.integers(appendingTo: &targets)
                for position in first..<targets.count
                where position > first && targets[position - 1] >= targets[position] {
                    throw reader.failure("the activities that wait for one ascend")
                }
                offsets.append(Int32(clamping: targets.count))
            } while reader.consume(UInt8(ascii: ","))
            try reader.expect(UInt8(ascii: "]"))
        }
        let count = Int32(clamping: offsets.count - 1)
        guard targets.allSatisfy({ 0..<count ~= $0 }) else {
            throw reader.failure("'order' leads to an activity that does not exist")
        }
        return ActivityGraph(activities: [], offsets: offsets, targets: targets)
    }

    /// A graph of format version 1.
    private mutating func graph() throws(JSONError) -> ActivityGraph {
        var activities: [ActivityGraph.Activity] = []
        var edges: [(from: Int32, to: Int32)] = []
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "activities":
                activities = try parser.list { (parser) throws(JSONError) in
                    try parser.reader.expect(UInt8(ascii: "["))
                    let resource = try parser.int32()
                    try parser.reader.expect(UInt8(ascii: ","))
                    guard let raw = UInt8(exactly: try parser.reader.integer()), let hook = Hook(rawValue: raw) else {
                        throw parser.reader.failure("a hook's number is 0 to 3")
                    }
                    try parser.reader.expect(UInt8(ascii: ","))
                    let active = try parser.reader.integer()
                    guard active == 0 || active == 1 else { throw parser.reader.failure("expected 0 or 1") }
                    try parser.reader.expect(UInt8(ascii: "]"))
                    return ActivityGraph.Activity(resource: resource, hook: hook, isBarrier: active == 0)
                }
            case "edges":
                edges = try parser.list { (parser) throws(JSONError) in
                    try parser.reader.expect(UInt8(ascii: "["))
                    let from = try parser.int32()
                    try parser.reader.expect(UInt8(ascii: ","))
                    let to = try parser.int32()
                    try parser.reader.expect(UInt8(ascii: "]"))
                    return (from, to)
                }
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        let count = Int32(clamping: activities.count) + ActivityGraph.fixedCount
        for (position, edge) in edges.enumerated() {
            guard edge.from >= 0, edge.from < count, edge.to >= 0, edge.to < count else {
                throw reader.failure("edge \(position) leads to an activity that does not exist")
            }
        }
        return ActivityGraph(activities: activities, edges: edges)
    }

    /// A resource whose members stand in canonical order; otherwise `nil`, and some of it has been read.
    private mutating func canonicalResource() throws(JSONError) -> PlanIR.Resource? {
        guard reader.consume("{\"dependents\":") else { return nil }
        var dependents: [Int32] = []
        try reader.integers(appendingTo: &dependents)
        let discover = reader.consume(",\"discover\":") ? try anyObject() : nil
        guard reader.consume(",\"id\":") else { return nil }
        let id = try reader.string()
        guard reader.consume(",\"name\":") else { return nil }
        let name = try reader.string()
        guard reader.consume(",\"parameters\":") else { return nil }
        var parameters: [Int32] = []
        parameters.reserveCapacity(3)
        try reader.integers(appendingTo: &parameters)
        guard reader.consume(",\"plugin\":") else { return nil }
        let plugin = try int32()
        guard reader.consume(",\"properties\":") else { return nil }
        let properties = try anyObject()
        guard reader.consume(",\"type\":") else { return nil }
        if !reader.consume(quoted: lastTypeBytes) {
            lastType = try reader.string()
            lastTypeBytes = Array(lastType.utf8)
        }
        guard reader.consume(UInt8(ascii: "}")) else { return nil }
        return PlanIR.Resource(
            type: lastType, id: id, name: name, properties: properties, plugin: plugin, parameters: parameters,
            dependents: dependents, discover: discover)
    }

    private mutating func resource() throws(JSONError) -> PlanIR.Resource {
        let beginning = reader
        if let resource = try canonicalResource() { return resource }
        reader.rewind(to: beginning)
        var type: String?
        var id: String?
        var name: String?
        var properties: JSONObject?
        var plugin: Int32?
        var parameters: [Int32]?
        var dependents: [Int32]?
        var discover: JSONObject?
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "type": type = try parser.reader.string()
            case "id": id = try parser.reader.string()
            case "name": name = try parser.reader.string()
            case "discover": discover = try parser.anyObject()
            case "properties": properties = try parser.anyObject()
            case "plugin": plugin = try parser.int32()
            case "parameters": parameters = try parser.list { (parser) throws(JSONError) in try parser.int32() }
            case "dependents": dependents = try parser.list { (parser) throws(JSONError) in try parser.int32() }
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        return PlanIR.Resource(
            type: try demand(type, "type"), id: try demand(id, "id"), name: try demand(name, "name"),
            properties: try demand(properties, "properties"), plugin: try demand(plugin, "plugin"),
            parameters: try demand(parameters, "parameters"), dependents: try demand(dependents, "dependents"),
            discover: discover)
    }

    private mutating func plugin() throws(JSONError) -> PlanIR.PluginBinding {
        var name: String?
        var version: Int64?
        var digest: SHA256Digest?
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "name": name = try parser.reader.string()
            case "version": version = try parser.reader.integer()
            case "digest": digest = try parser.digest()
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        return PlanIR.PluginBinding(
            name: try demand(name, "name"), version: try demand(version, "version"),
            digest: try demand(digest, "digest"))
    }

    private mutating func providerBinding() throws(JSONError) -> PlanIR.ProviderBinding {
        var name: String?
        var digest: SHA256Digest?
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "name": name = try parser.reader.string()
            case "digest": digest = try parser.digest()
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        return PlanIR.ProviderBinding(name: try demand(name, "name"), digest: try demand(digest, "digest"))
    }

    private mutating func sourceDigest() throws(JSONError) -> PlanIR.SourceDigest {
        var role: String?
        var name: String?
        var digest: SHA256Digest?
        try object { (parser, key) throws(JSONError) in
            switch key {
            case "role": role = try parser.reader.string()
            case "name": name = try parser.reader.string()
            case "digest": digest = try parser.digest()
            default: throw parser.reader.failure("unknown member '\(key)'")
            }
        }
        return PlanIR.SourceDigest(
            role: try demand(role, "role"), name: try demand(name, "name"), digest: try demand(digest, "digest"))
    }
}

extension PlanIR {
    /// Whether `bytes` are meant to be an IR, sound or not: JSON that names the format near its ends.
    package static func isLikely(_ bytes: [UInt8]) -> Bool {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return false }
        let mark = Array("\"format\":\"cairn.ir\"".utf8)
        guard bytes.count >= mark.count else { return false }
        for start in 0...(min(bytes.count, 65536) - mark.count) where bytes[start] == mark[0] {
            if bytes[start..<start + mark.count].elementsEqual(mark) { return true }
        }
        return false
    }
}
