import PlanIR

/// Which of the activities that could run come first: what lies in a quiet window before what opens another one, and that
/// before all the rest.
///
/// A resource opens a window when its `prepareBegin` works and a hook that waits for its dependents works behind that, which
/// closes the window: `prepareFinish`, or `complete` where that has nothing to do. What stands still in between should not
/// wait for strangers; nor should it for another window, so that of several the one that is open is closed first.
///
/// Everything goes by what waits for what, however directly: so it is the same for a graph without its barriers.
enum QuietRank {
    /// It lies in no window.
    static let outside: UInt8 = 0
    /// It opens a window that lies in no other.
    static let opening: UInt8 = 1
    /// Something may stand still until it is done.
    static let inside: UInt8 = 2
}

extension ActivityGraph {
    /// The `QuietRank` of each activity, by number, given a topological order; empty when no resource opens a window.
    func quietRanks(in order: [Int32]) -> [UInt8] {
        let closing = closingHooks
        guard closing.contains(where: { $0 != nil }) else { return [] }
        var isBehindOpening = [Bool](repeating: false, count: count)
        var isBeforeClosing = isBehindOpening
        for number in order {
            let leads = isBehindOpening[Int(number)] || opens(number, closing)
            guard leads else { continue }
            for target in successors(of: number) { isBehindOpening[Int(target)] = true }
        }
        for number in order.reversed() {
            isBeforeClosing[Int(number)] =
                closes(number, closing) || successors(of: number).contains { isBeforeClosing[Int($0)] }
        }
        return (0..<Int32(count)).map { number in
            guard let activity = activity(number), !activity.isBarrier else { return QuietRank.outside }
            // Only what lies above comes before a prepareBegin, and only what lies below before the end of a window.
            guard activity.hook == .prepareBegin else {
                return isBeforeClosing[Int(number)] ? QuietRank.inside : QuietRank.outside
            }
            if isBehindOpening[Int(number)] { return QuietRank.inside }
            return opens(number, closing) ? QuietRank.opening : QuietRank.outside
        }
    }

    /// For each resource the hook that closes its window, `nil` when it opens none.
    private var closingHooks: [Hook?] {
        let resources = activities.reduce(0) { max($0, Int($1.resource) + 1) }
        return workMasks(ofResources: resources).map { mask in
            func works(_ hook: Hook) -> Bool { mask & (1 << hook.rawValue) != 0 }
            guard works(.prepareBegin) else { return nil }
            return works(.prepareFinish) ? .prepareFinish : works(.complete) ? .complete : nil
        }
    }

    private func opens(_ number: Int32, _ closing: [Hook?]) -> Bool {
        guard let activity = activity(number), activity.hook == .prepareBegin else { return false }
        return closing[Int(activity.resource)] != nil
    }

    private func closes(_ number: Int32, _ closing: [Hook?]) -> Bool {
        guard let activity = activity(number) else { return false }
        return closing[Int(activity.resource)] == activity.hook
    }
}
