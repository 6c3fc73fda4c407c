internal import BlockingIO
internal import CLinux
internal import Glibc
internal import PluginKit
internal import Synchronization

/// Tells threads to stop at the next opportunity.
final class StopFlag: Sendable {
    private let raised = Atomic(false)

    /// Asks everyone to stop.
    func raise() { raised.store(true, ordering: .releasing) }

    /// Throws `CancellationError` once the flag is up.
    func check() throws {
        if raised.load(ordering: .acquiring) { throw CancellationError() }
    }
}

/// The failures of things that run together and bring each other down.
enum Failures {
    /// Whether an error only says that another one came first.
    private static func isConsequence(_ error: any Error) -> Bool {
        error is ChannelClosed || error is CancellationError
    }

    /// Throws the error that explains the others, if there is any, as hooks report it.
    static func rethrow(_ errors: [(any Error)?]) throws {
        let present = errors.compactMap { $0 }
        if present.isEmpty { return }
        if Task.isCancelled { throw CancellationError() }
        throw asPluginError(present.first { !isConsequence($0) } ?? present[0])
    }

    /// An error as hooks report it.
    static func asPluginError(_ error: any Error) -> any Error {
        switch error {
        case let error as PluginError: error
        case let error as SystemFailure: error.pluginError
        case is CancellationError: error
        default: PluginError("\(error)")
        }
    }

    /// Runs `body` and gives back its value or its error.
    static func caught<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension Result {
    /// The error of a failure.
    var failure: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

/// Places where tests step in, to do at a chosen instant what the world does at a random one.
struct FilesSeams: Sendable {
    /// Called on the producing thread before anything is read.
    var producerStarts: @Sendable () -> Void = {}
    /// Called with an entry's path after its metadata were read and before it is opened.
    var beforeOpen: @Sendable ([UInt8]) -> Void = { _ in }
    /// Called with a file's path and the offset before each read of content; a code is taken as the read's failure.
    var beforeRead: @Sendable ([UInt8], Int64) -> Int32? = { _, _ in nil }
    /// Called with an entry's path when it was extracted, before it is compared.
    var extracted: @Sendable ([UInt8]) -> Void = { _ in }
    /// Called when a restore has opened its directory, with all on the way to it, before anything is unpacked.
    var opened: @Sendable () -> Void = {}
    /// Called when everything is unpacked and has its metadata, before directories are compared.
    var comparingDirectories: @Sendable () -> Void = {}
    /// Makes the file system of an open directory durable; gives back the code of a failure, or 0.
    var sync: @Sendable (Int32) -> Int32 = { syncfs($0) == 0 ? 0 : errno }
    /// Whether the process may set owners; `nil` to ask the system.
    var privileged: Bool?
}
