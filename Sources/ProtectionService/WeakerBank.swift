#if DEBUG
    import Bank
    import DegradedBank
    import Glibc

    /// Lets a debug build work on a bank that is weaker than the one it has, so that the real program is tried at every
    /// consistency level.
    ///
    /// `CAIRN_DEGRADED_BANK=LEVEL[:LOST[:AHEAD]]`: the level as the bank's record has it, of how many in a thousand writes
    /// the answer is lost, and how many seconds the store's clock is ahead, such as `listOnly:20` or
    /// `compareAndSwap:0:-3600`. Release builds have none of it.
    package struct WeakerBank {
        private let level: ConsistencyLevel
        private var troubles = BankTroubles()

        /// What the environment asks for, `nil` when it asks for nothing. Throws when it cannot be read.
        init?(at place: String) throws(BankError) {
            guard let text = getenv("CAIRN_DEGRADED_BANK").map({ String(cString: $0) }), !text.isEmpty else {
                return nil
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let lost = parts.count > 1 ? Int(parts[1]) : 0
            let ahead = parts.count > 2 ? Int32(parts[2]) : 0
            guard parts.count <= 3, let level = ConsistencyLevel(rawValue: String(parts[0])), let lost, let ahead else {
                throw .invalidPlace(place, reason: "CAIRN_DEGRADED_BANK is '\(text)', expected LEVEL[:LOST[:AHEAD]]")
            }
            self.level = level
            troubles.lostAnswers = lost
            troubles.clockAhead = Int64(ahead) * 1000
        }

        /// How old marks of deletion must be on a bank of the level `listOnly`, in milliseconds: `CAIRN_LISTING_MARGIN`, in
        /// seconds, for tests that do not wait for the ten minutes that they must be. `nil` when there is no such number.
        package static var listingMargin: Int64? {
            getenv("CAIRN_LISTING_MARGIN").flatMap { Int64(String(cString: $0)) }.flatMap { seconds in
                (0...86_400).contains(seconds) ? seconds * 1000 : nil
            }
        }

        /// The weaker bank.
        func over(_ bank: any Bank) -> any Bank { DegradedBank(bank, to: level, troubles: troubles) }

        /// What the bank's record would say, had the weaker bank been probed.
        func format(_ format: BankFormat) -> BankFormat {
            let levels = ConsistencyLevel.allCases
            let weaker = levels.last { $0 == level || $0 == format.consistency } ?? level
            return BankFormat(id: format.id, consistency: weaker, created: format.created)
        }
    }
#endif
