import Bank

extension Bank {
    /// The objects below a key that are really there: a weak store's listings keep names of what was removed.
    func objectsThere(below key: BankKey) async throws -> [BankKey] {
        var there: [BankKey] = []
        for object in try await allKeys(below: key) where try await size(object) != nil { there.append(object) }
        return there
    }

    /// Writes an object of which there is only one right content; where the answer is lost, reads it back.
    func putRight(_ key: BankKey, _ bytes: [UInt8]) async throws {
        do { try await put(key, bytes, if: .none) } catch BankError.outcomeUnknown(let key, let reason) {
            guard try await get(key) == bytes else { throw BankError.outcomeUnknown(key, reason: reason) }
        }
    }

    /// Removes an object; where the answer is lost, looks whether it is gone.
    func deleteSettled(_ key: BankKey) async throws {
        do { try await delete(key, if: .none) } catch BankError.outcomeUnknown(let key, let reason) {
            if try await size(key) != nil { throw BankError.outcomeUnknown(key, reason: reason) }
        }
    }
}
