internal import Bank

extension CheckpointCollection {
    // MARK: All of them

    /// The checkpoints that match, newest first; at most `limit`.
    ///
    /// An index entry without a checkpoint is passed over, and one that cannot be read is listed as damaged. Throws
    /// `CheckpointError.indicesLost` when the bank has checkpoints and no index names any.
    package func list(_ filter: Filter, limit: Int = .max) async throws -> [CheckpointSummary] {
        let page = try await page(filter, limit: limit)
        guard !page.indices.isLost else { throw CheckpointError.indicesLost }
        return page.checkpoints.map(\.summary)
    }

    /// The first `limit` checkpoints that match and come behind a cursor, in one of the two orders.
    ///
    /// It costs what the page costs: the days of one index that it comes to, and the records of what it lists. What
    /// comes and goes meanwhile moves nothing: a cursor is a place in time. `annotated` also reads labels, notes and
    /// pins. Without a limit, the index is compared with others throughout.
    package func page(
        _ filter: Filter, order: ListingOrder = .newestFirst, after cursor: Cursor? = nil, limit: Int = .max,
        annotated: Bool = false
    ) async throws -> Page {
        let limit = max(1, limit)
        var listed: [ListedCheckpoint] = []
        var isLast = true
        let indices = try await visit(
            filter, order: order, after: cursor, annotated: annotated, expecting: limit, thorough: limit == .max
        ) { checkpoint in
            guard listed.count < limit else {
                isLast = false
                return false
            }
            listed.append(checkpoint)
            return true
        }
        return Page(
            checkpoints: listed, next: isLast ? nil : listed.last.map { Cursor($0.place) }, indices: indices)
    }

    /// Calls `body` with each checkpoint that matches and comes behind a cursor, in order, until it says `false`.
    ///
    /// Reads a little ahead, and never more than `expecting` asks for at first. A `thorough` visit compares the index with
    /// another one on all days that it comes to, however much else was made on them. Returns what was found out about the
    /// indices.
    @discardableResult
    package func visit(
        _ filter: Filter, order: ListingOrder = .newestFirst, after cursor: Cursor? = nil, annotated: Bool = false,
        expecting: Int = 16, thorough: Bool = false, _ body: (ListedCheckpoint) async throws -> Bool
    ) async throws -> IndexStanding {
        let needsAnnotations = annotated || !filter.labels.isEmpty
        // Markers first: what is finished meanwhile has its entries before its marker goes.
        let marked = try await marked(filter, needsAnnotations)
        var waiting = marked.filter { isBehind(cursor, $0.place, order) }
        let before: (IndexEntry, IndexEntry) -> Bool = { order == .newestFirst ? $0 > $1 : $0 < $1 }
        waiting.sort { before($0.place, $1.place) }
        var seen = Set(waiting.map(\.summary.id))
        var walk = try await IndexWalk(self, filter, order: order, from: cursor?.entry, isThorough: thorough)
        if walk.namesNothing, try await hasUnnamed() {
            var standing = walk.standing
            standing.isLost = true
            for checkpoint in waiting { guard try await body(checkpoint) else { break } }
            return standing
        }
        var ahead = min(max(expecting, 1), 64) + (expecting < 64 ? 1 : 0)
        while let entries = try await walk.next() {
            var rest = entries.filter {
                filter.admits($0.created) && isBehind(cursor, $0, order) && !seen.contains($0.id)
            }[...]
            while !rest.isEmpty {
                let part = rest.prefix(ahead)
                rest = rest.dropFirst(ahead)
                // Behind what was looked at ahead in vain, more is looked at together.
                ahead = min(64, max(8, ahead * 2))
                for found in try await listed(Array(part), filter, needsAnnotations) {
                    guard seen.insert(found.summary.id).inserted else { continue }
                    while let first = waiting.first, before(first.place, found.place) {
                        guard try await body(first) else { return walk.standing }
                        waiting.removeFirst()
                    }
                    guard try await body(found) else { return walk.standing }
                }
            }
        }
        for checkpoint in waiting { guard try await body(checkpoint) else { break } }
        return walk.standing
    }

    /// Whether there is a checkpoint that no marker names; where no index names any, theirs are lost.
    private func hasUnnamed() async throws -> Bool {
        let marked = Set(try await markedIDs())
        // Enough to come upon one among those that are half there.
        let names = try await bank.names(below: CheckpointLayout.checkpoints, after: nil, limit: marked.count + 16)
            .names
        for id in names.compactMap({ CheckpointID($0) }) where !marked.contains(id) {
            let keys = CheckpointKeys(id)
            if try await bank.size(keys.index) != nil, try await bank.size(keys.tombstone) == nil,
                try await bank.size(CheckpointLayout.unfinished(id)) == nil
            {
                return true
            }
        }
        return false
    }

