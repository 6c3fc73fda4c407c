/// What can be done with a plan or a checkpoint.
package enum OperationKind: String, Sendable, Hashable, CaseIterable {
    case protect, restore, verify, delete, copy

    /// Position in `allCases`, which is also the order in the IR.
    package var index: Int {
        switch self {
        case .protect: 0
        case .restore: 1
        case .verify: 2
        case .delete: 3
        case .copy: 4
        }
    }

    /// Whether resources have parameters for it; deleting and copying have none.
    package var takesParameters: Bool {
        switch self {
        case .protect, .restore, .verify: true
        case .delete, .copy: false
        }
    }

    /// The operations that take parameters, in the order in which resources name their sets.
    package static let withParameters = allCases.filter(\.takesParameters)
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
