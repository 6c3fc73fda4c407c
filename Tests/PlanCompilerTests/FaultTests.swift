import Diagnostics
import PlanCompiler
import PlanTestSupport
import Testing
import YAMLSource

/// One diagnostic per fault: what follows from a fault is not told beside it. And what is close is offered.
@Suite("What is told of a fault")
struct FaultTests {
    private func codes(_ text: String, _ more: String...) -> [String] {
        CompiledPlans.compile([text, CompiledPlans.provider] + more).diagnostics.sorted.map(\.code.rawValue)
    }

    private static let directory = "type: Host::FileSystem::Directory, properties: {path: /a}"

    @Test(
        "A value that could not be read causes no further diagnostic",
        arguments: [
            ("  - {id: a, \(directory), parameters: {level: *none}}\n", "E0006"),
            ("  - {id: a, \(directory), parameters: *none}\n", "E0006"),
            ("  - {id: a, \(directory), parameters: {<<: *none}}\n", "E0006"),
            ("  - {id: a, type: Host::FileSystem::Directory, properties: {<<: *none}}\n", "E0006"),
            ("  - {id: a, type: Host::FileSystem::Directory, properties: {path: *none}}\n", "E0006"),
            ("  - {id: a, type: Host::FileSystem::Directory, properties: *none}\n", "E0006"),
            ("  - {id: a, \(directory), dependsOn: [*none]}\n", "E0006"),
            ("  - {id: a, \(directory), dependsOn: *none}\n", "E0006"),
            ("  - {id: a, \(directory)}\n  - *none\n", "E0006"),
            ("  - {id: a, \(directory)}\n  - {<<: *none, id: b}\n", "E0006"),
            ("  - {id: a, \(directory), *none : b}\n", "E0006"),
            ("  - {id: a, \(directory), parameters: {*none : b}}\n", "E0006"),
            ("  - {id: a, \(directory), parameters: {level: !!int many}}\n", "E0009"),
            ("  - {id: a, \(directory), dependsOn: [!!bool many]}\n", "E0009"),
            ("  - {id: a, \(directory), parameters: {<<: [live]}}\n", "E0011"),
            ("  - {id: a, \(directory)}\ntriggers: *none\n", "E0006"),
            ("  - {id: a, \(directory)}\ntriggers: [*none]\n", "E0006"),
            ("  - {id: a, \(directory)}\ntriggers: [{name: *none, cron: *none, operation: protect}]\n", "E0006"),
            ("  - {id: a, \(directory)}\nretention: {keepLast: *none}\n", "E0006"),
            ("  - {id: a, \(directory)}\nonFailure: *none\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: *none\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: [*none]\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: [{on: *none, command: [*none], timeout: *none}]\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: [{command: *none}, {url: *none}, {<<: *none}]\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: [{url: 'https://a', headers: {A: *none}}]\n", "E0006"),
            ("  - {id: a, \(directory)}\nnotify: [{url: {fromEnv: *none}}]\n", "E0006"),
            ("  - {id: a, \(directory), parameters: {timeout: *none, retry: *none}}\n", "E0006"),
            ("  - {id: a, \(directory), parameters: {retry: {delay: *none, maxDelay: 1s}}}\n", "E0006"),
            ("  - {id: a, \(directory)}\nparameters: {Host::FileSystem::Directory: *none}\n", "E0006"),
        ])
    func unread(_ resources: String, _ code: String) {
        let found = codes(CompiledPlans.plan(resources))
        #expect(Set(found) == [code], "\(found)")
        #expect(
            found.count == resources.components("*none") + resources.components("!!") + resources.components("[live]"))
    }

    @Test(
        "A resource that could not be read is not called missing elsewhere",
        arguments: [
            ("  - {id: a, properties: {path: /a}}\n  - {id: b, \(directory), dependsOn: [a]}\n", "E0102"),
            ("  - {\(directory)}\n  - {id: b, \(directory), dependsOn: [a]}\n", "E0102"),
            ("  - {id: 12, \(directory)}\n  - {id: b, \(directory), dependsOn: [\"12\"]}\n", "E0104"),
            ("  - none\n  - {id: b, \(directory), dependsOn: [a]}\n", "E0104"),
            ("  - {id: b, \(directory), dependsOn: [a], resources: {id: a, \(directory)}}\n", "E0104"),
            ("  - {id: b, \(directory), dependsOn: [a], resourcs: [{id: a, \(directory)}]}\n", "E0103"),
            ("  {id: a}\nparameters: {Host::FileSystem::Directory#a: {level: 3}}\n", "E0104"),
            ("  - {id: a, typ: Host::FileSystem::Directory}\nparameters: {A::B: {level: 3}}\n", "E0103"),
        ])
    func unreadResource(_ resources: String, _ code: String) {
        #expect(codes(CompiledPlans.plan(resources)) == [code])
    }

    @Test("Properties of another kind are not missing, too") func unreadProperties() {
        #expect(
            codes(CompiledPlans.plan("  - {id: a, type: Host::FileSystem::Directory, properties: [/a]}\n")) == ["E0104"]
        )
    }

    @Test(
        "What a provider says in another shape is not missing, too",
        arguments: [
            ("{path: /bank}", "[/bank]", "E0104"), ("config: {path", "cnfig: {path", "E0103"),
            ("[{name: files}, {name: noop}]", "files", "E0104"), ("{name: noop}", "{nmae: noop}", "E0103"),
            ("{name: noop}", "{}", "E0102"), ("{name: noop}", "noop", "E0104"),
        ])
    func unreadInProvider(_ right: String, _ wrong: String, _ code: String) {
        let provider = CompiledPlans.provider.replacing(right, with: wrong)
        #expect(provider != CompiledPlans.provider)
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\n")
        #expect(CompiledPlans.compile([plan, provider]).diagnostics.all.map(\.code.rawValue) == [code])
    }

    @Test(
        "A misspelt key is not missing, too",
        arguments: [
            "apiVersion: cairn/v1\nkind: Plan\nname: a\nprovder: all\nresources: [{id: a, type: T::X}]\n",
            "apiVersion: cairn/v1\nkind: Plan\nnmae: a\nprovider: all\nresources: [{id: a, type: T::X}]\n",
            "apiVersion: cairn/v1\nkind: Plan\nname: a\nprovider: all\nresource: [{id: a, type: T::X}]\n",
        ])
    func misspelt(_ plan: String) { #expect(codes(plan) == ["E0103"]) }

    @Test(
        "A provider that could not be read is not called missing",
        arguments: [
            ("apiVersion: cairn/v1\nkind: Provder\nname: local\n", "E0101"),
            ("apiVersion: cairn/v1\nkind: Provider\nname: local\nbank: {plugin: directory\n", "E0003"),
            ("apiVersion: cairn/v1\nkind: Provider\nname: local\nplugins: []\n", "E0102"),
            (
                "apiVersion: cairn/v1\nkind: Provider\nbank: {plugin: directory, config: {path: /b}}\nplugins: []\n",
                "E0102"
            ),
            ("apiVersion: cairn/v1\nname: local\nplugins: []\n", "E0101"),
        ])
    func unreadProvider(_ provider: String, _ code: String) {
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\n").replacing("provider: all", with: "provider: local")
        #expect(codes(plan, provider) == [code])
        // One that has another name, or that is not there at all, is missing.
        let other = provider.replacing("name: local", with: "name: other")
        if other != provider { #expect(codes(plan, other).sorted() == [code, "E0201"].sorted()) }
        #expect(codes(plan) == ["E0201"])
        // In a directory of providers, too.
        let files = MemoryFiles([("providers/p.yaml", Array(provider.utf8))])
        var compiler = Compiler(
            inputs: [SourceText(name: "plan.yaml", bytes: Array(plan.utf8))], providerDirectories: [], files: files)
        compiler.run()
        if code != "E0101" { #expect(compiler.diagnostics.all.map(\.code.rawValue) == [code]) }
    }

    @Test(
        "Empty documents are no documents",
        arguments: ["---\n", "---\n---\n", "---\n# nothing\n---\n...\n", "", " \n", "--- \n--- &a\n"])
    func empty(_ text: String) {
        #expect(CompiledPlans.compile([text]).diagnostics.all.map(\.code) == [.emptyDocument])
    }

    @Test("Empty documents beside others are passed over; nothing else is") func emptyBesides() {
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\n")
        #expect(codes("---\n---\n\(plan)---\n").isEmpty)
        #expect(codes(plan + "---\n~\n") == ["E0101"])
        #expect(codes(plan + "---\n''\n") == ["E0101"])
    }

    @Test(
        "Triggers have a name, schedules five fields",
        arguments: [
            (#"{name: "", cron: "1 2 * * *", operation: protect}"#, "the name of a trigger must not be empty"),
            (#"{name: a, cron: "1", operation: protect}"#, "'1' is not a schedule: it has 1 field instead of 5"),
            (#"{name: a, cron: "1 2", operation: protect}"#, "'1 2' is not a schedule: it has 2 fields instead of 5"),
        ])
    func triggers(_ trigger: String, _ message: String) {
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\ntriggers: [\(trigger)]\nretention: {keepLast: 7}\n")
        let faults = CompiledPlans.compile([plan, CompiledPlans.provider]).diagnostics.all
        #expect(faults.filter { $0.code == .invalidValue }.map(\.message) == [message])
    }

    @Test("Two triggers without a name are two faults") func namelessTriggers() {
        let trigger = #"{name: "", cron: "1 2 * * *", operation: protect}"#
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\ntriggers: [\(trigger), \(trigger)]\n")
        #expect(codes(plan).filter { $0 == "E0105" }.count == 2)
    }

    @Test(
        "What was probably meant is offered",
        arguments: [
            // Keys, of the plan, of a resource, of a trigger, of a policy.
            ("", "nmae: x\n", "name"), (", dependOn: []", "", "dependsOn"),
            ("", "triggers: [{name: a, corn: '1 2 * * *', operation: protect}]\n", "cron"),
            ("", "retention: {keepLsat: 3}\n", "keepLast"),
            // Ids and identities.
            (", dependsOn: [dta]", "", "data"),
            (", dependsOn: [Host::FileSystem::Directory#dta]", "", "Host::FileSystem::Directory#data"),
            ("", "parameters: {Host::FileSystem::Directory#dta: {}}\n", "Host::FileSystem::Directory#data"),
            ("", "parameters: {Host::FileSystem::Directry: {}}\n", "Host::FileSystem::Directory"),
            // Parameters, properties, values.
            (", parameters: {levl: 3}", "", "level"), (", parameters: {compression: zst}", "", "zstd"),
            (", restoreParameters: {ovrwrite: 1}", "", nil),
            // Operations and anchors.
            ("", "triggers: [{name: a, cron: '1 2 * * *', operation: protct}]\n", "protect"),
            ("", "x-a: &quiet 1\nx-b: *quit\n", "*quiet"),
        ] as [(String, String, String?)])
    func similar(_ resource: String, _ rest: String, _ meant: String?) {
        let plan = CompiledPlans.plan(
            "  - {id: data, \(Self.directory)}\n  - {id: b, type: Host::FileSystem::Directory, properties: {path: /b}\(resource)}\n"
                + rest)
        let faults = CompiledPlans.compile([plan, CompiledPlans.provider]).diagnostics.all
        let offered = faults.flatMap(\.suggestions).map(\.replacement)
        #expect(!faults.isEmpty)
        if let meant { #expect(offered.contains(meant), "\(faults.map(\.message))") }
    }

    @Test(
        "What was probably meant is offered for names outside of resources",
        arguments: [
            ("provider: all", "provider: al", "all"), ("kind: Plan", "kind: Paln", "Plan"),
            ("type: T::X", "type: Host::FileSystem::Directry", nil),
            ("apiVersion: cairn/v1", "apiVersion: cairn/1", "cairn/v1"),
            ("{name: files}", "{name: flies}", "files"), ("plugin: directory", "plugin: directry", "directory"),
            ("config: {path", "config: {pth", "path"), ("bank: {", "bnak: {", "bank"),
            ("{name: noop}", "{nmae: noop}", "name"),
        ] as [(String, String, String?)])
    func similarElsewhere(_ right: String, _ wrong: String, _ meant: String?) {
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\n")
        let inPlan = plan.contains(right)
        let compiler = CompiledPlans.compile([
            inPlan ? plan.replacing(right, with: wrong) : plan,
            inPlan ? CompiledPlans.provider : CompiledPlans.provider.replacing(right, with: wrong),
        ])
        let offered = compiler.diagnostics.all.flatMap(\.suggestions).map(\.replacement)
        if let meant { #expect(offered == [meant], "\(compiler.diagnostics.all.map(\.message))") }
    }

    @Test("Kinds that are like nothing are told all kinds") func kinds() {
        let faults = CompiledPlans.compile(["apiVersion: cairn/v1\nkind: Xyzzy\n"]).diagnostics.all
        #expect(faults.flatMap(\.notes).first?.hasPrefix("the kinds are Plan, Provider, Plugin, BankPlugin") == true)
    }

    @Test("The broken rule of a schema is told with its place") func rules() throws {
        let plan = CompiledPlans.plan("  - {id: a, \(Self.directory), parameters: {level: 50}}\n")
        let fault = try #require(CompiledPlans.compile([plan, CompiledPlans.provider]).diagnostics.all.first)
        #expect(fault.notes.count == 1 && fault.related.isEmpty)
        #expect(fault.notes[0].hasPrefix("the rule is 'maximum: 19', at <built in>/files.plugin.yaml:"))
    }
}

extension String {
    /// How often `part` stands in the text.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
