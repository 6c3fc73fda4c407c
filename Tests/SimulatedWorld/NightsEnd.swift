internal import Bank
internal import BankCare
internal import Checkpoints
internal import Engine
internal import Retention

/// How the nights end: what was cut off is brought to an end by those whom nothing befalls, and then looked at.
extension Nights {
    /// Lets someone whom nothing befalls do something that must succeed.
    private func soundly(
        _ role: String, at site: BankSite, _ body: @escaping @Sendable (Participant) async throws -> Void
    ) async {
        let actor = participant(role, .fair, at: site)
        (actor.plugin.failing, actor.plugin.failingForNow) = (0, 0)
        switch await actor.process.perform({ try await body(actor) }) {
        case .success?: break
        case .failure(let error)?: world.violated("\(actor.name) could not finish: \(error)")
        case nil: world.violated("\(actor.name) is dead")
        }
        actor.process.end()
    }

    func comeToRest() async throws {
        try await repairAll()
        for site in [site, far] {
            await soundly("resumeRestore", at: site) { try await self.resumeRestores($0, mustSucceed: true) }
        }
        // What was sent long ago may still arrive, and is collected when it is old enough.
        try await collectAll(hours: 0)
        // On a weak bank a deletion that came upon a pin leaves its mark; there a reset is announced a day before.
        for site in [site, far] {
            for id in site.store.checkpoints where site.store.hasTombstone(id) {
                await soundly("reset", at: site) { actor in
                    do { try await self.reset(id, actor) } catch CheckpointError.wrongStatus {
                        guard site.level != .compareAndSwap else { throw CheckpointError.unknown(id.text) }
                    }
                }
            }
        }
        try await collectAll(hours: 25)
        // And what was reset there can be deleted a day later only.
        try await collectAll(hours: 25)
        for id in availableNow(at: site).sorted() where !site.store.isRehearsal(id) {
            await soundly("copy", at: site) { try await self.copy(id, $0, true) }
        }
        for id in availableNow(at: site).subtracting(availableNow(at: far)).sorted()
        where !site.store.isRehearsal(id) {
            world.violated("\(id) was copied and is not there")
        }
        for site in [site, far] {
            await soundly("retain", at: site) { actor in
                let report = try await self.retain(actor)
                for checkpoint in report.checkpoints {
                    if case .failed(let reason) = checkpoint.outcome {
                        self.world.violated("retention could not remove \(checkpoint.id): \(reason)")
                    }
                }
            }
        }
        try await collectAll(hours: 0)
        try await collectAll(hours: 25)
        try await repairAll()
    }

    private func repairAll() async throws {
        for site in [site, far] {
            await soundly("repair", at: site) { try await self.audit($0, .records, repairs: true, isSound: true) }
        }
    }

    private func collectAll(hours: Int64) async throws {
        try await world.process("time").sleep(nanoseconds: (hours * 3600 + 700) * 1_000_000_000)
        for site in [site, far] {
            await soundly("collect", at: site) { try await self.collect($0, mustSucceed: true) }
        }
    }

    func judge() async throws {
        for site in [site, far] {
            try await judge(at: site)
            // A newer one may have been deleted by hand when older ones had gone already.
            let newest = everAvailable[site.name]?.max { ($0.value, $0.key) < ($1.value, $1.key) }
            if let newest, !isUnwanted(newest.key, at: site), !site.store.isAvailable(newest.key) {
                world.violated("\(site.name): \(newest.key), the newest that was ever available, is gone")
            }
            judgeIndices(at: site)
            await soundly("check", at: site) { actor in
                for finding in try await self.audit(actor, .data, repairs: false, isSound: true) where finding.isLeft {
                    self.world.violated("\(site.name): in the end \(finding.key) \(finding.message)")
                }
            }
            await soundly("judge", at: site) { try await self.judgeRetention($0) }
        }
        judgeRehearsals()
        for id in pinned.sorted() where !site.store.isAvailable(id) { world.violated("\(id) is pinned and gone") }
        for (id, keys) in labelled.sorted(by: { $0.key < $1.key }) where site.store.isAvailable(id) {
            // Elsewhere the last writer wins.
            guard site.level == .compareAndSwap else { continue }
            let bytes = site.store.contents[CheckpointKeys(id).labels] ?? []
            let texts = try? CheckpointLabels(opening: bytes, of: id)
            let lost = keys.subtracting((texts?.labels ?? [:]).keys)
            if !lost.isEmpty { world.violated("\(id) has lost the labels \(lost.sorted())") }
        }
    }

    /// After all that, a retention has nothing to do.
    private func judgeRetention(_ actor: Participant) async throws {
        let report = try await decide(actor)
        for checkpoint in report.checkpoints where checkpoint.outcome == .toGo {
            world.violated("\(actor.site.name): \(checkpoint.id) was to go and is still there")
        }
    }
}
