import Synchronization

/// Names the provider in the commands that messages propose.
///
/// Those who put a message into words often do not know which provider's bank they are about; and where there is only one
/// provider, nobody need name it.
enum ProposedCommands {
    private enum Provider {
        case unknown
        case one(String)
        /// A command is about two banks, so that a proposal says itself which it means.
        case several
    }

    private static let provider = Mutex(Provider.unknown)

    /// The command is about this provider, one of several.
    static func areAbout(_ name: String) {
        provider.withLock { provider in
            switch provider {
            case .unknown: provider = .one(name)
            case .one(let other) where other != name: provider = .several
            case .one, .several: break
            }
        }
    }

    /// `text` with ` --provider NAME` in each command in quotes that takes it and does not have it.
    static func naming(_ text: String) -> String {
        guard text.contains("'cairn "), case .one(let name) = provider.withLock({ $0 }) else { return text }
        return text.replacing(/'(cairn (\w+)( [^']*)?)'/) { match in
            let (command, verb) = (match.output.1, match.output.2)
            return takers.contains(String(verb)) && !command.contains("--provider")
                ? "'\(command) --provider \(name)'" : String(match.output.0)
        }
    }

    /// A whole command, as a result for programs has it.
    static func whole(_ command: String) -> String { String(naming("'\(command)'").dropFirst().dropLast()) }

    /// The commands with the option `--provider`.
    private static let takers: Set = [
        "bank", "checkpoints", "copy", "delete", "gc", "operations", "restore", "resume", "retain", "verify", "watch",
    ]
}
