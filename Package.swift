// swift-tools-version: 6.2
// The targets are the rooms of the house; imports go one way, downwards. See docs/architecture.md.
import PackageDescription

/// For targets that use libarchive: which module the C library's structures belong to depends on the order in which
/// clang builds the modules, so member visibility cannot be checked there.
let strictWithLibArchive: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let strict = strictWithLibArchive + [.enableUpcomingFeature("MemberImportVisibility")]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

/// Set for release builds by the Makefile, together with --static-swift-stdlib: the compiler then needs no library of
/// the system at run time, and starts in the time that loading them would take.
let isStatic = Context.environment["CAIRN_STATIC"] == "1"

func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, resources: [Resource] = [],
    settings: [SwiftSetting] = strict
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, resources: resources, swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], settings: [SwiftSetting] = strict
) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "cairn",
    products: [
        .executable(name: "cairnc", targets: ["cairnc"]),
        .executable(name: "cairn", targets: ["cairn"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Libraries of the system.
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CLibArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CLinux"),

        // Shared by the compiler and the executor.
        room("CanonicalForm", [crypto]),
        room("Diagnostics", ["CanonicalForm"]),
        room("YAMLSource", ["CanonicalForm", "Diagnostics", "CLibYAML"]),
        room(
            "Manifests", ["CanonicalForm", "Diagnostics", "PlanIR", "Schedules", "YAMLSource"],
            resources: [
                .embedInCode("Builtin/command.plugin.yaml"),
                .embedInCode("Builtin/directory.bank.yaml"),
                .embedInCode("Builtin/files.plugin.yaml"),
                .embedInCode("Builtin/noop.plugin.yaml"),
                .embedInCode("Builtin/service.plugin.yaml"),
            ]),
        room("PlanIR", ["CanonicalForm", "Diagnostics", "Schedules"]),
        room("PathPatterns"),
        room("Schedules"),
        room("Retention", ["CanonicalForm", "Schedules"]),
        room("Scheduling", ["PlanIR", collections]),
        room("RunRecords", ["CanonicalForm", "PlanIR", "Schedules"]),

        room("CommandLineSupport"),

        // The compiler.
        room("PlanLanguage", ["CanonicalForm", "Diagnostics", "YAMLSource", "Manifests", "PlanIR", "Schedules"]),
        room("Project", ["Diagnostics", "Manifests", "PathPatterns", "YAMLSource"]),
        room("Timings", ["Diagnostics", "Manifests", "PlanIR", "RunRecords", "Scheduling", "YAMLSource"]),
        room(
            "PlanCompiler",
            [
                "CanonicalForm", "Diagnostics", "YAMLSource", "PlanLanguage", "Manifests", "PathPatterns", "PlanIR",
                "Project", "Schedules", "Timings",
            ]),
        room("GanttCharts", ["CanonicalForm", "Diagnostics", "GraphExport", "PlanIR", "Scheduling", "Timings"]),
        room("GraphViews", ["CanonicalForm", "Diagnostics", "PlanIR", "RunRecords", "Scheduling", "Timings"]),
        room(
            "GraphExport", ["CanonicalForm", "Diagnostics", "GraphViews", "PlanIR", "Timings"],
            resources: [
                .embedInCode("HTML/Page/page.html"),
                .embedInCode("HTML/Page/page.css"),
                .embedInCode("HTML/Page/graph.js"),
                .embedInCode("HTML/Page/plan.js"),
                .embedInCode("HTML/Page/layered.js"),
                .embedInCode("HTML/Page/fold.js"),
                .embedInCode("HTML/Page/resources.js"),
                .embedInCode("HTML/Page/lanes.js"),
                .embedInCode("HTML/Page/scene.js"),
                .embedInCode("HTML/Page/theme.js"),
                .embedInCode("HTML/Page/paint.js"),
                .embedInCode("HTML/Page/viewport.js"),
                .embedInCode("HTML/Page/panel.js"),
                .embedInCode("HTML/Page/page.js"),
                .embedInCode("HTML/Page/controls.js"),
                .embedInCode("HTML/Page/start.js"),
            ]),
        room("ChildProcesses", ["CLinux"]),
        room("Graphviz", ["ChildProcesses"]),
        room("PlanDiff", ["CanonicalForm", "Diagnostics", "PlanIR"]),
        room("GitHistory", ["ChildProcesses"]),
        room(
            "Explanations",
            ["CanonicalForm", "Diagnostics", "Manifests", "PlanCompiler", "PlanIR", "Project", "YAMLSource"]),
        room("Reports", ["CanonicalForm", "Diagnostics", "Explanations"]),
        room(
            "PlanSchemas",
            [
                "CanonicalForm", "Diagnostics", "Explanations", "Manifests", "PlanIR", "PlanLanguage", "Project",
                "Reports", "Timings", "YAMLSource",
            ],
            resources: [.embedInCode("diff.schema.json"), .embedInCode("ir.schema.json")]),
        room("PluginReference", ["CanonicalForm", "Diagnostics", "Manifests", "PlanIR"]),
        .executableTarget(
            name: "cairnc",
            dependencies: [
                "CanonicalForm", "ChildProcesses", "CommandLineSupport", "Diagnostics", "Explanations", "GanttCharts",
                "GitHistory", "GraphExport", "GraphViews", "Graphviz", "Manifests", "PlanCompiler", "PlanDiff",
                "PlanIR",
                "PlanSchemas",
                "PluginReference", "Project", "Reports", "RunRecords", "Scheduling", "Timings", "YAMLSource",
                argumentParser,
            ],
            swiftSettings: strict, linkerSettings: isStatic ? [.unsafeFlags(["-static-executable"])] : []),

        // The executor.
        room("Surroundings"),
        room("BlockingIO"),
        room("ProcessSupervision", ["BlockingIO", "CLinux", "Diagnostics", "Surroundings"]),
        room("Bank", ["CanonicalForm"]),
        room("DirectoryBank", ["Bank", "BlockingIO", "CanonicalForm", "CLinux"]),
        // Tests and debug builds try everything on a bank that is as weak as its level allows.
        room("DegradedBank", ["Bank", "Surroundings"]),
        room("PluginKit", ["CanonicalForm", "PlanIR", "BlockingIO"]),
        room("NoopPlugin", ["CanonicalForm", "PluginKit", "PlanIR"], path: "Sources/Plugins/Noop"),
        room("ProgramSettings", ["BlockingIO", "CanonicalForm", "Diagnostics", "PluginKit", "ProcessSupervision"]),
        room(
            "ServicePlugin",
            [
                "CanonicalForm", "PlanIR", "PluginKit", "ProcessSupervision", "ProgramSettings", "Schedules",
                "Surroundings",
            ],
            path: "Sources/Plugins/Service"),
        room(
            "CommandPlugin", ["CanonicalForm", "PlanIR", "PluginKit", "ProcessSupervision", "ProgramSettings"],
            path: "Sources/Plugins/Command"),
        room(
            "FilesPlugin",
            [
                "PluginKit", "PathPatterns", "PlanIR", "BlockingIO", "CanonicalForm", "CLibArchive", "CLinux",
                "CXXHash",
            ],
            path: "Sources/Plugins/Files", settings: strictWithLibArchive),
        room("Checkpoints", ["Bank", "CanonicalForm", "PlanIR", "PluginKit", "Surroundings"]),
        room(
            "Engine",
            [
                "Bank", "CanonicalForm", "Checkpoints", "PlanIR", "PluginKit", "Retention", "Schedules", "Scheduling",
                "Surroundings",
            ]),
        room("BankCare", ["Bank", "CanonicalForm", "Checkpoints", "Engine", "PlanIR", "PluginKit"]),
        room("Wording", ["Diagnostics", "PluginKit"]),
        room(
            "EventStream",
            [
                "Bank", "BlockingIO", "CanonicalForm", "Checkpoints", "CommandLineSupport", "Engine", "PlanIR",
                "PluginKit", "Surroundings",
            ]),
        room(
            "RunDisplay",
            ["Bank", "BlockingIO", "CommandLineSupport", "Engine", "PlanIR", "PluginKit", "Surroundings", "Wording"]),
        room("Notifications", ["BlockingIO", "PlanIR", "ProcessSupervision", "Surroundings"]),
        room("RunReports", ["CanonicalForm", "Checkpoints", "PlanIR", "PluginKit", "Wording"]),
        room(
            "ProtectionService",
            [
                "Bank", "BlockingIO", "CanonicalForm", "Checkpoints", "CommandPlugin", "DegradedBank", "Diagnostics",
                "DirectoryBank", "Engine", "FilesPlugin", "Manifests", "NoopPlugin", "PlanIR", "PluginKit",
                "ServicePlugin", "Surroundings", "YAMLSource",
            ]),
        .executableTarget(
            name: "cairn",
            dependencies: [
                "Bank", "BankCare", "BlockingIO", "CanonicalForm", "Checkpoints", "CommandLineSupport", "Diagnostics",
                "Engine", "EventStream", "Manifests", "Notifications", "PlanIR", "PluginKit", "PluginReference",
                "ProtectionService", "Retention",
                "RunDisplay", "RunRecords", "RunReports", "Scheduling", "Surroundings", "Wording", "YAMLSource",
                argumentParser, logging,
            ],
            swiftSettings: strict),

        // Tests.
        room("SeededRandom", path: "Tests/SeededRandom"),
        tests("DiagnosticsTests", ["CanonicalForm", "Diagnostics", "SeededRandom"]),
        tests(
            "ProjectTests",
            ["Diagnostics", "PlanCompiler", "PlanIR", "PlanTestSupport", "Project", "SeededRandom", "YAMLSource"]),
        room("PythonSupport", path: "Tests/PythonSupport"),
        tests(
            "ReportsTests",
            ["CanonicalForm", "Diagnostics", "Explanations", "PlanCompiler", "PythonSupport", "Reports", "YAMLSource"]),
        tests("YAMLSourceTests", ["CanonicalForm", "Diagnostics", "SeededRandom", "YAMLSource"]),
        tests("PathPatternsTests", ["PathPatterns"]),
        tests("SchedulesTests", ["Schedules", "SeededRandom"]),
        tests("RetentionTests", ["CanonicalForm", "Retention", "Schedules", "SeededRandom"]),
        tests("JSONSchemaTests", ["CanonicalForm", "Diagnostics", "Manifests", "SeededRandom", "YAMLSource"]),
        room("BankConformance", ["Bank", "SeededRandom"], path: "Tests/BankConformance"),
        tests(
            "BankTests", ["Bank", "BankConformance", "CanonicalForm", "DegradedBank", "SeededRandom", "Surroundings"]),
        tests(
            "DirectoryBankTests",
            ["Bank", "BankConformance", "CanonicalForm", "CLinux", "DegradedBank", "DirectoryBank", "SeededRandom"]),

        tests("BlockingIOTests", ["BlockingIO"]),
        tests(
            "EventStreamTests",
            [
                "Bank", "CanonicalForm", "Engine", "EventStream", "PlanIR", "PluginKit", "PythonSupport",
                "Surroundings",
            ]),
        tests(
            "RunReportsTests",
            ["CanonicalForm", "Checkpoints", "PlanIR", "PluginKit", "PythonSupport", "RunReports"]),
        tests("NotificationsTests", ["CanonicalForm", "Notifications", "PlanIR"]),
        tests("RunDisplayTests", ["Engine", "PlanIR", "PluginKit", "RunDisplay", "SeededRandom", "Wording"]),
        tests("ProcessSupervisionTests", ["ProcessSupervision", "SeededRandom"]),
        tests(
            "ProgramPluginTests",
            [
                "CanonicalForm", "CommandPlugin", "FilesTestSupport", "PlanIR", "PluginKit", "ProcessSupervision",
                "ProgramSettings", "ServicePlugin", "Surroundings",
            ]),
        room(
            "FilesTestSupport", ["BlockingIO", "CanonicalForm", "PluginKit", "PlanIR"], path: "Tests/FilesTestSupport"),
        tests(
            "FilesPluginTests",
            [
                "BlockingIO", "CanonicalForm", "CLibArchive", "CLinux", "FilesPlugin", "FilesTestSupport",
                "NoopPlugin", "PlanIR", "PluginKit",
            ], settings: strictWithLibArchive),
        room(
            "PlanTestSupport", ["Diagnostics", "PlanCompiler", "PlanIR", "SeededRandom", "YAMLSource"],
            path: "Tests/PlanTestSupport"),
        tests("PlanIRTests", ["CanonicalForm", "PlanIR", "PlanTestSupport", "SeededRandom"]),
        tests("CanonicalFormTests", ["CanonicalForm", "SeededRandom"]),
        tests(
            "PlanCompilerTests",
            [
                "SeededRandom", "CanonicalForm", "Diagnostics", "Manifests", "PlanCompiler", "PlanIR", "PlanLanguage",
                "PlanTestSupport", "Schedules", "YAMLSource",
            ]),
        tests(
            "GraphViewsTests",
            [
                "CanonicalForm", "GraphExport", "GraphViews", "PlanCompiler", "PlanIR", "PlanTestSupport", "RunRecords",
                "SeededRandom", "Timings",
            ]),
        tests("ExplanationsTests", ["CanonicalForm", "Diagnostics", "Explanations", "PlanCompiler", "YAMLSource"]),
        tests(
            "GoldenTests",
            [
                "CanonicalForm", "Diagnostics", "Explanations", "GraphExport", "GraphViews", "PlanCompiler", "PlanDiff",
                "PlanIR", "PlanSchemas", "PluginReference", "Reports", "YAMLSource",
            ]),
        tests(
            "GraphHTMLTests",
            [
                "CanonicalForm", "GraphExport", "GraphViews", "PlanIR", "PlanTestSupport", "PythonSupport",
                "SeededRandom",
            ],
            exclude: ["browser.py", "mermaid.py"]),
        tests("PlanDiffTests", ["CanonicalForm", "PlanDiff", "PlanIR", "PlanTestSupport", "SeededRandom"]),
        tests(
            "SchemaFileTests",
            [
                "CanonicalForm", "Diagnostics", "Explanations", "Manifests", "PlanCompiler", "PlanIR", "PlanLanguage",
                "PlanSchemas", "SeededRandom", "Timings", "YAMLSource",
            ]),
        tests(
            "DocumentationTests",
            [
                "Bank", "BankConformance", "CanonicalForm", "Checkpoints", "Diagnostics", "Manifests", "PlanCompiler",
                "PlanDiff", "PlanIR", "PlanLanguage", "PluginKit", "RunRecords", "YAMLSource",
            ]),
        tests(
            "CheckpointsTests",
            [
                "Bank", "BankConformance", "CanonicalForm", "Checkpoints", "DegradedBank", "DirectoryBank", "PluginKit",
                "SeededRandom", "Surroundings",
            ]),
        tests(
            "BankCareTests",
            [
                "Bank", "BankCare", "BankConformance", "CanonicalForm", "Checkpoints", "DegradedBank", "Engine",
                "PlanIR", "PluginKit", "Scheduling",
            ]),
        tests(
            "EngineTests",
            [
                "Bank", "BankConformance", "CanonicalForm", "Checkpoints", "DegradedBank", "DirectoryBank", "Engine",
                "PlanIR", "PluginKit", "Retention", "ScheduleTestSupport", "Scheduling", "SeededRandom", "Surroundings",
            ]),
        room(
            "SimulatedWorld",
            [
                "Bank", "BankCare", "CanonicalForm", "Checkpoints", "DegradedBank", "Engine", "PlanIR",
                "PlanTestSupport", "PluginKit", "Retention", "ScheduleTestSupport", "Scheduling", "SeededRandom",
                "Surroundings",
            ], path: "Tests/SimulatedWorld"),
        // Lives many simulated days: make simulate.
        .executableTarget(
            name: "simulate", dependencies: ["SimulatedWorld", argumentParser], path: "Tests/Simulate",
            swiftSettings: strict),
        tests(
            "SimulationTests",
            [
                "Bank", "CanonicalForm", "Checkpoints", "DegradedBank", "Engine", "PlanIR", "PluginKit", "SeededRandom",
                "SimulatedWorld", "Surroundings",
            ]),
        room("ScheduleTestSupport", ["PlanIR", "Scheduling", "SeededRandom"], path: "Tests/ScheduleTestSupport"),
        tests(
            "WhatIfTests",
            [
                "CanonicalForm", "Diagnostics", "GanttCharts", "PlanIR", "RunRecords",
                "ScheduleTestSupport", "Scheduling", "SeededRandom", "Timings", "YAMLSource",
            ]),
        tests(
            "ProtectionServiceTests",
            [
                "CanonicalForm", "Checkpoints", "Diagnostics", "Engine", "FilesPlugin", "Manifests", "NoopPlugin",
                "PlanIR",
                "PluginKit", "ProtectionService", "YAMLSource",
            ]),
        tests(
            "SchedulingTests",
            ["CanonicalForm", "PlanIR", "PlanTestSupport", "Scheduling", "ScheduleTestSupport", "SeededRandom"]),
        room(
            "FuzzTargets",
            [
                "CanonicalForm", "Diagnostics", "GraphExport", "GraphViews", "Manifests", "PlanCompiler", "PlanDiff",
                "PlanIR", "Reports", "SeededRandom", "YAMLSource",
            ], path: "Tests/FuzzTargets"),
        tests("FuzzTests", ["FuzzTargets"]),
        // Starts the two programs, which are therefore built with it.
        tests(
            "EndToEndTests",
            [
                "CanonicalForm", "Diagnostics", "Engine", "EventStream", "Explanations", "PlanIR", "SeededRandom",
                "cairn",
                "cairnc",
                subprocess,
            ]),
    ]
)

// libFuzzer's executables need flags of their own, so they are there only when scripts/fuzz asks for them.
if Context.environment["CAIRN_FUZZ"] == "1" {
    package.targets.append(.systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"))
    for target in ["Check", "IR"] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(target)", dependencies: ["CFuzzer", "FuzzTargets"], path: "Fuzz/\(target)"))
    }
}

// Measures the engine by itself; make bench asks for it.
if Context.environment["CAIRN_BENCH"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "EngineBench",
            dependencies: [
                "Bank", "BankConformance", "CanonicalForm", "Checkpoints", "Engine", "PlanIR", "PluginKit",
                "Scheduling",
            ], path: "Benchmarks/EngineBench", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "RetentionBench",
            dependencies: [
                "Bank", "CanonicalForm", "Checkpoints", "DirectoryBank", "PlanIR", "Retention", "Schedules",
            ], path: "Benchmarks/RetentionBench", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "BankBench",
            dependencies: [
                "Bank", "CanonicalForm", "Checkpoints", "DirectoryBank", "Engine", "PlanIR", "PluginKit", "Scheduling",
                "Surroundings",
            ], path: "Benchmarks/BankBench", swiftSettings: strict))
}

// Thread Sanitizer looks at what is concurrent, and at what that needs; scripts/test-sanitize says which tests those are.
if let names = Context.environment["CAIRN_SANITIZED_TESTS"] {
    package.targets.append(.target(name: "SanitizedLocks", path: "Tests/SanitizedLocks"))
    package.targets.append(tests("SanitizerTests", []))
    var kept: Set = ["SanitizedLocks"]
    var reached = ["SanitizerTests"] + names.split(separator: " ").map(String.init)
    while let name = reached.popLast() {
        guard kept.insert(name).inserted else { continue }
        guard let target = package.targets.first(where: { $0.name == name }) else {
            fatalError("CAIRN_SANITIZED_TESTS names '\(name)', which is no target")
        }
        for case .byNameItem(let needed, _) in target.dependencies { reached.append(needed) }
        if target.type == .test { target.dependencies.append("SanitizedLocks") }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
}
