internal import Bank
internal import CanonicalForm

extension CheckpointCollection {
    /// How often labels are written again when others have changed them meanwhile.
    private static let annotationAttempts = 16
    /// The longest reason of a pin, in bytes.
    private static let longestReason = 1024

    // MARK: Reading

    /// Whether a checkpoint is pinned: nothing deletes it by itself. A pin that cannot be read is one.
    package func isPinned(_ id: CheckpointID) async throws -> Bool {
        try await bank.size(CheckpointKeys(id).pin) != nil
    }

    /// What people have said of a checkpoint; throws `CheckpointError.damaged` for a record that cannot be read.
    package func annotations(_ id: CheckpointID) async throws -> CheckpointAnnotations {
        var annotations = CheckpointAnnotations()
        let keys = CheckpointKeys(id)
        if let bytes = try await bytesIfPresent(keys.labels) {
            do { annotations.texts = try CheckpointLabels(opening: bytes, of: id) } catch {
                throw CheckpointError.damaged(keys.labels, reason: error.description)
            }
        }
        if let bytes = try await bytesIfPresent(keys.pin) {
            annotations.isPinned = true
            do { annotations.pin = try PinRecord(opening: bytes) } catch {
                throw CheckpointError.damaged(keys.pin, reason: error.description)
            }
        }
        return annotations
    }

    /// What people have said of a checkpoint, as far as it can be read; what cannot is named in it.
    package func legibleAnnotations(_ id: CheckpointID) async throws -> CheckpointAnnotations {
        let keys = CheckpointKeys(id)
        let found = try await bank.getEach([keys.labels, keys.pin], longest: ObjectLimit.record)
        return legible(found[0], found[1], of: keys)
    }

    /// What people have said of each of some checkpoints, in their order; only what a glance has seen is read.
    func legibleAnnotations(of glances: [CheckpointGlance]) async throws -> [CheckpointAnnotations] {
        let keys = glances.map { CheckpointKeys($0.id) }
        let wanted = zip(glances, keys).flatMap { glance, keys in [keys.labels, keys.pin].filter(glance.mayHave) }
        let found = wanted.isEmpty ? [] : try await bank.getEach(wanted, longest: ObjectLimit.record)
        let bytes = Dictionary(zip(wanted, found)) { first, _ in first }
        let none = Result<[UInt8]?, BankError>.success(nil)
        return keys.map { legible(bytes[$0.labels] ?? none, bytes[$0.pin] ?? none, of: $0) }
    }

    private func legible(
        _ labels: Result<[UInt8]?, BankError>, _ pin: Result<[UInt8]?, BankError>, of keys: CheckpointKeys
    ) -> CheckpointAnnotations {
        var annotations = CheckpointAnnotations()
        do {
            if let bytes = try labels.get() { annotations.texts = try CheckpointLabels(opening: bytes, of: keys.id) }
        } catch {
            annotations.faults.append(Self.fault(keys.labels, error))
        }
        do {
            if let bytes = try pin.get() {
                annotations.isPinned = true
                annotations.pin = try PinRecord(opening: bytes)
            }
        } catch {
            annotations.isPinned = true
            annotations.faults.append(Self.fault(keys.pin, error))
        }
        return annotations
    }

    private func bytesIfPresent(_ key: BankKey) async throws -> [UInt8]? {
        do { return try await legibly { try await bank.get(key, longest: ObjectLimit.record) } } catch BankError
            .notFound
        { return nil }
    }

    private static func fault(_ key: BankKey, _ error: any Error) -> String {
        if let (key, reason) = (error as? BankError)?.unreadable {
            return CheckpointError.unreadable(key, reason: reason).description
        }
        if case .damaged(_, let reason)? = error as? BankError {
            return CheckpointError.damaged(key, reason: reason).description
        }
        return CheckpointError.damaged(key, reason: String(describing: error)).description
    }

    // MARK: Writing

    /// Changes labels and note of a checkpoint, and returns what they are now.
    ///
    /// Where the bank replaces under a condition, changes of several at once are all kept; else the last one wins.
    ///
    /// Throws `AnnotationError.damaged` for a record that cannot be read, unless it may be replaced by what is said now.
    @discardableResult
    package func annotate(
        _ id: CheckpointID, now: Timestamp, replacesDamaged: Bool = false,
        _ change: (inout CheckpointLabels) throws -> Void
    ) async throws -> CheckpointLabels {
        let key = CheckpointKeys(id).labels
        try await ensureAnnotatable(id)
        for _ in 0..<Self.annotationAttempts {
            var texts = CheckpointLabels()
            var version: ObjectVersion?
            var isDamaged = false
            do {
                let found = try await bank.getVersioned(key)
                version = found.version
                texts = try CheckpointLabels(opening: found.bytes, of: id)
            } catch BankError.notFound {
                version = nil
            } catch let error where !(error is BankError) && !(error is CancellationError) {
                guard replacesDamaged else { throw AnnotationError.damaged(id, key, reason: String(describing: error)) }
                isDamaged = true
            }
            let old = texts
            try change(&texts)
            if texts == old && !isDamaged { return texts }
            let bytes = texts.record(of: id, changed: now).bytes
            guard try await replace(key, bytes, version) else { continue }
            try await ensureStillAnnotatable(id, key, bytes)
            return texts
        }
        throw AnnotationError.contended(id)
    }

