internal import CLinux
internal import Foundation
internal import Glibc
internal import Synchronization

/// Says when descriptors can be read or written: one thread waits for all of them.
final class Readiness: Sendable {
    private struct State {
        /// What the thread wakes for, by token. Descriptors' own numbers are used again too soon to be one.
        var watched: [UInt64: WatchedDescriptor] = [:]
        var nextToken: UInt64 = 1
        /// The tokens whose waiters have a deadline, in nanoseconds of the monotonic clock; few have.
        var deadlines: [UInt64: Int64] = [:]
        /// When the thread wakes, whatever happens.
        var wakesAt = Int64.max
    }

    private static let made = Mutex<Readiness?>(nil)
    let epoll: Int32
    /// What wakes the thread when there is an earlier deadline. Its token is 0.
    private let bell: Int32
    private let state = Mutex(State())

    /// The one that all share; it lives as long as the process.
    static func shared() throws(ProcessFault) -> Readiness {
        let result = made.withLock { made -> Result<Readiness, ProcessFault> in
            if let made { return .success(made) }
            return Result { () throws(ProcessFault) in
                let new = try Readiness()
                made = new
                return new
            }
        }
        return try result.get()
    }

    private init() throws(ProcessFault) {
        // A program may close its end of a pipe at any time: that is an error of write, and no signal.
        signal(SIGPIPE, SIG_IGN)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system("watching child processes") }
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard bell >= 0, clinux_epoll_control(epoll, EPOLL_CTL_ADD, bell, EPOLLIN.rawValue, 0) == 0 else {
            let fault = ProcessFault.system("watching child processes")
            close(epoll)
            if bell >= 0 { close(bell) }
            throw fault
        }
        let thread = Thread { self.work() }
        thread.name = "child-processes"
        thread.start()
    }

    /// Takes on a descriptor and gives it a token.
    func add(_ make: (UInt64) -> WatchedDescriptor) -> WatchedDescriptor {
        state.withLock { state in
            let token = state.nextToken
            state.nextToken += 1
            let descriptor = make(token)
            state.watched[token] = descriptor
            return descriptor
        }
    }

    func remove(_ token: UInt64) {
        state.withLock { state in
            state.watched[token] = nil
            state.deadlines[token] = nil
        }
    }

    /// Sets the moment at which a waiter gives up, or none.
    func setDeadline(_ token: UInt64, _ deadline: Int64?) {
        let isEarlier = state.withLock { state in
            state.deadlines[token] = deadline
            guard let deadline, deadline < state.wakesAt else { return false }
            state.wakesAt = deadline
            return true
        }
        // The bell cannot be full, and were it, it would ring.
        if isEarlier { eventfd_write(bell, 1) }
    }

    /// The monotonic clock, in nanoseconds.
    static var now: Int64 {
        var time = timespec()
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private func work() {
        var tokens = [UInt64](repeating: 0, count: 64)
        while true {
            let found = clinux_epoll_wait(epoll, &tokens, 64, pause)
            for token in tokens.prefix(Int(max(0, found))) {
                if token == 0 {
                    var count: eventfd_t = 0
                    eventfd_read(bell, &count)
                } else {
                    state.withLock { $0.watched[token] }?.isReady()
                }
            }
            for descriptor in late() { descriptor.isLate() }
        }
    }

    /// How long the thread may wait, in milliseconds; -1 for ever.
    private var pause: Int32 {
        let next = state.withLock { state in
            state.wakesAt = state.deadlines.values.min() ?? .max
            return state.wakesAt
        }
        if next == .max { return -1 }
        return Int32(clamping: max(0, (next - Self.now + 999_999) / 1_000_000))
    }

    private func late() -> [WatchedDescriptor] {
        state.withLock { state in
            if state.deadlines.isEmpty { return [] }
            let now = Self.now
            let late = state.deadlines.filter { $0.value <= now }.keys.sorted()
            for token in late { state.deadlines[token] = nil }
            return late.compactMap { state.watched[$0] }
        }
    }
}

/// A descriptor of which one task at a time waits until it can be read or written, or that is emptied as it fills.
final class WatchedDescriptor: Sendable {
    enum Interest: Sendable {
        case reading, writing

        var events: UInt32 { self == .reading ? EPOLLIN.rawValue : EPOLLOUT.rawValue }
    }

    private struct State {
        var isOpen = true
        var isAdded = false
        var waiter: CheckedContinuation<Bool, any Error>?
        /// Called on the thread whenever there is something to read, until it says that that was all.
        var sink: (@Sendable (Int32) -> Bool)?
    }

    let number: Int32
    private let token: UInt64
    private let interest: Interest
    private let readiness: Readiness
    private let state = Mutex(State())

    /// Takes over an open descriptor. Whoever makes it closes it, too.
    static func watching(_ number: Int32, _ interest: Interest, by readiness: Readiness) -> WatchedDescriptor {
        readiness.add { WatchedDescriptor(number, interest, $0, readiness) }
    }

    private init(_ number: Int32, _ interest: Interest, _ token: UInt64, _ readiness: Readiness) {
        self.number = number
        self.interest = interest
        self.token = token
        self.readiness = readiness
    }

    /// Waits until the descriptor is ready, or the deadline has passed: then gives back false. Throws
    /// `CancellationError` when the task is cancelled, and `ProcessFault` when it cannot be waited for.
    func wait(until deadline: Int64? = nil) async throws -> Bool {
        defer { if deadline != nil { readiness.setDeadline(token, nil) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let failure = state.withLock { state -> (any Error)? in
                    // A cancellation that comes later finds the waiter.
                    if Task.isCancelled { return CancellationError() }
                    guard arm(&state, EPOLLONESHOT.rawValue) else {
                        return ProcessFault.system("watching a child process")
                    }
                    state.waiter = continuation
                    return nil
                }
                if let failure {
                    continuation.resume(throwing: failure)
                } else if let deadline {
                    readiness.setDeadline(token, deadline)
                }
            }
        } onCancel: {
            take()?.resume(throwing: CancellationError())
        }
    }

    /// From now on, `body` is called on the thread whenever there is something to read, until it says that that was all;
    /// it must not block. No call comes after `close`.
    func empty(with body: @escaping @Sendable (Int32) -> Bool) throws(ProcessFault) {
        let isArmed = state.withLock { state in
            state.sink = body
            return arm(&state, 0)
        }
        if !isArmed { throw .system("watching a child process") }
    }

    /// Closes the descriptor; nobody may wait for it any more.
    func close() {
        readiness.remove(token)
        state.withLock { state in
            if state.isOpen { Glibc.close(number) }
            state.isOpen = false
            state.sink = nil
        }
    }

    private func arm(_ state: inout State, _ flags: UInt32) -> Bool {
        guard state.isOpen else { return false }
        let operation = state.isAdded ? EPOLL_CTL_MOD : EPOLL_CTL_ADD
        guard clinux_epoll_control(readiness.epoll, operation, number, interest.events | flags, token) == 0 else {
            return false
        }
        state.isAdded = true
        return true
    }

    private func take() -> CheckedContinuation<Bool, any Error>? {
        state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
    }

    fileprivate func isReady() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, any Error>? in
            if state.isOpen, let sink = state.sink, sink(number) {
                state.sink = nil
                _ = clinux_epoll_control(readiness.epoll, EPOLL_CTL_DEL, number, 0, token)
                state.isAdded = false
            }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: true)
    }

    fileprivate func isLate() { take()?.resume(returning: false) }
}
