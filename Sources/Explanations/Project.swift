import Diagnostics

extension Explanation {
    /// Several files, the project and its plans: 04xx.
    static let project: [Explanation] = []
}
