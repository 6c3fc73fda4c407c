package import CanonicalForm
package import Checkpoints

extension RunReport {
    /// Adds what people have said of the checkpoint.
    package mutating func add(_ annotations: CheckpointAnnotations) {
        self.annotations = annotations
        faults += annotations.faults
    }

    /// What people have said of a checkpoint, for programs: `labels`, `note` and `pin`, which is null without one.
    package static func json(_ annotations: CheckpointAnnotations) -> JSONObject {
        var pin = JSONValue.null
        if annotations.isPinned {
            pin = [
                "by": .string(annotations.pin?.by ?? ""), "reason": .string(annotations.pin?.reason ?? ""),
                "pinned": annotations.pin.map { .string($0.pinned.description) } ?? .null,
            ]
        }
        return [
            "labels": .object(JSONObject(annotations.texts.sorted.map { ($0.key, .string($0.value)) })),
            "note": .string(annotations.note), "pin": pin,
        ]
    }
}

extension CheckpointLabels {
    /// `key=value, key=value`
    package var words: String { sorted.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") }
}

extension CheckpointAnnotations {
    /// Names and values for people; nothing of what is not there.
    var facts: [(String, String)] {
        var facts: [(String, String)] = []
        if !labels.isEmpty { facts.append(("labels", texts.words)) }
        if !note.isEmpty { facts.append(("note", note.split(separator: "\n").joined(separator: " / "))) }
        guard isPinned else { return facts }
        guard let pin else { return facts + [("pinned", "yes; by whom cannot be read")] }
        let reason = pin.reason.isEmpty ? "" : ": \(pin.reason)"
        return facts + [("pinned", "by \(pin.by) at \(pin.pinned)\(reason)")]
    }
}
