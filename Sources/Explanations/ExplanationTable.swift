import Diagnostics

extension Explanation {
    /// The table of all codes, in the order of the codes.
    package static let all: [Explanation] =
        (files + documents + names + parameters + project + lints + discovery + internals)
        .sorted { $0.code.number < $1.code.number }

    /// The explanation of a code, by `E0123` or by its name in kebab case; capitals do not matter.
    package static func of(_ text: String) -> Explanation? {
        let wanted = text.lowercased()
        return all.first { $0.code.rawValue.lowercased() == wanted || $0.code.name == wanted }
    }

    /// The codes and names that `text` may have been meant for, the nearest first.
    package static func similar(to text: String) -> [String] {
        // The digits alone name a code: a wrong letter is the likeliest slip.
        let sameNumber = all.map(\.code.rawValue).filter { $0.dropFirst() == text.dropFirst() }
        let nearCodes = Similar.nearest(3, to: text.uppercased(), among: all.map(\.code.rawValue))
        let nearNames = Similar.nearest(3, to: text.lowercased(), among: all.map(\.code.name))
        return sameNumber.isEmpty ? nearCodes + nearNames : sameNumber
    }
}

extension DiagnosticCode {
    /// What follows the letter: numbers are never used twice, so that they alone give the order.
    var number: Substring { rawValue.dropFirst() }
}
