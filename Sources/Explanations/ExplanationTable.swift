package import Diagnostics

extension Explanation {
    /// The table of all codes, in the order of the codes.
    package static let all: [Explanation] = ([] as [Explanation]).sorted {
        $0.code.rawValue.dropFirst() < $1.code.rawValue.dropFirst()
    }

    /// The explanation of a code, by `E0123` or by its name in kebab case.
    package static func of(_ text: String) -> Explanation? {
        all.first { $0.code.rawValue.lowercased() == text.lowercased() || $0.code.name == text }
    }
}
