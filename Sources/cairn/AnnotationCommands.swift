import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import ProtectionService
import RunReports
import Wording

/// One checkpoint by its id, for commands that change what is said of it.
struct NamedCheckpoint: ParsableArguments {
    @OptionGroup var provider: ProviderChoice

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The checkpoint's id, or a beginning of it that no other has.")
    var checkpoint: String

    func open() async throws -> (OpenedProvider, CheckpointID) {
        let opened = try await provider.open()
        return (opened, try await opened.collection.resolve(prefix: checkpoint))
    }

    /// Prints what is said of the checkpoint now.
    func show(_ id: CheckpointID, _ opened: OpenedProvider, _ words: String) async throws {
        let annotations = try await opened.collection.legibleAnnotations(id)
        guard output == .json else { return StandardStream.error.write(words + "\n") }
        var object: JSONObject = ["checkpoint": .string(id.text)]
        for member in annotations.json.members { object[member.key] = member.value }
        StandardStream.output.write(JSONValue.object(object).prettyText)
    }
}

/// What to do with labels and a note that cannot be read.
struct DamagedLabels: ParsableArguments {
    @Flag(help: "Write anew what cannot be read any more; all labels and the note of before are lost.")
    var replaceDamaged = false
}

extension Checkpoints {
    /// `cairn checkpoints label`
    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets and removes labels of a checkpoint.",
            discussion: """
                Without labels, those that there are are printed. A key has 1 to 63 of a-z 0-9 . _ / -, a value at most \
                256 bytes. Where the bank cannot replace objects under a condition, of two changes at the same time the \
                last one wins.

                EXAMPLES
                  cairn checkpoints label 7k3m release=2.4 keep-for/audit=yes
                  cairn checkpoints label 7k3m --remove release
                """)

        @OptionGroup var named: NamedCheckpoint

        @Argument(help: ArgumentHelp("Labels to set.", valueName: "key=value"))
        var labels: [LabelArgument] = []

        @Option(help: ArgumentHelp("Remove the label of this key (repeatable).", valueName: "key"))
        var remove: [String] = []

        @OptionGroup var damaged: DamagedLabels

        func validate() throws {
            for label in labels {
                try label.validate()
                guard label.value != nil else {
                    throw ValidationError("'\(label.key)' has no value: write \(label.key)=VALUE.")
                }
            }
            for key in remove {
                do { try CheckpointLabels.check(key: key) } catch { throw ValidationError("\(error).") }
            }
        }

        func run() async throws {
            let (opened, id) = try await named.open()
            let (labels, remove, replaces) = (labels, remove, damaged.replaceDamaged)
            let texts: CheckpointLabels
            if labels.isEmpty && remove.isEmpty && !replaces {
                texts = try await opened.collection.annotations(id).texts
            } else {
                texts = try await opened.collection.annotate(id, now: Timestamp.now(), replacesDamaged: replaces) {
                    texts in
                    for key in remove { try texts.remove(key) }
                    for label in labels { try texts.set(label.key, label.value ?? "") }
                }
            }
            let words = texts.labels.isEmpty ? "has no labels" : "has the labels \(Words.harmless(texts.words))"
            try await named.show(id, opened, "checkpoint \(id) \(words)")
        }
    }

    /// `cairn checkpoints note`
    struct Note: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a note to a checkpoint, or removes it.",
            discussion: """
                An empty text removes the note. It may have several lines.

                EXAMPLES
                  cairn checkpoints note 7k3m "The last one before the new schema"
                  cairn checkpoints note 7k3m ""
                """)

        @OptionGroup var named: NamedCheckpoint

        @OptionGroup var damaged: DamagedLabels

        @Argument(help: "The note, of at most 4096 bytes.")
        var text: String

        func run() async throws {
            let (opened, id) = try await named.open()
            let (text, replaces) = (text, damaged.replaceDamaged)
            try await opened.collection.annotate(id, now: Timestamp.now(), replacesDamaged: replaces) {
                try $0.setNote(text)
            }
            try await named.show(id, opened, "checkpoint \(id) has \(text.isEmpty ? "no note" : "this note") now")
        }
    }

    /// `cairn checkpoints pin`
    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps a checkpoint from being deleted, until it is unpinned.",
            discussion: """
                Pinning again replaces the reason.

                EXAMPLES
                  cairn checkpoints pin 7k3m --reason "before the move to the new host"
                """)

        @OptionGroup var named: NamedCheckpoint

        @Option(help: "Why, for those who find the pin: one line of at most 1024 bytes.")
        var reason = ""

        func run() async throws {
            let (opened, id) = try await named.open()
            try await opened.collection.pin(id, by: OwnerProcess.person(), reason: reason, now: Timestamp.now())
            try await named.show(id, opened, "checkpoint \(id) is pinned")
        }
    }

    /// `cairn checkpoints unpin`
    struct Unpin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a pinned checkpoint be deleted again.",
            discussion: """
                EXAMPLES
                  cairn checkpoints unpin 7k3m
                """)

        @OptionGroup var named: NamedCheckpoint

        func run() async throws {
            let (opened, id) = try await named.open()
            let was = try await opened.collection.unpin(id)
            try await named.show(id, opened, "checkpoint \(id) \(was ? "is pinned no more" : "was not pinned")")
        }
    }
}
