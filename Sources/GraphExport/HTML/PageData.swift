import CanonicalForm
import GraphViews
import PlanIR

/// The plan as the page's data block has it: numbers and tables of texts, so that its size grows with the resources and
/// their edges, whatever they share.
///
/// `Page/plan.js` reads it. Values are their canonical text, so that a page shows numbers as the plan has them.
struct PageData {
    /// The JSON of the data block. It has no `<`, so it cannot end its element.
    static func bytes(
        _ ir: PlanIR, _ overlay: GraphOverlay, _ view: GraphView, _ operation: OperationKind
    ) -> [UInt8] {
        var data = PageData(ir)
        data.write(overlay, view, operation)
        return embedded(data.writer.bytes)
    }

    private let ir: PlanIR
    private var writer: JSONWriter
    private var isFirst = true

    private init(_ ir: PlanIR) {
        self.ir = ir
        writer = JSONWriter(capacity: 1000 + ir.resources.count * 250)
    }

    private mutating func write(_ overlay: GraphOverlay, _ view: GraphView, _ operation: OperationKind) {
        let ir = ir
        let resources = ir.resources
        var types = Table<String>()
        let typeNumbers = resources.map { types.number(of: $0.type) }
        var objects = Table<JSONObject>()
        let properties = resources.map { objects.number(of: $0.properties) }
        let selectors = resources.indices.compactMap { position in
            resources[position].discover.map { (position, objects.number(of: $0)) }
        }
        writer.raw(0x7B)
        key("plan") { $0.string(ir.plan) }
        key("description") { $0.string(ir.description) }
        key("provider") { $0.string(ir.provider.name) }
        key("view") { $0.string(view.rawValue) }
        key("operation") { $0.string(operation.rawValue) }
        key("operations") { $0.list(OperationKind.allCases) { $0.string($1.rawValue) } }
        key("types") { $0.list(types.entries) { $0.string($1) } }
        key("plugins") {
            $0.list(ir.plugins) { writer, plugin in
                writer.raw(0x5B)
                writer.string(plugin.name)
                writer.raw(0x2C)
                writer.integer(plugin.version)
                writer.raw(0x5D)
            }
        }
        key("ids") { $0.list(resources) { $0.string($1.id) } }
        key("names") {
            // Most resources are named by their id.
            $0.list(resources) { if $1.name == $1.id { $0.raw(0x30) } else { $0.string($1.name) } }
        }
        key("type") { $0.integers(typeNumbers) }
        key("plugin") {
            $0.integers(resources.map { ir.plugins.indices.contains(Int($0.plugin)) ? Int($0.plugin) : -1 })
        }
        key("objects") { $0.list(objects.entries) { PageData.members($1, &$0) } }
        key("properties") { $0.integers(properties) }
        key("discover") { $0.list(selectors) { $0.integers([$1.0, $1.1]) } }
        key("needsInventory") { $0.value(.bool(ir.needsInventory)) }
        writeParameters()
        key("dependents") {
            $0.list(resources) { writer, resource in
                writer.integers(resource.dependents.map(Int.init).filter(resources.indices.contains))
            }
        }
        writeActivities()
        write(overlay)
        writer.raw(0x7D)
    }

    private mutating func writeParameters() {
        let ir = ir
        let layers = ParameterOrigin.allCases
        key("sets") { $0.list(ir.parameterSets) { PageData.members($1, &$0) } }
        key("layers") { $0.list(layers) { $0.string($1.words) } }
        key("origins") {
            $0.list(ir.parameterSets.indices) { writer, position in
                let known =
                    ir.parameterOrigins.indices.contains(position) ? ir.parameterOrigins[position] : JSONObject()
                writer.integers(
                    ir.parameterSets[position].members.map { member in
                        layers.firstIndex { $0.rawValue == known[member.key]?.stringValue } ?? -1
                    })
            }
        }
        key("parameters") {
            $0.list(OperationKind.allCases) { writer, operation in
                guard operation.takesParameters else {
                    writer.raw(0x30)
                    return
                }
                writer.integers(
                    ir.resources.map { resource in
                        guard resource.parameters.indices.contains(operation.index) else { return -1 }
                        let set = Int(resource.parameters[operation.index])
                        return ir.parameterSets.indices.contains(set) ? set : -1
                    })
            }
        }
    }

