import Diagnostics

extension Explanation {
    /// Plans that compile and still lose data: W05xx.
    static let lints: [Explanation] = []
}
