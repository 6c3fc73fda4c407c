package import Bank

extension Bank {
    /// Whether there is an object of a key or below it; a weak store's listings keep names of what was
    /// removed.
    package func holdsObjects(_ key: BankKey) async throws -> Bool {
        if try await size(key) != nil { return true }
        var last: BankKey?
        while true {
            let page = try await list(below: key, after: last, limit: 100)
            for object in page.keys where try await size(object) != nil { return true }
            guard page.more, let next = page.keys.last else { return false }
            last = next
        }
    }
}
