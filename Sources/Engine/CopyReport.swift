import Bank
package import Checkpoints

/// One of the two banks of a copy, with the provider whose bank it is.
package struct CopySide: Sendable {
    package let collection: CheckpointCollection
    /// The bank's id.
    package let bankID: String
    /// The provider's name.
    package let provider: String

    package init(collection: CheckpointCollection, bankID: String, provider: String) {
        self.collection = collection
        self.bankID = bankID
        self.provider = provider
    }

    /// The bank as messages name it.
    var words: String { "the bank of provider '\(provider)' at \(collection.bank.place)" }
}

/// How a copy ended.
package struct CopyReport: Sendable {
    package enum Outcome: String, Sendable, CaseIterable {
        /// The other bank has the checkpoint now.
        case copied
        /// It had the same checkpoint already.
        case alreadyThere = "already-there"
        /// It was not copied, and the other bank's record says why.
        case failed
        /// It was broken off, and goes on where it stopped when it is copied again.
        case unfinished
    }

    package let checkpoint: CheckpointID
    package let plan: String
    /// The providers whose banks it is copied from and to.
    package let from: String
    package let to: String
    package let outcome: Outcome
    package let failures: [ResourceFailure]
    package let resources: Int
    package let artifacts: Int
    package let tally: ArtifactCopy.Tally
    package let wasCancelled: Bool
}

/// Why a checkpoint cannot be copied.
package enum CopyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Both providers have the same bank.
    case sameBank(place: String)
    /// The other bank has something else under the checkpoint's id.
    case otherCheckpoint(CheckpointID, place: String, difference: String)
    /// Someone copies the same checkpoint to the same bank.
    case begunElsewhere(CheckpointID, place: String)
    /// What there is in the other bank is in the way.
    case inTheWay(CheckpointID, CheckpointStatus, place: String, provider: String)
    /// The other provider could not restore the copy.
    case lacksPlugin(String, provider: String)
    /// What is missing of the copy could not be sent.
    case notCompleted(CheckpointID, place: String, reason: String)
    /// Neither bank has a checkpoint of the plan.
    case unknownPlan(String, places: [String])
    /// The bank that the copy was made from is not the one that the provider has now.
    case otherOrigin(CheckpointID, provider: String, expected: String, actual: String)

    package var description: String {
        switch self {
        case .sameBank(let place):
            return "both providers have the same bank, at \(place); name a provider with another bank with --to"
        case .otherCheckpoint(let id, let place, let difference):
            return "\(place) has another checkpoint \(id): \(difference); neither of them was changed"
        case .begunElsewhere(let id, let place):
            return "someone else copies checkpoint \(id) into \(place) at this moment; run the same command again later"
        case .inTheWay(let id, let status, let place, let provider):
            let advice =
                switch status {
                case .deleting, .errorDeleting:
                    "'cairn delete \(id) --provider \(provider)' finishes that, and then it can be copied again"
                default:
                    "'cairn delete \(id) --provider \(provider) --force' removes it, and then it can be copied again"
                }
            return "checkpoint \(id) is '\(status.rawValue)' in \(place); \(advice)"
        case .lacksPlugin(let name, let provider):
            return "provider '\(provider)' has no plugin '\(name)', which restoring the copy takes; add it to the "
                + "'plugins' of the provider's manifest"
        case .notCompleted(let id, let place, let reason):
            return "what is missing of checkpoint \(id) in \(place) could not be sent: \(reason)"
        case .unknownPlan(let plan, let places):
            return "there is no checkpoint of a plan '\(plan)' in \(places.joined(separator: " or ")); "
                + "'cairn checkpoints list' shows the plans that there are"
        case .otherOrigin(let id, let provider, let expected, let actual):
            return
                "checkpoint \(id) was being copied from the bank \(expected), and provider '\(provider)' now has the bank "
                + "\(actual); name the right one: 'cairn copy \(id) --provider NAME --to NAME'"
        }
    }
}
