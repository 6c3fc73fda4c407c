import CanonicalForm
import GraphExport
import PlanIR
import SeededRandom

/// Plans that the pages of these tests show.
enum SamplePlans {
    /// A plan as people write them, with a shared dependent and parameters from several layers.
    static let shop = """
          - id: web
            type: Host::Process::Service
            name: Shop web server
            properties: {quiesce: [systemctl, stop, shop], resume: [systemctl, start, shop]}
            resources:
              - id: shopdb
                type: Host::PostgreSQL::Database
                name: Orders and customers
                properties: {database: shop, password: {fromEnv: SHOP_DB_PASSWORD}}
              - id: uploads
                type: Host::FileSystem::Directory
                name: Pictures
                properties: {path: /srv/shop/uploads}
                parameters: {consistency: quiesced}
          - id: mailer
            type: Host::Process::Service
            dependsOn: [shopdb]
          - id: site
            type: Host::FileSystem::Directory
            properties: {path: /etc/nginx}

        """

    /// A plan whose resource `i` depends on `dependents[i]`, bound to nothing that a compiler checked: every third
    /// resource works in all hooks, the others in some.
    static func plan(
        _ dependents: [[Int32]], texts: (Int) -> (id: String, name: String) = { ("r\($0)", "r\($0)") }
    ) -> PlanIR {
        let digest = SHA256Digest(of: [])
        let types = ["Test::Host", "Test::Service", "Test::Volume"]
        let resources = dependents.enumerated().map { number, targets in
            let text = texts(number)
            return PlanIR.Resource(
                type: types[number % 3], id: text.id, name: text.name,
                properties: ["path": .string("/srv/\(number % 7)")], plugin: Int32(number % 3),
                parameters: [0, 0, 0], dependents: targets)
        }
        let lists = DependentLists(dependents)
        let graphs = OperationKind.allCases.map { operation in
            let activities = dependents.indices.flatMap { resource in
                Hook.allCases.map { hook in
                    let works = resource % 3 == 0 || (resource + operation.index + Int(hook.rawValue)) % 3 == 0
                    return ActivityGraph.Activity(resource: Int32(resource), hook: hook, isBarrier: !works)
                }
            }
            return ActivityGraph(activities: activities, ordering: lists)
        }
        return PlanIR(
            plan: "sample", description: "", provider: PlanIR.ProviderBinding(name: "all", digest: digest), sources: [],
            plugins: ["files", "service", "volumes"].map {
                PlanIR.PluginBinding(name: $0, version: 1, digest: digest)
            },
            parameterSets: [["level": 3]], parameterOrigins: [["level": "provider"]], resources: resources,
            triggers: [], retention: [:], graphs: graphs)
    }

    /// Hosts with services with what they keep, some of it shared.
    static func estate(_ count: Int, seed: UInt64) -> [[Int32]] {
        var random = SeededGenerator(seed: seed)
        var dependents: [[Int32]] = []
        var shared: [Int32] = []
        func add() -> Int32 {
            dependents.append([])
            return Int32(dependents.count - 1)
        }
        while dependents.count < count {
            let host = add()
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let service = add()
                dependents[Int(host)].append(service)
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    if let other = shared.randomElement(using: &random), Int.random(in: 0..<20, using: &random) == 0 {
                        if !dependents[Int(service)].contains(other) { dependents[Int(service)].append(other) }
                        continue
                    }
                    let kept = add()
                    dependents[Int(service)].append(kept)
                    if Int.random(in: 0..<6, using: &random) == 0 { shared.append(kept) }
                }
            }
        }
        return dependents.prefix(count).map { $0.filter { $0 < Int32(count) } }
    }

    /// A random graph whose edges go from smaller to larger numbers, in shuffled positions.
    static func random(_ count: Int, seed: UInt64) -> [[Int32]] {
        var random = SeededGenerator(seed: seed)
        let position = (0..<Int32(count)).shuffled(using: &random)
        var dependents = [[Int32]](repeating: [], count: count)
        for number in 1..<count {
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let parent = Int(position[Int.random(in: max(0, number - 12)..<number, using: &random)])
                if !dependents[parent].contains(position[number]) { dependents[parent].append(position[number]) }
            }
        }
        return dependents
    }

    static func chain(_ count: Int) -> [[Int32]] {
        (0..<Int32(count)).map { $0 + 1 < Int32(count) ? [$0 + 1] : [] }
    }

    static func star(_ count: Int) -> [[Int32]] {
        [Array(1..<Int32(count))] + [[Int32]](repeating: [], count: count - 1)
    }

    /// Diamonds, each on top of the next.
    static func ladder(_ rungs: Int) -> [[Int32]] {
        var dependents: [[Int32]] = []
        for rung in 0..<Int32(rungs) {
            let top = 3 * rung
            dependents += [[top + 1, top + 2], [top + 3], [top + 3]]
        }
        return dependents + [[]]
    }

    /// What no compiler lets through: a cycle of three, and a resource without a plugin.
    static func sketch() -> (PlanIR, GraphOverlay) {
        var ir = plan([[1], [2], [0, 3], []])
        ir.resources[1].plugin = -1
        var overlay = GraphOverlay(title: "a cycle")
        overlay.cycle = [(0, 1), (1, 2), (2, 0)].map { GraphOverlay.Edge(from: $0, to: $1) }
        for resource in Int32(0)..<3 { overlay.annotate(resource: resource, .cycle) }
        return (ir, overlay)
    }

    /// Texts that would break a page which takes them for markup, or a person who takes them for what they look like.
    static let hostileTexts = [
        "</script><script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "\"><b onclick='x'>&amp;",
        "line\u{2028}separator\u{2029}and\nbreak", "right \u{202E}tfel\u{202C} \u{200F}mark", "<!--<script>",
        "{{data}} {{script}} ${1} `x`", "back\\slash \\u003c \\", "\u{0}nul\u{7F}", "#node=x&view=y%00+", "שלום عالم",
        "\u{1F9CA}\u{1F3FD} emoji", "__proto__", "constructor",
    ]
}
