internal import BlockingIO
internal import Glibc
internal import PlanIR
internal import ProcessSupervision
internal import Synchronization

/// A report that is posted to an address of the web.
///
/// `curl` does it: so the executor itself has no network code, which would make each start of it slower. All that may
/// be secret goes to curl by its standard input, not by its arguments, which every user of the host may read.
struct WebPost {
    /// The program that posts.
    static let program = "curl"

    /// The host of the address; the rest of it may be a secret.
    let host: String
    private let address: String
    private let headers: [(name: String, value: String)]
    /// What must not stand in messages.
    private let secrets: [String]
    private let timeout: Int64

    /// Reads the references of an address and its headers.
    init(
        _ address: ReferableText, _ headers: [PlanIR.Notification.Header], timeout: Int64
    ) async throws {
        let resolved = try await BlockingThreads.runAlone(name: "cairn.notify") {
            (try Self.text(of: address, "url"), try headers.map { ($0.name, try Self.text(of: $0.value, $0.name)) })
        }
        self.address = resolved.0
        self.headers = resolved.1
        self.timeout = timeout
        secrets = resolved.1.map(\.1) + [resolved.0]
        guard let host = Self.host(of: resolved.0) else {
            throw DeliveryFailure("its address does not begin with http:// or https:// and a host")
        }
        self.host = host
    }

    private static func text(of text: ReferableText, _ what: String) throws -> String {
        let value: EnvironmentVariable.Value =
            switch text {
            case .literal(let literal): .text(literal)
            case .fromEnvironment(let name): .fromEnv(name)
            case .fromFile(let path): .fromFile(path)
            }
        let resolved: String
        do { resolved = try EnvironmentVariable(what, value).resolved() } catch {
            guard case .environment(_, let reason) = error else { throw error }
            throw DeliveryFailure("'\(what)' has no value: \(reason)")
        }
        // A line feed would make another header, or another option of curl.
        guard resolved.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw DeliveryFailure("the value of '\(what)' has a control character in it")
        }
        return resolved
    }

    /// The host and port of an address, without user and password; `nil` when there is none.
    static func host(of address: String) -> String? {
        let lowercased = address.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
        let authority = address.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        let isPlain = host.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "-._:[]%".utf8.contains(byte)
        }
        return host.isEmpty || !isPlain ? nil : host
    }

    /// Posts the report; throws unless the answer says that it was taken.
    func send(_ report: [UInt8]) async throws {
        let file = try await BlockingThreads.runAlone(name: "cairn.notify") { try TemporaryFile(report) }
        let answer = Answer()
        do {
            // No settings of the user's; no other protocol, also not by a redirect, which is not followed.
            let command = ProgramCommand([
                Self.program, "--disable", "--config", "-", "--silent", "--show-error", "--proto", "=http,https",
                "--max-redirs", "0", "--request", "POST", "--data-binary", "@\(file.path)", "--output", "/dev/null",
                "--write-out", "%{http_code}", "--max-time", seconds,
            ])
            _ = try await ProgramPipeline(command).run(
                from: Chunks(Array(settings.utf8)).next, into: answer.take, grace: 1_000_000_000)
        } catch {
            file.remove()
            throw failure(error)
        }
        file.remove()
        let code = answer.text
        guard code.count == 3, code.hasPrefix("2") else {
            if code.hasPrefix("3") {
                throw DeliveryFailure(
                    "it answered \(code), a redirect, which is not followed; give the address it leads to")
            }
            throw DeliveryFailure("it answered \(code.isEmpty ? "nothing" : code)")
        }
    }

    private var seconds: String {
        let milliseconds = max(1, timeout / 1_000_000)
        let fraction = "\(1000 + milliseconds % 1000)".dropFirst()
        return "\(milliseconds / 1000).\(fraction)"
    }

    /// What curl reads from its standard input.
    private var settings: String {
        var lines = ["url = \(Self.quoted(address))"]
        var own = headers
        if !own.contains(where: { $0.name.lowercased() == "content-type" }) {
            own.append(("Content-Type", "application/json"))
        }
        if !own.contains(where: { $0.name.lowercased() == "user-agent" }) { own.append(("User-Agent", "cairn")) }
        // Asking first whether a large body is wanted only makes servers wait that do not know the question.
        own.append(("Expect", ""))
        lines += own.map { name, value in "header = \(Self.quoted(value.isEmpty ? "\(name):" : "\(name): \(value)"))" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A value as curl's configuration files have it.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for character in text {
            if character == "\"" || character == "\\" { out.append("\\") }
            out.append(character)
        }
        return out + "\""
    }

    /// A failure in words that tell no secret.
    private func failure(_ error: any Error) -> any Error {
        guard let fault = error as? ProcessFault else { return error }
        switch fault {
        case .notFound: return DeliveryFailure("posting needs the program 'curl', which is not there")
        case .failed(let failure):
            var reason = failure.tail
            for secret in secrets where !secret.isEmpty { reason = reason.replacing(secret, with: "…") }
            // `curl: (7) Failed to connect …`
            reason.trimPrefix(/curl: (\([0-9]+\) )?/)
            while reason.last?.isWhitespace == true { reason.removeLast() }
            return DeliveryFailure(reason.isEmpty ? failure.description : reason)
        default: return fault
        }
    }

    /// What curl prints: the code of the answer.
    private final class Answer: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        @Sendable func take(_ piece: [UInt8]) async throws { bytes.withLock { $0 += piece.prefix(64) } }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }
}

/// A file for another program, which nobody else may read.
private struct TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let name = "\(place)/cairn-report-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DeliveryFailure("no file for the report can be made in \(place): \(String(cString: strerror(errno)))")
        }
        path = name
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                remove()
                throw DeliveryFailure("the report cannot be written to \(place): \(reason)")
            }
            rest = rest.dropFirst(count)
        }
    }

    func remove() { unlink(path) }
}
