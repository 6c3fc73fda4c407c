import ArgumentParser
import CommandLineSupport
import GitHistory
import PlanDiff
import PlanIR
import YAMLSource

/// `cairnc diff`
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what a change of a plan changes, what is less protected first.",
        discussion: """
            Both sides are plans or compiled plans; they are compared as they are after compilation, so a parameter \
            counts wherever it was written. With --git, a revision is read by git: the plan and the provider manifests \
            as they were then. Nothing is checked out or fetched.

            Exit codes: 0 nothing changed, 1 something changed, 2 it could not be compared: wrong usage, or a side \
            that has faults or cannot be read.

            EXAMPLES
              cairnc diff old/shop.yaml shop.yaml
              cairnc diff shop.ir shop.yaml --format json
              cairnc diff shop.ir shop.yaml --inventory shop.inventory.yaml
              cairnc diff --git HEAD plans/shop.yaml
              cairnc diff --git origin/main...HEAD plans/shop.yaml --format markdown
            """)

    /// How the difference is printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, markdown
    }

    @OptionGroup var options: CompilerOptions

    @OptionGroup var inventory: InventoryOptions

    @Option(
        name: .customLong("git"),
        help: ArgumentHelp(
            "Compare with a git revision.",
            discussion:
                "REV: that revision with the working file. REV1..REV2: two revisions. REV1...REV2: their newest common ancestor with REV2, as a pull request shows it.",
            valueName: "rev"))
    var revisions: String?

    @Option(help: "Print text, json, or markdown for a pull request.")
    var format: Format = .text

    @Argument(help: "OLD and NEW, each a plan or a compiled plan, - for standard input; with --git one PLAN.")
    var inputs: [String]

    func validate() throws {
        if revisions == nil {
            guard inputs.count == 2 else { throw ValidationError("OLD and NEW are needed, or --git REV and one PLAN.") }
            guard inputs != ["-", "-"] else { throw ValidationError("Only one side can be standard input.") }
        } else {
            guard inputs.count == 1 else { throw ValidationError("--git takes one PLAN.") }
            guard inputs != ["-"] else { throw ValidationError("With --git, PLAN is a file and not standard input.") }
        }
    }

    func run() throws {
        let diff: PlanDiff
        do {
            diff = try compare()
        } catch {
            // As with diff(1), trouble must not look like a change.
            let code = CommandLineFailure.report(error)
            throw ExitCode(code == ExitStatus.failed ? ExitStatus.wrongUsage : code)
        }
        switch format {
        case .text: StandardStream.output.write(DiffText(color: options.isColored(.output)).render(diff))
        case .json: StandardStream.output.write(DiffJSON.render(diff))
        case .markdown: StandardStream.output.write(DiffMarkdown.render(diff))
        }
        if StandardStream.lostOutput { throw ExitCode(ExitStatus.wrongUsage) }
        if !diff.isEmpty { throw ExitCode(ExitStatus.failed) }
    }

    // MARK: The two sides

    private func compare() throws -> PlanDiff {
        guard let revisions else { return try difference(try load(inputs[0]), try load(inputs[1])) }
        let path = inputs[0]
        do {
            let directory = RevisionFiles.nearestDirectory(path).directory
            let sides = try GitRevision.revisions(of: GitRange(parsing: revisions), in: directory)
            let old = try load(path, from: sides.old)
            let new = try sides.new.map { try load(path, from: $0) } ?? loadIfThere(path)
            if old == nil && new == nil {
                let end = sides.new.map { "nor '\($0.name)'" } ?? "nor the working directory"
                throw MessageFailure("there is no '\(path)': neither '\(sides.old.name)' \(end) has it")
            }
            return try difference(old, new)
        } catch let error as GitError {
            throw MessageFailure(error.description)
        }
    }

    /// Compares two sides that both have what was found, or both have not: else all of it would seem to be gone.
    private func difference(_ old: PlanIR?, _ new: PlanIR?) throws -> PlanDiff {
        func hasFound(_ ir: PlanIR) -> Bool { ir.sources.contains { $0.role == "inventory" } }
        if let old, let new, old.needsInventory && hasFound(new) || new.needsInventory && hasFound(old) {
            throw MessageFailure(
                "one side has what the plan discovers, and the other has not; "
                    + "give --inventory for the plan that is compiled here")
        }
        return PlanDiff(old: old, new: new)
    }

    /// A working file that is gone is the other side's plan removed.
    private func loadIfThere(_ path: String) throws -> PlanIR? {
        if case .failure(let fault) = SourceReader.contents(of: path), fault.isMissing { return nil }
        return try load(path)
    }

    /// Warnings are for `check`: of two sides, they would be told twice.
    private func load(_ path: String) throws -> PlanIR {
        try options.loadPlan(path, inventories: inventory.files, warns: false)
    }

    /// The plan as the revision has it, `nil` when it has none of this name.
    private func load(_ path: String, from revision: GitRevision) throws -> PlanIR? {
        let files = RevisionFiles(revision)
        if case .failure(let fault) = files.contents(of: path), fault.isMissing { return nil }
        do {
            return try options.loadPlan(path, from: files, inventories: inventory.files, warns: false)
        } catch {
            // The places in what was printed are those of the revision's files.
            StandardStream.error.write("these are faults of '\(path)' in '\(revision.name)'\n")
            throw error
        }
    }
}
