import ArgumentParser
import Checkpoints
import CommandLineSupport
import Engine
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
            let ir = try await LoadedCheckpoint.loadIR(try await opened.collection.index(id), from: opened.collection)
            let events = try await opened.collection.journal(id, ir).events
            var bytes = RunRecordWriter.header(
                RunRecord(plan: summary.plan, operation: .protect, checkpoint: id.text))
            for event in events { bytes += line(event, ir) }
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

        private func line(_ event: JournalEvent, _ ir: PlanIR) -> [UInt8] {
            let subject = RunRecord.Subject(hook: event.hook, resource: ir.resources[event.resource].identity)
            var message = ""
            let state: RunRecord.Event
            switch event.change {
            case .started: state = .started
            case .finished, .adopted: state = .finished
            case .failed(let reason, _): (state, message) = (.failed, reason)
            // An attempt that failed is followed by another one.
            case .retrying(let reason): (state, message) = (.failed, reason)
            // What was stopped because something else failed has not failed by itself.
            case .cancelled: (state, message) = (.cancelled, "cancelled")
            case .reverted: state = .reverted
            case .revertFailed(let reason): (state, message) = (.failed, reason)
            case .undo, .undone, .progress: return []
            }
            return RunRecordWriter.event(state, of: subject, at: RecordTime(event.time), message: message)
        }
    }
}

extension RecordTime {
    /// A time of a bank's record.
    fileprivate init(_ time: Timestamp) { self.init(nanoseconds: time.milliseconds * 1_000_000) }
}
