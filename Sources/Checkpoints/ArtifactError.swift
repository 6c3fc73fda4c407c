package import Bank
package import CanonicalForm

/// Why an artifact cannot be written or is not what it was; names the bank object.
package enum ArtifactError: Error, Sendable, Hashable {
    /// The text is no name of an artifact.
    case invalidName(String)
    /// The store of artifacts is open for reading only.
    case readOnly(BankKey)
    /// The writer is at its end, whole or failed.
    case closed(BankKey)
    /// A hook that has ended has finished this artifact, which stays as it is.
    case alreadyFinished(BankKey)
    /// The artifact would have more parts than keys can count.
    case tooLong(BankKey, mostParts: UInt32)
    /// An object is not there.
    case missing(BankKey, expected: String)
    /// The record is not as it was written.
    case damagedRecord(BankKey, reason: String)
    /// The record is whole, but not the one that the checkpoint was committed with.
    case otherRecord(BankKey, expected: SHA256Digest, actual: SHA256Digest)
    /// The checkpoint was committed without this artifact.
    case notCommitted(BankKey)
    /// A part has another length than its record says, in bytes.
    case wrongSize(BankKey, expected: Int64, actual: Int64)
    /// A part's bytes, or those of the whole, have another digest than the record says.
    case wrongDigest(BankKey, expected: SHA256Digest, actual: SHA256Digest)
}

extension ArtifactError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName(let name):
            "'\(name)' is not a name of an artifact: expected 1 to 64 of a-z 0-9 . _ - without a dot at the start"
        case .readOnly(let key): "'\(key)' cannot be changed: these artifacts are open for reading only"
        case .closed(let key): "nothing more can be written to '\(key)': its writer has finished or failed"
        case .alreadyFinished(let key):
            "'\(key)' cannot be changed: a hook before this one has finished it; use another name"
        case .tooLong(let key, let mostParts): "'\(key)' would have more than \(mostParts) parts"
        case .missing(let key, let expected): "bank object '\(key)' is missing: expected \(expected)"
        case .damagedRecord(let key, let reason): "bank object '\(key)' is damaged: \(reason)"
        case .otherRecord(let key, let expected, let actual):
            "bank object '\(key)' is not the one that was committed: expected \(expected), found \(actual)"
        case .notCommitted(let key): "bank object '\(key)' does not belong to the committed checkpoint"
        case .wrongSize(let key, let expected, let actual):
            "bank object '\(key)' is damaged: expected \(expected) bytes, found \(actual)"
        case .wrongDigest(let key, let expected, let actual):
            "bank object '\(key)' is damaged: expected \(expected), found \(actual)"
        }
    }
}
