internal import Checkpoints
internal import Engine

/// The scratch places of rehearsals: directories of one host, or of a file system that hosts share and on which none sees
/// the locks of another.
final class ScratchPlaces: @unchecked Sendable {
    private struct Place {
        let maker: SimulatedProcess
        /// The bank that its rehearsal uses.
        let bank: String
        let made: Int64
        /// Whether it says whose it is.
        var hasRecord = false
        /// Whether there is anything else in it.
        var hasContent = false
    }

    private static let prefix = "/scratch/"
    /// How long one that says nothing and holds nothing is left alone, in nanoseconds.
    private static let youth: Int64 = 3_600_000_000_000

    private let world: World
    private var places: [String: Place] = [:]
    private var count = 0
    /// Whether a lock tells that a maker lives; else only its lease does.
    private let hasLocks: Bool

    init(_ world: World) {
        self.world = world
        hasLocks = world.happens(500)
    }

    /// Those that are there, in order.
    var all: [String] { places.keys.sorted() }

    /// Whether a place is a scratch place, of before or of now.
    static func isScratch(_ place: String) -> Bool { place.hasPrefix(prefix) }

    /// Whether something can be restored to a place: those of others are always there.
    func admits(_ place: String) -> Bool { !Self.isScratch(place) || places[place] != nil }

    /// Makes a place as a directory is made: first it is there, then it says whose it is, then things are put into it. With
    /// `isRecorded` false, it never says so.
    func make(by process: SimulatedProcess, for bank: String, isRecorded: Bool) async throws -> any ScratchPlace {
        count += 1
        let path = "\(Self.prefix)\(count)"
        places[path] = Place(maker: process, bank: bank, made: world.now)
        world.note("\(process.name) makes \(path)")
        try await step(process)
        if isRecorded { places[path]?.hasRecord = true }
        try await step(process)
        places[path]?.hasContent = true
        return Scratch(content: path, places: self, maker: process)
    }

    /// Removes those of a bank's rehearsals that nobody will remove any more, as far as that can be known.
    func sweep(by process: SimulatedProcess, for bank: String, isGone: (Owner) async throws -> Bool) async throws {
        for path in all {
            guard let place = places[path] else { continue }
            if place.hasRecord {
                guard place.bank == bank else { continue }
                var isOver = place.maker.hasEnded
                if !hasLocks { isOver = try await isGone(place.maker.owner) }
                guard isOver else { continue }
            } else {
                guard !place.hasContent, world.now - place.made > Self.youth else { continue }
            }
            try await step(process)
            remove(path, by: process)
        }
    }

    private func remove(_ path: String, by process: SimulatedProcess) {
        guard places.removeValue(forKey: path) != nil else { return }
        world.note("\(process.name) removes \(path)")
    }

    private func step(_ process: SimulatedProcess) async throws {
        try await process.sleep(nanoseconds: Int64(world.number(0...200)) * 1_000_000)
    }

    private struct Scratch: ScratchPlace {
        let content: String
        let places: ScratchPlaces
        let maker: SimulatedProcess

        func remove() async throws {
            await maker.uninterruptedSleep(Int64(places.world.number(0...200)) * 1_000_000)
            if !maker.isDead { places.remove(content, by: maker) }
        }
    }
}
