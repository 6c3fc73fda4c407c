package import Bank

/// What is in the bank of a simulated world, whoever looks; only what is durable survives the crash of a writer that
/// was promised too much.
package final class SimulatedStore: @unchecked Sendable {
    private struct Object {
        var bytes: [UInt8]
        var version: Int
        var modified: Int64
    }

    private let world: World
    private var objects: [BankKey: Object] = [:]
    /// The keys in order, `nil` when they have changed since they were sorted.
    private var sorted: [BankKey]?
    private var writes = 0
    /// How far its wall clock is from the world's, in milliseconds.
    package var clockOffset: Int64 = 0
    /// What a lying store has promised to keep and has not: what was there before, by key, for each writer.
    private var unsynced: [ObjectIdentifier: [(key: BankKey, before: [UInt8]?)]] = [:]
    /// Sees every change before it happens: the key, and the bytes that it will have.
    package var watcher: ((BankKey, [UInt8]?, SimulatedProcess) -> Void)?

    package init(_ world: World) { self.world = world }

    /// Every object, for those who check.
    package var contents: [BankKey: [UInt8]] { objects.mapValues(\.bytes) }

    /// One object, for those who check.
    func contents(of key: BankKey) -> [UInt8]? { objects[key]?.bytes }

    func bytes(_ key: BankKey) -> (bytes: [UInt8], version: ObjectVersion)? {
        objects[key].map { ($0.bytes, ObjectVersion(tag: String($0.version))) }
    }

    func modified(_ key: BankKey) -> Int64? { objects[key]?.modified }

    private var time: Int64 { World.epoch + world.now / 1_000_000 + clockOffset }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition, by process: SimulatedProcess) throws
        -> ObjectVersion
    {
        try check(condition, key)
        watcher?(key, bytes, process)
        if objects[key] == nil { sorted = nil }
        writes += 1
        objects[key] = Object(bytes: bytes, version: writes, modified: time)
        world.note("\(process.name) writes \(key)")
        return ObjectVersion(tag: String(writes))
    }

    func delete(_ key: BankKey, if condition: WriteCondition, by process: SimulatedProcess) throws {
        if condition == .ifAbsent { throw BankError.conditionUnsupported(key, reason: "it makes no sense") }
        try check(condition, key)
        guard objects[key] != nil else { return }
        watcher?(key, nil, process)
        objects[key] = nil
        sorted = nil
        world.note("\(process.name) deletes \(key)")
    }

    /// Lets an object be other bytes, or none, as what happens to a store at rest does.
    func spoil(_ key: BankKey, _ bytes: [UInt8]?) {
        world.note("\(key) is spoiled: \(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "lost")")
        writes += 1
        objects[key] = bytes.map { Object(bytes: $0, version: writes, modified: time) }
        sorted = nil
    }

    /// Takes note that a write of a process is not as durable as it was told.
    func promised(_ key: BankKey, before: [UInt8]?, to process: SimulatedProcess) {
        unsynced[ObjectIdentifier(process), default: []].append((key, before))
    }

    /// Loses what was only promised to a process that has crashed.
    package func loseUnsynced(of process: SimulatedProcess) {
        for (key, before) in (unsynced.removeValue(forKey: ObjectIdentifier(process)) ?? []).reversed() {
            world.note("the store has lost \(key)")
            writes += 1
            objects[key] = before.map { Object(bytes: $0, version: writes, modified: time) }
            sorted = nil
        }
    }

    func names(below prefix: BankKey?, after: String?, limit: Int) -> BankNames {
        let (keys, first) = keys(from: prefix.map { $0.text + "/" } ?? "")
        let start = prefix.map { $0.text + "/" } ?? ""
        let below = keys[first...].prefix { $0.text.utf8.starts(with: start.utf8) }
        return BankNames(among: below, below: prefix, after: after, limit: limit)
    }

    /// All keys in order, and the position of the first that does not come before `floor`.
    private func keys(from floor: String) -> (keys: [BankKey], first: Int) {
        let keys = sorted ?? objects.keys.sorted()
        sorted = keys
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].text.utf8.lexicographicallyPrecedes(floor.utf8) { low = middle + 1 } else { high = middle }
        }
        return (keys, low)
    }

    func list(below prefix: BankKey?, after: BankKey?, limit: Int) -> BankPage {
        let start = prefix.map { $0.text + "/" } ?? ""
        // Keys below a prefix stand together.
        var (keys, low) = keys(from: max(start, after?.text ?? ""))
        var page: [BankKey] = []
        while low < keys.count {
            let key = keys[low]
            low += 1
            if let after, !(after < key) { continue }
            guard key.text.hasPrefix(start) else { break }
            if page.count == max(1, limit) { return BankPage(keys: page, more: true) }
            page.append(key)
        }
        return BankPage(keys: page, more: false)
    }

    private func check(_ condition: WriteCondition, _ key: BankKey) throws {
        let object = objects[key]
        let holds =
            switch condition {
            case .none: true
            case .ifAbsent: object == nil
            case .ifVersion(let version): object.map { String($0.version) == version.tag } ?? false
            }
        guard holds else { throw BankError.conditionFailed(key) }
    }
}