    /// Writes an object that was read in a version, or was not there: `false` when it has changed since.
    private func replace(_ key: BankKey, _ bytes: [UInt8], _ version: ObjectVersion?) async throws -> Bool {
        do {
            try await bank.put(key, bytes, if: version.map { .ifVersion($0) } ?? .ifAbsent)
        } catch BankError.conditionUnsupported {
            try await bank.put(key, bytes, if: .none)
        } catch let error as BankError {
            switch error {
            case .conditionFailed, .outcomeUnknown:
                // It may be this very write that took effect.
                return try await bytesIfPresent(key) == bytes
            default: throw error
            }
        }
        return true
    }

    /// Pins a checkpoint, or pins it again with another reason.
    ///
    /// A deletion looks for pins after it has marked the checkpoint, and this looks for the mark after it has pinned it,
    /// so that one of the two sees the other. Throws `AnnotationError.beingDeleted`, also when it is too late to say whether
    /// the deletion has seen the pin: then that stays, for it may be another's, who was told that it holds.
    package func pin(_ id: CheckpointID, by: String, reason: String, now: Timestamp) async throws {
        if reason.utf8.count > Self.longestReason
            || reason.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            throw AnnotationError.invalidReason(
                "it is one line of at most \(Self.longestReason) bytes, without control characters")
        }
        try await ensureAnnotatable(id)
        let key = CheckpointKeys(id).pin
        let record = PinRecord(checkpoint: id, by: by, pinned: now, reason: reason).record
        do {
            try await bank.put(key, record.bytes, if: .none)
        } catch BankError.outcomeUnknown(let key, let reason) {
            guard try await bank.size(key) != nil else { throw BankError.outcomeUnknown(key, reason: reason) }
        }
        try await ensureStillAnnotatable(id, key, record.bytes)
    }

    /// Removes the pin of a checkpoint: `false` when there was none.
    @discardableResult
    package func unpin(_ id: CheckpointID) async throws -> Bool {
        let key = CheckpointKeys(id).pin
        guard try await bank.size(key) != nil else { return false }
        try await deleteSettled(key)
        return true
    }

    /// Removes an object; where the answer is lost, looks whether it is gone.
    private func deleteSettled(_ key: BankKey, if condition: WriteCondition = .none) async throws {
        do { try await bank.delete(key, if: condition) } catch BankError.outcomeUnknown(let key, let reason) {
            guard try await bank.size(key) != nil else { return }
            throw BankError.outcomeUnknown(key, reason: reason)
        }
    }

    private func ensureAnnotatable(_ id: CheckpointID) async throws {
        guard try await bank.size(CheckpointKeys(id).tombstone) == nil else {
            throw AnnotationError.beingDeleted(id)
        }
        guard try await bank.size(CheckpointKeys(id).index) != nil else { throw CheckpointError.unknown(id.text) }
    }

    /// Looks behind a write whether the checkpoint is being deleted meanwhile.
    ///
    /// What was written may have replaced what somebody else had said in time, and be all that is left of it. So it is only
    /// removed once the deletion goes on whatever is found, or has come to its end: then nothing needs it, and nothing else
    /// might remove it.
    private func ensureStillAnnotatable(_ id: CheckpointID, _ key: BankKey, _ written: [UInt8]) async throws {
        do { try await ensureAnnotatable(id) } catch let error as any Error & CustomStringConvertible {
            guard error is AnnotationError || error is CheckpointError else { throw error }
            if try await isPastReturn(id) { try await withdraw(key, written) }
            throw AnnotationError.beingDeleted(id)
        }
    }

    /// Removes an object that is as this writer has written it; another's, maybe of a later copy under the same id, stays.
    private func withdraw(_ key: BankKey, _ written: [UInt8]) async throws {
        do {
            let (bytes, version) = try await bank.getVersioned(key)
            guard bytes == written else { return }
            try await deleteSettled(key, if: consistency == .compareAndSwap ? .ifVersion(version) : .none)
        } catch BankError.notFound {} catch BankError.conditionFailed {}
    }

    /// Whether nothing keeps a checkpoint from being deleted any more, or nothing is left of it but what was just written. A
    /// mark that cannot be read is taken for one that may still be taken away.
    private func isPastReturn(_ id: CheckpointID) async throws -> Bool {
        let keys = CheckpointKeys(id)
        if let bytes = try await bytesIfPresent(keys.tombstone) {
            return (try? Tombstone(opening: bytes))?.stage == .removing
        }
        return try await bank.size(keys.index) == nil
    }
}
