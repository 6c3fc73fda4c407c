package import Diagnostics
package import YAMLSource

/// For which operation a block of parameters is.
package enum ParameterPhase: Int, Sendable, CaseIterable {
    case protect, restore, verify

    /// The key under which such parameters stand.
    package var key: String {
        switch self {
        case .protect: "parameters"
        case .restore: "restoreParameters"
        case .verify: "verifyParameters"
        }
    }
}

/// Parameters that a plan or a provider gives for a type or for one resource.
package struct ParameterBlock: Sendable {
    package let phase: ParameterPhase
    /// `TYPE`, or `TYPE#ID`.
    package let target: Spanned<String>
    /// A mapping.
    package let values: LocatedNode

    package init(phase: ParameterPhase, target: Spanned<String>, values: LocatedNode) {
        self.phase = phase
        self.target = target
        self.values = values
    }

    /// Reads a mapping of targets to mappings.
    package static func read(
        _ node: LocatedNode?, phase: ParameterPhase, into diagnostics: inout DiagnosticList
    ) -> [ParameterBlock] {
        guard let node else { return [] }
        var blocks: [ParameterBlock] = []
        for (key, value) in node.entries {
            if key.isFaulty || value.isFaulty { continue }
            guard value.kind == .mapping else {
                diagnostics.add(
                    Diagnostic(
                        .wrongType, "the parameters of '\(key.text)' are a mapping, not \(value.shapeWords)",
                        at: value.range.start == value.range.end ? key.range : value.headRange))
                continue
            }
            blocks.append(
                ParameterBlock(phase: phase, target: Spanned(key.text, at: key.range), values: value))
        }
        return blocks
    }
}
