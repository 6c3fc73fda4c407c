/// What can be done with a plan or a checkpoint.
package enum OperationKind: String, Sendable, Hashable, CaseIterable {
    case protect, restore, verify, delete

    /// Position in `allCases`, which is also the order in the IR.
    package var index: Int {
        switch self {
        case .protect: 0
        case .restore: 1
        case .verify: 2
        case .delete: 3
        }
    }
}

/// One step of a resource in an operation, in the order in which they run.
package enum Hook: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    case prepareBegin, prepareFinish, main, complete

    /// The hook's name in manifests, the IR and messages.
    package var name: String {
        switch self {
        case .prepareBegin: "prepareBegin"
        case .prepareFinish: "prepareFinish"
        case .main: "main"
        case .complete: "complete"
        }
    }

    /// The hook of a name, `nil` if there is none.
    package init?(name: String) {
        guard let hook = Hook.allCases.first(where: { $0.name == name }) else { return nil }
        self = hook
    }

    package static func < (a: Hook, b: Hook) -> Bool { a.rawValue < b.rawValue }
}
