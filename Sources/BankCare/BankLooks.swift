import Bank

extension Bank {
    /// The objects below a key that are really there: a weak store's listings keep names of what was removed.
    func objectsThere(below key: BankKey) async throws -> [BankKey] {
        var there: [BankKey] = []
        for object in try await allKeys(below: key) where try await size(object) != nil { there.append(object) }
        return there
    }

    /// Removes an object; where the answer is lost, looks whether it is gone.
    func deleteSettled(_ key: BankKey) async throws {
        do { try await delete(key, if: .none) } catch BankError.outcomeUnknown(let key, let reason) {
            if try await size(key) != nil { throw BankError.outcomeUnknown(key, reason: reason) }
        }
    }
}
