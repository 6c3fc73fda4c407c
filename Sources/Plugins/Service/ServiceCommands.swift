internal import CanonicalForm
internal import PluginKit
internal import ProcessSupervision
internal import ProgramSettings
internal import Schedules
internal import Surroundings

/// The programs of a service, decoded.
struct ServiceCommands: Sendable {
    /// How long a service may take until it works again, when nothing else is said, in seconds.
    private static let usualHealthTime: Int64 = 30
    /// How long to wait before the health is looked at again, in nanoseconds.
    private static let healthPause: Int64 = 500_000_000

    /// The properties that they were read from.
    let properties: JSONObject
    let quiesce: ProgramCommand
    let resume: ProgramCommand
    let health: ProgramCommand?
    /// What a dry run lets judge whether the others would work.
    let check: ProgramCommand?
    private let transientExitCodes: Set<Int32>
    /// How long the service may take until it works again, in seconds.
    let healthSeconds: Int64

    /// Decodes what the compiler has checked; what it could not check is checked here.
    init(_ properties: JSONObject, _ parameters: JSONObject) throws(PluginError) {
        var seconds = Self.usualHealthTime
        if let value = parameters["healthTimeout"], value != .null {
            guard let text = value.stringValue, let given = DurationText.seconds(text) else {
                throw PluginError("the parameter 'healthTimeout' is no duration; \(DurationText.rule)")
            }
            seconds = given
        }
        try self.init(properties, healthSeconds: seconds)
    }

    init(_ properties: JSONObject, healthSeconds: Int64) throws(PluginError) {
        let programs = ProgramProperties(properties)
        guard let resume = try programs.program("resume") else {
            throw PluginError("the property 'resume' is missing")
        }
        guard let quiesce = try programs.program("quiesce") else {
            throw PluginError("the property 'quiesce' is missing")
        }
        self.properties = properties
        self.quiesce = quiesce
        self.resume = resume
        self.healthSeconds = healthSeconds
        health = try programs.program("health")
        check = try programs.program("check")
        transientExitCodes = try programs.transientExitCodes()
    }

    /// All of its programs.
    var all: [ProgramCommand] { [quiesce, resume] + [health].compactMap { $0 } }

    /// Runs one of the programs; `doing` says what has failed when it fails.
    func run(_ program: ProgramCommand, _ doing: String, isUrgent: Bool = false) async throws {
        do { _ = try await ProgramPipeline(program, isUrgent: isUrgent).run() } catch let fault as ProcessFault {
            throw fault.asHookError(doing, transient: transientExitCodes)
        }
    }

    /// Lets the service go on, and waits until it works.
    func resume(_ clock: any RunClock) async throws {
        try await run(resume, "the service cannot be resumed", isUrgent: true)
        guard let health else { return }
        let end = clock.monotonicNanoseconds + healthSeconds * 1_000_000_000
        var last: PluginError?
        while true {
            let left = end - clock.monotonicNanoseconds
            if left <= 0 { break }
            do {
                let isOver = try await Patience.within(left, clock) {
                    try await run(health, "it is not healthy", isUrgent: true)
                }
                if isOver { return }
            } catch let error as PluginError { last = error }
            try await clock.sleep(nanoseconds: max(0, min(Self.healthPause, end - clock.monotonicNanoseconds)))
        }
        throw PluginError(
            "the service was resumed and does not work after \(DurationText.words(seconds: healthSeconds)): "
                + (last?.reason ?? "the program of 'health' does not end"))
    }
}
