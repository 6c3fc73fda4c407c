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
        let judged = sorted.filter { $0.standing == .available && $0.created <= now }.map(\.created)
        var judge = Judge(judged, policy: policy, zone: zone, agesEnd: agesEnd(sorted, now: now))
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
                    reasons = judge.nextReasons(protections: protections(candidate))
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
        /// When each was created, the newest first.
        let created: [Int64]
        let policy: RetentionPolicy
        let agesEnd: Int64
        private let rules: [PeriodRule]
        private var judged = 0
        /// How many were kept before the newest and the protected ones were excepted.
        private var kept = 0

        init(_ created: [Int64], policy: RetentionPolicy, zone: TimeZoneRules, agesEnd: Int64) {
            self.created = created
            self.policy = policy
            self.agesEnd = agesEnd
            let moments = policy.periods.isEmpty ? [] : created.map { RetentionMoment(milliseconds: $0, in: zone) }
            rules = RetentionPeriod.allCases.compactMap { period in
                policy.periods[period].map { PeriodRule(period, count: $0, moments: moments) }
            }
        }

        /// Why the next one stays or goes.
        mutating func nextReasons(protections: [RetentionReason]) -> [RetentionReason] {
            let wanted = rulesThatKeep(judged)
            var removals: [RetentionReason] = wanted.isEmpty ? [.unneeded] : []
            // The newest is not excepted here: a checkpoint from the past has the age that it has.
            if let maxAge = policy.maxAge, agesEnd - created[judged] > maxAge { removals.append(.tooOld) }
            if removals.isEmpty {
                kept += 1
                if let most = policy.maxCheckpoints, kept > most { removals.append(.tooMany) }
            }
            let exceptions = (judged == 0 ? [.newest] : []) + protections
            judged += 1
            if removals.isEmpty { return wanted + exceptions }
            return exceptions.isEmpty ? removals : exceptions
        }

        /// The rules that keep the checkpoint at a position of `created`.
        private func rulesThatKeep(_ position: Int) -> [RetentionReason] {
            guard policy.hasKeepRules else { return [.noRules] }
            var reasons: [RetentionReason] = []
            if let count = policy.keepLast, position < count {
                reasons.append(.last(number: Int32(clamping: position + 1), of: Int32(clamping: count)))
            }
            for rule in rules {
                if let number = rule.turn[position] {
                    reasons.append(.period(rule.period, number: number, of: rule.count))
                }
            }
            return reasons
        }
    }

    /// What a rule keeps: the newest of each of the newest `count` periods that have any.
    private struct PeriodRule {
        let period: RetentionPeriod
        let count: Int32
        /// By the position of a checkpoint that it keeps, which of the `count` that is, from 1 for the newest period.
        let turn: [Int: Int32]

        /// - Parameter moments: those of all checkpoints that are judged, the newest first.
        init(_ period: RetentionPeriod, count: Int, moments: [RetentionMoment]) {
            self.period = period
            self.count = Int32(clamping: count)
            // Nearly sorted already, but not quite: where clocks are set back over midnight, a day is left, and entered
            // again after moments of the day that follows it. Those may be all that this following day has.
            let numbered = moments.enumerated().map { (number: $1.number(of: period), position: $0) }
                .sorted { ($1.number, $0.position) < ($0.number, $1.position) }
            var turn: [Int: Int32] = [:]
            var last: Int64?
            for one in numbered where one.number != last {
                guard turn.count < count else { break }
                turn[one.position] = Int32(clamping: turn.count + 1)
                last = one.number
            }
            self.turn = turn
        }
    }
}
