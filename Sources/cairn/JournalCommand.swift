import ArgumentParser
import Checkpoints
import CommandLineSupport
import PlanIR
import RunRecords
import Wording

extension Checkpoints {
    /// `cairn checkpoints journal`
    struct Journal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes what happened in the run of a checkpoint, as a run record.",
            discussion: """
                A run record has one JSON object per line: what was run, then each activity's start and end with its \
                time, and at last how the run ended, where that is known. 'cairnc graph' draws runs from it and takes \
                durations from it.

                EXAMPLES
                  cairn checkpoints journal --last -o last-night.run
                  cairnc graph shop.ir --run last-night.run
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var choice: CheckpointChoice

        @Option(name: .customShort("o"), help: "Write the record to this file instead of standard output.")
        var file: String?

        func run() async throws {
            let opened = try await provider.open()
            let id = try await choice.resolve(opened)
            guard let summary = try await opened.collection.summary(id) else {
                throw CheckpointError.unknown(id.text)
            }
            let events = try await opened.collection.journal(id)
            var bytes = RunRecordWriter.header(
                RunRecord(plan: summary.plan, operation: .protect, checkpoint: id.text))
            for event in events { bytes += try line(event) }
            if let commit = try await opened.collection.commit(id) {
                bytes += RunRecordWriter.end(
                    RunRecord.End(time: RecordTime(commit.finished), status: commit.status.rawValue))
            }
            if let file, file != "-" {
                try OutputFile.write(bytes, to: file)
                StandardStream.error.write("\(file): \(Words.count(events.count, "event")) of checkpoint \(id.text)\n")
            } else {
                StandardStream.output.write(bytes)
            }
        }

        private func line(_ event: JournalEvent) throws -> [UInt8] {
            guard let subject = RunRecord.Subject(event.activity) else {
                throw MessageFailure("the journal tells of '\(Words.harmless(event.activity))', which is no activity")
            }
            let state: RunRecord.Event =
                switch event.state {
                case .started: .started
                case .finished: .finished
                // What was stopped because something else failed has not failed by itself.
                case .failed: event.message == JournalEvent.cancelledMessage ? .cancelled : .failed
                case .reverted: .reverted
                }
            return RunRecordWriter.event(state, of: subject, at: RecordTime(event.time), message: event.message)
        }
    }
}

extension RecordTime {
    /// A time of a bank's record.
    fileprivate init(_ time: Timestamp) { self.init(nanoseconds: time.milliseconds * 1_000_000) }
}
