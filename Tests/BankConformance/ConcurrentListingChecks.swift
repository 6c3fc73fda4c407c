import Bank

extension BankConformance {
    /// Keys that are there all the time are listed exactly once, whatever comes, goes and is replaced beside them.
    static let concurrentListings: [BankConformance] = [
        BankConformance("a listing while others write has every key that stays, once") { bank in
            let staying = try (0..<20).map { try BankKey("stay/\($0 % 4)/\($0)") }
            try await beside(staying, in: bank) { limit in
                var listed: [BankKey] = []
                while true {
                    let page = try await bank.list(below: nil, after: listed.last, limit: limit)
                    listed += page.keys
                    if !page.more || page.keys.isEmpty { break }
                }
                try expect(isAscending(listed), "a listing is out of order, or lists a key twice")
                try expect(Set(listed).isSuperset(of: staying), "a listing misses keys that were there all along")
            }
        },
        BankConformance("names while others write are those that stay, once each") { bank in
            let staying = try (0..<20).map { try BankKey("stay/\($0 % 4)/\($0)") }
            try await beside(staying, in: bank) { limit in
                for (prefix, expected) in [(nil, ["stay"]), (try BankKey("stay"), ["0", "1", "2", "3"])] {
                    var names: [String] = []
                    while true {
                        let page = try await bank.names(below: prefix, after: names.last, limit: limit)
                        names += page.names
                        if !page.more || page.names.isEmpty { break }
                    }
                    try expect(isAscending(names), "names are out of order, or there twice: \(names)")
                    try expect(Set(names).isSuperset(of: expected), "names of what stays are missing: \(names)")
                }
            }
        },
    ]

    /// Lists with limits of several lengths while keys come, go and are replaced.
    private static func beside(
        _ staying: [BankKey], in bank: any Bank, _ list: @escaping @Sendable (_ limit: Int) async throws -> Void
    ) async throws {
        for key in staying { try await bank.put(key, [1], if: .none) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    for round in 0..<30 {
                        let key = try BankKey("stay/\(round % 4)/come-and-go/\(worker)/\(round % 3)")
                        try await bank.put(key, [1], if: .none)
                        // A replaced object is there all the time.
                        try await bank.put(staying[(round * 7 + worker) % staying.count], [UInt8(round)], if: .none)
                        try await bank.delete(key, if: .none)
                    }
                }
            }
            group.addTask { for limit in [1, 2, 3, 7, 1000] { try await list(limit) } }
            try await group.waitForAll()
        }
        for key in staying { try expect(try await bank.size(key) == 1, "\(key) has gone") }
    }

    private static func isAscending(_ items: [some Comparable]) -> Bool {
        zip(items, items.dropFirst()).allSatisfy { $0 < $1 }
    }
}
