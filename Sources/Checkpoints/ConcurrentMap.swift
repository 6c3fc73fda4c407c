/// What `transform` makes of each item, in their order, with at most `width` under way at a time: most of it is waiting
/// for the store.
package func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: some Collection<Item>, width: Int = 16, _ transform: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        for (number, item) in items.enumerated() {
            try Task.checkCancellation()
            if number >= width, let (place, result) = try await group.next() { results[place] = result }
            group.addTask { (number, try await transform(item)) }
        }
        for try await (place, result) in group { results[place] = result }
        return results.compactMap(\.self)
    }
}
