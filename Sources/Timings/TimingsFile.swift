package import Diagnostics
internal import Manifests
package import RunRecords
internal import YAMLSource

/// Reads what `--timings` names: a run record, or a file of kind `Timings`.
package enum TimingsFile {
    /// What was read.
    package enum Content: Sendable {
        case record(RunRecord)
        case durations(ActivityTimings)

        /// The durations, whichever way they came.
        package var timings: ActivityTimings {
            switch self {
            case .record(let record): ActivityTimings(record)
            case .durations(let timings): timings
            }
        }
    }

    /// Reads a file. A run record with a fault throws; faults of YAML are reported, and the result is `nil` then.
    package static func read(
        _ text: SourceText, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) throws(RunRecordError) -> Content? {
        if RunRecord.isLikely(text.bytes) { return .record(try RunRecord(reading: text.bytes)) }
        let before = diagnostics.errorsMet
        let source = sources.add(text)
        let tree = YAMLParser.parse(text, as: source, into: &diagnostics)
        if diagnostics.errorsMet != before { return nil }
        let documents = tree.documents.filter { !$0.isEmptyDocument }
        guard let document = documents.first else {
            diagnostics.add(
                Diagnostic(
                    .emptyDocument, "there is no document in this file",
                    at: SourceRange(source: source, start: 0, end: 0)))
            return nil
        }
        if documents.count > 1 {
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "a file of timings holds one document", at: documents[1].headRange,
                    related: [RelatedPlace(document.headRange, "the first is here")]))
            return nil
        }
        switch DocumentKind.read(document, into: &diagnostics) {
        case .timings:
            let timings = TimingsDecoder.decode(document, into: &diagnostics)
            return diagnostics.errorsMet == before ? .durations(timings) : nil
        case .some(let kind):
            diagnostics.add(
                Diagnostic(
                    .unknownKind, "durations are read from this file, and it holds a \(kind.rawValue)",
                    at: document["kind"]?.headRange ?? document.headRange,
                    notes: [
                        "a file with durations has 'kind: Timings'; a run record comes from 'cairn checkpoints journal'"
                    ]))
            return nil
        case nil: return nil
        }
    }
}