    /// The checkpoints that a marker names and that match, newest first: all that are unfinished are among them. It reads
    /// no index.
    package func unfinished(_ filter: Filter) async throws -> [CheckpointSummary] {
        try await marked(filter, !filter.labels.isEmpty).sorted { $0.place > $1.place }.map(\.summary)
    }

    /// The first checkpoint that matches and that `isWanted` takes, newest first.
    package func newest(
        _ filter: Filter, where isWanted: (CheckpointSummary) -> Bool
    ) async throws -> CheckpointSummary? {
        var found: CheckpointSummary?
        try await visit(filter, expecting: 1) { checkpoint in
            if isWanted(checkpoint.summary) { found = checkpoint.summary }
            return found == nil
        }
        return found
    }

    private func isBehind(_ cursor: Cursor?, _ place: IndexEntry, _ order: ListingOrder) -> Bool {
        guard let cursor else { return true }
        return order == .newestFirst ? place < cursor.entry : place > cursor.entry
    }

    /// The checkpoints that a marker names: they are listed whatever the indices have of them.
    private func marked(_ filter: Filter, _ annotated: Bool) async throws -> [ListedCheckpoint] {
        let ids = try await markedIDs()
        return try await concurrentMap(ids) { id -> ListedCheckpoint? in
            guard let summary = try await summary(id) else { return nil }
            // One that cannot say when it was made is left to the indices, if any of them names it.
            guard summary.created.milliseconds != 0 else {
                guard try await isIndexed(id) == false else { return nil }
                return try await listed(summary, IndexEntry(created: summary.created, id: id), filter, annotated)
            }
            return try await listed(summary, IndexEntry(created: summary.created, id: id), filter, annotated)
        }.compactMap(\.self)
    }

    /// The ids that markers name, in their order.
    package func markedIDs() async throws -> [CheckpointID] {
        try await bank.allNames(below: CheckpointLayout.unfinished).compactMap { CheckpointID($0) }
    }

    private func isIndexed(_ id: CheckpointID) async throws -> Bool {
        try await bank.allKeys(below: CheckpointLayout.byDate).contains { IndexEntry($0)?.id == id }
    }

    /// What index entries lead to, in their order; without those that lead to nothing, or to what is not wanted.
    private func listed(
        _ entries: [IndexEntry], _ filter: Filter, _ annotated: Bool
    ) async throws -> [ListedCheckpoint] {
        let glances = try await glance(at: entries.map(\.id))
        let annotations = annotated ? try await legibleAnnotations(of: glances) : []
        let open = entries.indices.filter { glances[$0].finished == nil }
        let judged = try await concurrentMap(open) { try await self.judged(entries[$0], filter, annotated) }
        let judgedByPlace = Dictionary(uniqueKeysWithValues: zip(open, judged))
        return entries.indices.compactMap { place in
            guard let (index, commit) = glances[place].finished else { return judgedByPlace[place] ?? nil }
            // An entry with another time is not this checkpoint's.
            guard index.created == entries[place].created else { return nil }
            return admitted(
                CheckpointSummary(index, commit), entries[place], filter, annotated ? annotations[place] : .init())
        }
    }

    /// What an index entry leads to that is not simply finished; `nil` when that is nothing, or is not wanted.
    private func judged(
        _ entry: IndexEntry, _ filter: Filter, _ annotated: Bool
    ) async throws -> ListedCheckpoint? {
        var known = IndexedCheckpoint(id: entry.id, created: entry.created)
        guard var summary = try await summary(entry.id, indexed: known) else { return nil }
        if summary.plan == CheckpointSummary.unknownName {
            try await fillNames(&known)
            guard let again = try await self.summary(entry.id, indexed: known) else { return nil }
            summary = again
        }
        // An entry with another time is not this checkpoint's; unless that one cannot say when it was made.
        guard summary.created == entry.created || summary.created.milliseconds == 0 else { return nil }
        return try await listed(summary, entry, filter, annotated)
    }

    private func listed(
        _ summary: CheckpointSummary, _ place: IndexEntry, _ filter: Filter, _ annotated: Bool
    ) async throws -> ListedCheckpoint? {
        // Nobody asks for what people have said of a checkpoint that is not wanted.
        guard admitted(summary, place, filter.withoutLabels, .init()) != nil else { return nil }
        return admitted(summary, place, filter, annotated ? try await legibleAnnotations(summary.id) : .init())
    }

