package import Schedules

/// Decides which checkpoints of a plan stay: a pure function of the checkpoints, the policy and the time.
package enum Retention {
    /// What becomes of each checkpoint, newest first, whatever the order of `candidates`.
    ///
    /// 1. Only available checkpoints that are not from the future are judged; all others stay and count for nothing.
    /// 2. What any rule keeps is kept; without a rule, all are. `keepLast: n` keeps the newest `n`. A rule of a period
    ///    keeps the newest of each of the newest `n` periods that have any.
    /// 3. Of those, `maxAge` removes the older ones, and `maxCheckpoints: n` all but the newest `n` that are left then.
    /// 4. The newest stays all the same, and what is pinned or in use. That changes nothing for others.
    ///
    /// Ages are counted up to now, but when runs have failed since the newest checkpoint, only up to the first of those:
    /// while nothing new succeeds, nothing that is old grows too old.
    package static func decide<ID>(
        _ candidates: [RetentionCandidate<ID>], by policy: RetentionPolicy, in zone: TimeZoneRules, now: Int64
    ) -> [RetentionDecision<ID>] {
        let sorted = candidates.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
        var judge = Judge(policy: policy, zone: zone, agesEnd: agesEnd(sorted, now: now))
        return sorted.map { candidate in
            let reasons: [RetentionReason]
            switch candidate.standing {
            case .deleting: reasons = [.beingDeleted]
            case .rehearsal: reasons = [.rehearsal]
            case .notAvailable: reasons = [.notAvailable] + protections(candidate)
            case .available:
                if candidate.created > now {
                    reasons = [.fromTheFuture] + protections(candidate)
                } else {
                    reasons = judge.reasons(created: candidate.created, protections: protections(candidate))
                }
            }
            return RetentionDecision(candidate: candidate, reasons: reasons)
        }
    }

    /// Up to when ages are counted.
    private static func agesEnd<ID>(_ sorted: [RetentionCandidate<ID>], now: Int64) -> Int64 {
        var end = now
        for candidate in sorted where candidate.created <= now {
            switch candidate.standing {
            case .available: return end
            case .notAvailable: end = candidate.created
            case .deleting, .rehearsal: break
            }
        }
        return end
    }

    private static func protections<ID>(_ candidate: RetentionCandidate<ID>) -> [RetentionReason] {
        (candidate.isPinned ? [.pinned] : []) + (candidate.isInUse ? [.inUse] : [])
    }

    /// Judges available checkpoints one after the other, from the newest to the oldest.
    private struct Judge {
        let policy: RetentionPolicy
        let zone: TimeZoneRules
        let agesEnd: Int64
        private let rules: [(period: RetentionPeriod, count: Int32)]
        /// Of each rule in `rules`, the oldest period so far, and how many periods that was.
        private var oldest: [(number: Int64, count: Int32)]
        private var judged: Int32 = 0
        /// How many were kept before the newest and the protected ones were excepted.
        private var kept = 0

        init(policy: RetentionPolicy, zone: TimeZoneRules, agesEnd: Int64) {
            self.policy = policy
            self.zone = zone
            self.agesEnd = agesEnd
            rules = RetentionPeriod.allCases.compactMap { period in
                policy.periods[period].map { (period, Int32(clamping: $0)) }
            }
            oldest = rules.map { _ in (Int64.max, 0) }
        }

        mutating func reasons(created: Int64, protections: [RetentionReason]) -> [RetentionReason] {
            judged += 1
            let wanted = rulesThatKeep(created)
            var removals: [RetentionReason] = wanted.isEmpty ? [.unneeded] : []
            // The newest is not excepted here: a checkpoint from the past has the age that it has.
            if let maxAge = policy.maxAge, agesEnd - created > maxAge { removals.append(.tooOld) }
            if removals.isEmpty {
                kept += 1
                if let most = policy.maxCheckpoints, kept > most { removals.append(.tooMany) }
            }
            let exceptions = (judged == 1 ? [.newest] : []) + protections
            if removals.isEmpty { return wanted + exceptions }
            return exceptions.isEmpty ? removals : exceptions
        }

        /// The rules that keep the next checkpoint.
        private mutating func rulesThatKeep(_ created: Int64) -> [RetentionReason] {
            guard policy.hasKeepRules else { return [.noRules] }
            var reasons: [RetentionReason] = []
            if let count = policy.keepLast, judged <= count {
                reasons.append(.last(number: judged, of: Int32(clamping: count)))
            }
            guard !rules.isEmpty else { return reasons }
            let moment = RetentionMoment(milliseconds: created, in: zone)
            for (position, rule) in rules.enumerated() where oldest[position].count < rule.count {
                let number = moment.number(of: rule.period)
                // Where clocks were set back over midnight, a day that was seen may come once more.
                guard number < oldest[position].number else { continue }
                oldest[position] = (number, oldest[position].count + 1)
                reasons.append(.period(rule.period, number: oldest[position].count, of: rule.count))
            }
            return reasons
        }
    }
}