    /// The order among activities, which operations share, and for each operation a hexadecimal digit a resource whose
    /// bits are its working hooks.
    private mutating func writeActivities() {
        var orders: [ActivityGraph] = []
        var numbers: [Int] = []
        var masks: [[UInt8]] = []
        for operation in OperationKind.allCases {
            let graph =
                ir.graphs.indices.contains(operation.index)
                ? ir.graph(operation) : ActivityGraph(activities: [], edges: [])
            var mask = [UInt8](repeating: 0, count: ir.resources.count)
            for activity in graph.activities
            where !activity.isBarrier && ir.resources.indices.contains(Int(activity.resource)) {
                mask[Int(activity.resource)] |= 1 << activity.hook.rawValue
            }
            masks.append(mask)
            let known = orders.firstIndex { other in
                other.hasOrder(of: graph) && other.activities.count == graph.activities.count
                    && zip(other.activities, graph.activities).allSatisfy {
                        $0.resource == $1.resource && $0.hook == $1.hook
                    }
            }
            numbers.append(known ?? orders.count)
            if known == nil { orders.append(graph) }
        }
        let lists = orders.map(targets)
        key("orders") { $0.list(lists) { writer, graph in writer.list(graph) { $0.integers($1) } } }
        key("order") { $0.integers(numbers) }
        key("hooks") {
            $0.list(masks) { $0.string(utf8: $1.map { JSONWriter.hexadecimal[Int($0 & 15)] }) }
        }
    }

    /// What waits for each activity, the activities numbered as if every resource had all four.
    private func targets(_ graph: ActivityGraph) -> [[Int]] {
        var lists = [[Int]](repeating: [], count: Int(ActivityGraph.fixedCount) + ir.resources.count * 4)
        func number(_ activity: Int32) -> Int {
            guard let hook = graph.activity(activity) else { return Int(activity) }
            return Int(ActivityOrder.number(hook.resource, hook.hook))
        }
        for activity in 0..<Int32(graph.count) where lists.indices.contains(number(activity)) {
            lists[number(activity)] = graph.successors(of: activity).map(number).filter(lists.indices.contains)
        }
        return lists
    }

    private mutating func write(_ overlay: GraphOverlay) {
        let ir = ir
        key("overlay") { writer in
            writer.raw("{\"title\":")
            writer.string(overlay.title)
            writer.raw(",\"operation\":")
            writer.integer(Int64(overlay.operation?.index ?? -1))
            writer.raw(",\"resources\":")
            PageData.annotations(overlay.resources, below: ir.resources.count, &writer)
            writer.raw(",\"activities\":")
            PageData.annotations(
                overlay.activities, below: Int(ActivityGraph.fixedCount) + ir.resources.count * 4, &writer)
            writer.raw(",\"cycle\":")
            writer.list(overlay.cycle) { $0.integers([Int($1.from), Int($1.to)]) }
            writer.raw(0x7D)
        }
    }

    /// Position, marks as bits, and note of each, by position.
    private static func annotations(
        _ annotations: [Int32: GraphOverlay.Annotation], below limit: Int, _ writer: inout JSONWriter
    ) {
        let inRange = annotations.filter { (0..<limit).contains(Int($0.key)) }
        writer.list(inRange.sorted { $0.key < $1.key }) { writer, entry in
            writer.raw(0x5B)
            writer.integer(Int64(entry.key))
            writer.raw(0x2C)
            writer.integer(entry.value.marks.reduce(0) { $0 | Int64(1) << $1.rawValue })
            writer.raw(0x2C)
            writer.string(entry.value.note)
            writer.raw(0x5D)
        }
    }

    /// Key and canonical text of the value of each member.
    private static func members(_ object: JSONObject, _ writer: inout JSONWriter) {
        writer.list(object.members) { writer, member in
            writer.raw(0x5B)
            writer.string(member.key)
            writer.raw(0x2C)
            writer.string(utf8: member.value.canonicalBytes)
            writer.raw(0x5D)
        }
    }

    private mutating func key(_ name: String, _ content: (inout JSONWriter) -> Void) {
        if !isFirst { writer.raw(0x2C) }
        isFirst = false
        writer.string(name)
        writer.raw(0x3A)
        content(&writer)
    }

    /// JSON that can stand in an element of HTML and in a program: what could end either is written by its number.
    private static func embedded(_ json: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(json.count + 64)
        var index = 0
        while index < json.count {
            let byte = json[index]
            if byte == 0x3C {
                out.append(contentsOf: "\\u003c".utf8)
            } else if byte == 0xE2 && index + 2 < json.count && json[index + 1] == 0x80
                && (json[index + 2] == 0xA8 || json[index + 2] == 0xA9)
            {
                out.append(contentsOf: json[index + 2] == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
                index += 2
            } else {
                out.append(byte)
            }
            index += 1
        }
        return out
    }
}

/// Distinct values with their numbers, in the order in which they came.
private struct Table<Value: Hashable> {
    private(set) var entries: [Value] = []
    private var numbers: [Value: Int] = [:]

    mutating func number(of value: Value) -> Int {
        if let known = numbers[value] { return known }
        numbers[value] = entries.count
        entries.append(value)
        return entries.count - 1
    }
}

extension JSONWriter {
    /// An array of what `element` writes for each value.
    fileprivate mutating func list<Values: Sequence>(
        _ values: Values, _ element: (inout JSONWriter, Values.Element) -> Void
    ) {
        raw(0x5B)
        var isFirst = true
        for value in values {
            if !isFirst { raw(0x2C) }
            isFirst = false
            element(&self, value)
        }
        raw(0x5D)
    }

    fileprivate mutating func integers(_ values: [Int]) {
        list(values) { $0.integer(Int64($1)) }
    }
}
