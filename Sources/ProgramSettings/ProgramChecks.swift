internal import BlockingIO
internal import Glibc
package import PluginKit
package import ProcessSupervision

/// Looks whether programs could be run, and runs none of them but the one that is there for it.
package enum ProgramChecks {
    /// How long the program of `check` may take, in seconds.
    private static let limit: Int64 = 20

    /// The directory and the references of all programs, and each program once, in their order; then, when nothing is
    /// missing, what the program of the property `check` says.
    package static func check(
        _ commands: [ProgramCommand], confirmedBy program: ProgramCommand?
    ) async -> [Precondition] {
        // It reads files, which may block, and cannot fail.
        let found =
            (try? await BlockingThreads.runAlone(name: "program-checks") { look(at: commands) }) ?? []
        guard let program, found.allSatisfy({ $0.state != .unmet }) else { return found }
        return found + [await run(program)]
    }

    private static func run(_ program: ProgramCommand) async -> Precondition {
        await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do { _ = try await ProgramPipeline(program).run(grace: 1_000_000_000) } catch { return error }
                return nil
            }
            group.addTask {
                do { try await Task.sleep(nanoseconds: UInt64(limit) * 1_000_000_000) } catch {}
                return CancellationError()
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            let subject = "the program of 'check'"
            guard let first else { return Precondition(subject, .met, "succeeds") }
            let reason: String
            if first is CancellationError {
                // What it had said by then comes with its end.
                let last = await group.next() ?? nil
                reason = "it takes longer than \(limit) s" + ((last as? ProcessFault).map { "; \($0)" } ?? "")
            } else {
                reason = "\(first)"
            }
            return Precondition(subject, .unmet, "fails: \(reason)", advice: "see what it asks for")
        }
    }

    private static func look(at commands: [ProgramCommand]) -> [Precondition] {
        var found: [Precondition] = []
        var seen: Set<String> = []
        let directories = commands.compactMap(\.directory)
        for directory in directories where seen.insert("in \(directory)").inserted {
            found.append(check(directory: directory))
        }
        for command in commands {
            for variable in command.environment where variable.isSecret && seen.insert("$\(variable.name)").inserted {
                found.append(check(variable))
            }
            if seen.insert(command.name).inserted { found.append(check(program: command)) }
        }
        return found
    }

    private static func check(directory: String) -> Precondition {
        let subject = "the directory \(directory)"
        if access(directory, X_OK) == 0 { return Precondition(subject, .met, "can be entered") }
        return Precondition(
            subject, .unmet, "cannot be entered: \(String(cString: strerror(errno)))",
            advice: "make it, or change 'workingDirectory'")
    }

    private static func check(_ variable: EnvironmentVariable) -> Precondition {
        let subject = "the variable \(variable.name)"
        do {
            _ = try variable.resolved()
            return Precondition(subject, .met, "has a value")
        } catch {
            return Precondition(
                subject, .unmet, "has none: \(error)", advice: "set what 'environment' refers to")
        }
    }

    private static func check(program command: ProgramCommand) -> Precondition {
        let subject = "the program \(command.name)"
        do {
            let file = try ProgramSearch.find(command.name, in: command.searchPath, from: command.directory)
            return Precondition(subject, .met, file == command.name ? "can be run" : "can be run: \(file)")
        } catch {
            return Precondition(
                subject, .unmet, "cannot be run: \(error)", advice: "install it, or write its whole path")
        }
    }
}

extension ProgramChecks {
    /// Whether programs can be run and supervised on this host at all.
    package static func checkHost() async -> [Precondition] {
        let subject = "child processes"
        do {
            _ = try await ProgramPipeline(ProgramCommand(["true"])).run()
            return [Precondition(subject, .met, "can be started and watched")]
        } catch {
            return [
                Precondition(
                    subject, .unmet, "cannot be started and watched: \(error)",
                    advice: "Linux 5.4 or later is needed, and a program 'true' in PATH")
            ]
        }
    }
}