    /// What a listing has of a checkpoint, `nil` when that is not wanted.
    private func admitted(
        _ summary: CheckpointSummary, _ place: IndexEntry, _ filter: Filter, _ annotations: CheckpointAnnotations
    ) -> ListedCheckpoint? {
        guard filter.admits(summary), filter.admits(place.created),
            (filter.status ?? summary.status) == summary.status,
            filter.labels.allSatisfy({ $0.admits(annotations.labels) })
        else { return nil }
        return ListedCheckpoint(summary: summary, annotations: annotations, place: place)
    }

    /// Finds out the plan and the provider of a checkpoint whose records cannot be read, by looking for its entries.
    private func fillNames(_ indexed: inout IndexedCheckpoint) async throws {
        guard let created = indexed.created else { return }
        let entry = IndexEntry(created: created, id: indexed.id)
        indexed.plan = try await name(with: entry, below: CheckpointLayout.byPlan)
        indexed.provider = try await name(with: entry, below: CheckpointLayout.byProvider)
    }

    private func name(with entry: IndexEntry, below family: BankKey) async throws -> String? {
        for name in try await bank.allNames(below: family) {
            let index = try family.appending(name)
            for key in [try entry.key(in: index), try entry.undatedKey(in: index)]
            where try await bank.size(key) != nil {
                return BankKey.text(decoding: name)
            }
        }
        return nil
    }

    // MARK: One of them

    /// The newest available checkpoint, and the newer ones that had failed.
    ///
    /// Throws `newestDamaged` when a newer one is damaged, and `indicesLost` when nothing tells which it is: nobody who asks
    /// for the last means an older one unseen. A `thorough` look finds newer ones also that their index has lost.
    package func last(
        _ filter: Filter, thorough: Bool = true
    ) async throws -> (checkpoint: CheckpointSummary, failed: [CheckpointSummary], indices: IndexStanding) {
        var failed: [CheckpointSummary] = []
        var damaged: CheckpointSummary?
        var available: CheckpointSummary?
        let indices = try await visit(filter, expecting: 1, thorough: thorough) { checkpoint in
            let summary = checkpoint.summary
            // A rehearsal is made to be deleted, and is never what anyone means.
            if summary.isRehearsal { return true }
            switch summary.status {
            case .available: available = summary
            case .damaged: damaged = damaged ?? summary
            case .error: failed.append(summary)
            default: break
            }
            return available == nil
        }
        guard !indices.isLost else { throw CheckpointError.indicesLost }
        if let damaged { throw CheckpointError.newestDamaged(damaged, whole: available) }
        guard let available else { throw CheckpointError.noneAvailable(plan: filter.plan, before: filter.until) }
        return (available, failed, indices)
    }

    /// The checkpoint whose id begins with `prefix`. It needs no index: those may be lost.
    package func resolve(prefix: String) async throws -> CheckpointID {
        let prefix = prefix.lowercased()
        if let id = CheckpointID(prefix) {
            guard try await summary(id) != nil else { throw CheckpointError.unknown(prefix) }
            return id
        }
        guard !prefix.isEmpty else { throw CheckpointError.unknown(prefix) }
        var ids: [CheckpointID] = []
        // No id is shorter, so that all of those that begin so come behind it.
        var after = prefix
        while true {
            let page = try await bank.names(below: CheckpointLayout.checkpoints, after: after, limit: 1000)
            let matching = page.names.prefix { $0.hasPrefix(prefix) }
            for id in matching.compactMap({ CheckpointID($0) }) {
                if try await summary(id) != nil { ids.append(id) }
            }
            guard page.more, matching.count == page.names.count, let last = matching.last else { break }
            after = last
        }
        switch ids.count {
        case 0: throw CheckpointError.unknown(prefix)
        case 1: return ids[0]
        default: throw CheckpointError.ambiguous(prefix, ids)
        }
    }

    /// The ids of all checkpoints that anything tells of, in their order: what lies below `checkpoints`, markers, and
    /// entries of the index by date.
    package func everyID() async throws -> [CheckpointID] {
        var ids = Set(try await bank.allNames(below: CheckpointLayout.checkpoints).compactMap { CheckpointID($0) })
        ids.formUnion(try await markedIDs())
        ids.formUnion(try await bank.allKeys(below: CheckpointLayout.byDate).compactMap { IndexEntry($0)?.id })
        return ids.sorted()
    }
}
