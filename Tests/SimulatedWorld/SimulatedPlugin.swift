package import CanonicalForm
package import PlanIR
package import PluginKit

/// The plugin of a simulated plan, as one process runs it.
///
/// A copy says what the data of every service above it looked like. So copies below one service agree only when it stood
/// still from the first to the last.
package final class SimulatedPlugin: ProtectionPlugin, @unchecked Sendable {
    package let name = "simulated"
    private let plan: SimulatedPlan
    private let process: SimulatedProcess
    private let outside: OutsideWorld
    private let ledger: Ledger
    /// In a thousand calls so many fail for good, and so many may be tried again.
    package var failing = 0
    package var failingForNow = 0
    /// In a thousand undoings so many fail, and what stands still stays so until another one succeeds.
    package var failingReverts = 0
    /// The services that it could not let run again.
    package private(set) var stuck: Set<Int> = []
    private var world: World { process.world }

    package init(_ plan: SimulatedPlan, _ process: SimulatedProcess, _ outside: OutsideWorld, _ ledger: Ledger) {
        self.plan = plan
        self.process = process
        self.outside = outside
        self.ledger = ledger
    }

    package func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        let resource = number(context)
        let place = Int(hook.rawValue)
        try ensureAlive()
        world.note("\(process.name) begins \(plan.name(resource, place)), attempt \(context.attempt)")
        ledger.begins(context.checkpoint, resource, place)
        if plan.kinds[resource] == .service, hook == .prepareBegin {
            try await context.undo.register(["quiesced": true])
            try await act()
            outside.quiesce(resource, by: process.name)
        }
        if world.happens(failing) { throw PluginError("the thing is broken") }
        if world.happens(failingForNow) { throw PluginError("the thing is busy", isTransient: true) }
        if copies(resource, hook) { try await copy(resource, context) } else { try await act() }
        if plan.kinds[resource] == .service, hook == .prepareFinish {
            // Someone else has let it run meanwhile: what was copied may be of two moments.
            guard outside.quiescer(of: resource) == process.name else {
                throw PluginError("r\(resource) has not stood still all the time")
            }
            outside.resume(resource, by: process.name)
            try await context.undo.discharge()
        }
        try ensureAlive()
        ledger.ends(context.checkpoint, resource, place)
        return [hook.name: .integer(Int64(resource))]
    }

    package func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        let resource = number(context)
        guard plan.kinds[resource] == .service, context.undo.due != nil else { return }
        await process.uninterruptedSleep(Int64(world.number(0...20)) * 1_000_000)
        try ensureAlive()
        guard !world.happens(failingReverts) else {
            stuck.insert(resource)
            world.note("\(process.name) could not let r\(resource) run again")
            throw PluginError("the thing does not start")
        }
        stuck.remove(resource)
        outside.resume(resource, by: process.name)
        try await context.undo.discharge()
    }

    package func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        let resource = number(context)
        for other in Hook.allCases where plan.works(resource, Int(other.rawValue)) {
            guard context.definition[other.name] == .integer(Int64(resource)) else {
                throw PluginError("what \(other.name) has saved is not there")
            }
        }
        let isCopied = Hook.allCases.contains { copies(resource, $0) }
        let names = try await context.artifacts.artifacts().map(\.name)
        guard names == (isCopied ? ["data"] : []) else { throw PluginError("its artifacts are \(names)") }
        guard isCopied else { return }
        let reader = try await context.artifacts.reader("data")
        var bytes: [UInt8] = []
        while let chunk = try await reader.next() { bytes += chunk }
        try ensureAlive()
        guard outside.restore(String(decoding: bytes, as: UTF8.self), of: resource, to: place(of: target)) else {
            throw PluginError("\(place(of: target)) is not there")
        }
    }

    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        let resource = number(resource)
        guard Hook.allCases.contains(where: { copies(resource, $0) }) else {
            return .empty(reason: "it has no content")
        }
        return resource % 3 == 2 ? .verified(reason: "it is too large") : .restored(proof: "compared")
    }

    /// Where a restore to `target` goes: each process has an original place of its own.
    private func place(of target: RestoreTarget) -> String { target.directory ?? "original place of \(process.name)" }

    package func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        let resource = number(context)
        try ensureAlive()
        guard Hook.allCases.contains(where: { copies(resource, $0) }) else { return }
        let reader = try await context.artifacts.reader("data")
        var bytes: [UInt8] = []
        while let chunk = try await reader.next() { bytes += chunk }
        let copy = String(decoding: bytes, as: UTF8.self)
        guard isCopy(copy, of: resource, for: context.checkpoint) else { throw PluginError("its content is '\(copy)'") }
    }

    private func isCopy(_ text: String, of resource: Int, for checkpoint: String) -> Bool {
        text.hasPrefix("copy of r\(resource) for \(checkpoint);")
    }

    /// Why what was restored to `target` is not what a checkpoint has saved, or cannot be of one moment for all services;
    /// empty when all is well. `only` are the resources that were to be restored, `nil` for all.
    func contradictions(_ checkpoint: String, in target: RestoreTarget, only: Set<Int>? = nil) -> [String] {
        var found: [String] = []
        let restored = outside.restored[place(of: target)] ?? [:]
        for service in plan.services {
            var seen: [Int: String] = [:]
            for resource in plan.kinds.indices where plan.kinds[resource] == .quiescedData {
                guard plan.servicesAbove[resource].contains(service), let copy = restored[resource] else { continue }
                seen[resource] = copy.split(separator: ";").first { $0.hasPrefix("r\(service)=") }.map(String.init)
            }
            let moments = Set(seen.values)
            if moments.count > 1 {
                found.append("the copies below r\(service) are of \(moments.sorted().joined(separator: " and "))")
            }
        }
        for resource in plan.kinds.indices where Hook.allCases.contains(where: { copies(resource, $0) }) {
            let isWanted = only?.contains(resource) ?? true
            let isRight = restored[resource].map { isCopy($0, of: resource, for: checkpoint) } ?? false
            if isWanted ? !isRight : restored[resource] != nil {
                found.append("r\(resource) was restored as \(restored[resource] ?? "nothing")")
            }
        }
        return found
    }

    private func copies(_ resource: Int, _ hook: Hook) -> Bool {
        switch plan.kinds[resource] {
        case .quiescedData: hook == .prepareFinish
        case .liveData: hook == .main
        case .service, .idle: false
        }
    }

    private func copy(_ resource: Int, _ context: ActivityContext) async throws {
        let writer = try await context.artifacts.writer("data")
        try await writer.write(Array("copy of r\(resource) for \(context.checkpoint);".utf8))
        try await act()
        let moments = plan.servicesAbove[resource].map { "r\($0)=\(outside.data(of: $0));" }
        try ensureAlive()
        try await writer.write(Array(moments.joined().utf8))
        _ = try await writer.finish()
    }

    /// Does something that lasts a while.
    private func act() async throws {
        let long = world.happens(20)
        try await process.sleep(nanoseconds: Int64(world.number(0...(long ? 40_000 : 100))) * 1_000_000)
        try ensureAlive()
    }

    private func ensureAlive() throws { if process.isDead { throw CancellationError() } }

    private func number(_ context: ActivityContext) -> Int { number(context.resource) }

    private func number(_ resource: ResourceDescription) -> Int { Int(resource.id.dropFirst()) ?? 0 }
}
