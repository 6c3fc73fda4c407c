internal import BlockingIO
internal import CanonicalForm
internal import PluginKit

/// One artifact on its way from the bank to a thread.
struct ArtifactFeed: Sendable {
    private let reader: any ArtifactReader
    private let channel = TaskToThreadChannel<[UInt8]>(capacity: 2)
    private let stop: StopFlag

    /// Opens an artifact and makes sure that it is the one that the definition names.
    init(_ expected: ArtifactSummary, _ store: any ArtifactStore, _ stop: StopFlag) async throws {
        do { reader = try await store.reader(expected.name) } catch let error as CancellationError { throw error } catch
        {
            throw PluginError("the artifact '\(expected.name)' cannot be opened: \(Failures.asPluginError(error))")
        }
        self.stop = stop
        guard reader.summary == expected else {
            throw PluginError(
                "the artifact '\(expected.name)' is not the one that was protected: it has \(reader.summary.size) "
                    + "bytes and \(reader.summary.digest), not \(expected.size) bytes and \(expected.digest)")
        }
    }

    /// The task's side: sends everything, and ends the channel whatever happens.
    func pump() async throws {
        do {
            while let chunk = try await reader.next() { try await channel.send(chunk) }
            channel.finish()
        } catch {
            if !(error is ChannelClosed) { stop.raise() }
            channel.finish(throwing: error)
            throw error
        }
    }

    /// The thread's side: the next chunk, or `nil` at the end.
    func fetch() throws -> [UInt8]? { try channel.next() }

    /// Tells the task that the thread needs no more.
    func close() { channel.cancel() }

    /// Reads everything and throws it away; the reader checks the digests.
    func exhaust(_ reporter: any ActivityReporter) async throws {
        while let chunk = try await reader.next() { reporter.advance(bytes: Int64(chunk.count)) }
    }
}
