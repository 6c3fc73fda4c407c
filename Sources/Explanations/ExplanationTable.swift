import Diagnostics

extension Explanation {
    /// The table of all codes, in the order of the codes.
    package static let all: [Explanation] = (files + documents + names + parameters + project + lints + internals)
        .sorted { $0.code.number < $1.code.number }

    /// The explanation of a code, by `E0123` or by its name in kebab case; capitals do not matter.
    package static func of(_ text: String) -> Explanation? {
        let wanted = text.lowercased()
        return all.first { $0.code.rawValue.lowercased() == wanted || $0.code.name == wanted }
    }

    /// The codes and names that `text` may have been meant for, the nearest first.
    package static func similar(to text: String) -> [String] {
        Similar.nearest(3, to: text.uppercased(), among: all.map(\.code.rawValue))
            + Similar.nearest(3, to: text.lowercased(), among: all.map(\.code.name))
    }
}

extension DiagnosticCode {
    /// What follows the letter: numbers are never used twice, so that they alone give the order.
    var number: Substring { rawValue.dropFirst() }
}
