package import Diagnostics
package import YAMLSource

/// A comment that silences lints in one line: `# cairn: allow W0501, nested-paths the caches are rebuilt`.
///
/// It is about its own line, or, when it stands alone, about the next line with content. What silences is the place of
/// a diagnostic: the line in which its first character lies.
package struct Allowance: Sendable {
    /// One lint that is allowed.
    package struct Entry: Sendable {
        package let code: DiagnosticCode
        package let range: SourceRange
        /// Whether it silenced anything.
        package internal(set) var isUsed = false
    }

    package let comment: Comment
    package let reason: String
    package internal(set) var entries: [Entry]
    /// Whether everything that the comment names is a lint, named once.
    let isSound: Bool

    /// The text behind `#` that makes a comment Cairn's.
    static let mark: StaticString = "cairn:"
}

/// The allowances of all files of a run.
package struct Allowances: Sendable {
    /// By file, sorted by the line that each is about.
    private var bySource: [SourceID: [Allowance]] = [:]
    private var order: [SourceID] = []

    package init() {}

    package var isEmpty: Bool { order.isEmpty }

    /// Takes in the comments of a file; reports what cannot be understood.
    package mutating func read(_ tree: SyntaxTree, into diagnostics: inout DiagnosticList) {
        let comments = tree.comments(startingWith: Allowance.mark)
        guard !comments.isEmpty, bySource[tree.source] == nil else { return }
        var allowances: [Allowance] = []
        for comment in comments {
            if let allowance = AllowanceReader.read(comment, in: tree, into: &diagnostics) {
                allowances.append(allowance)
            }
        }
        guard !allowances.isEmpty else { return }
        allowances.sort {
            ($0.comment.line.lowerBound, $0.comment.range.start) < ($1.comment.line.lowerBound, $1.comment.range.start)
        }
        bySource[tree.source] = allowances
        order.append(tree.source)
    }

    /// The reason for which a diagnostic is silenced, and the comment that says so; all comments that would silence it
    /// count as used.
    package mutating func silence(_ diagnostic: Diagnostic) -> (reason: String, comment: SourceRange)? {
        guard let range = diagnostic.range, var list = bySource[range.source] else { return nil }
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].comment.line.upperBound < range.start { low = middle + 1 } else { high = middle }
        }
        var silenced: (reason: String, comment: SourceRange)?
        while low < list.count, list[low].comment.line.lowerBound <= range.start {
            let line = list[low].comment.line
            if !line.isEmpty && range.start <= line.upperBound {
                for position in list[low].entries.indices where list[low].entries[position].code == diagnostic.code {
                    list[low].entries[position].isUsed = true
                    if silenced == nil { silenced = (list[low].reason, list[low].comment.range) }
                }
            }
            low += 1
        }
        if silenced != nil { bySource[range.source] = list }
        return silenced
    }

    /// Reports what silenced nothing in the files of which `isJudged` says that they were checked through.
    package func unused(in sources: SourceMap, where isJudged: (SourceID) -> Bool) -> [Diagnostic] {
        var found: [Diagnostic] = []
        for source in order where isJudged(source) {
            for allowance in bySource[source] ?? [] {
                let unused = allowance.entries.indices.filter {
                    !allowance.entries[$0].isUsed && !allowance.entries[$0].code.dependsOnSurroundings
                }
                let isWhole = unused.count == allowance.entries.count
                for position in unused {
                    found.append(
                        Self.unused(allowance, position, isWhole: isWhole && unused.count == 1, sources[source]))
                }
            }
        }
        return found
    }

    private static func unused(
        _ allowance: Allowance, _ position: Int, isWhole: Bool, _ text: SourceText
    ) -> Diagnostic {
        let entry = allowance.entries[position]
        let range =
            isWhole
            ? CommentText.removal(of: allowance.comment, in: text)
            : CommentText.removal(of: position, among: allowance.entries.map(\.range))
        let place = allowance.comment.isAlone ? "the next line" : "this line"
        return Diagnostic(
            .unusedAllow, "\(entry.code.rawValue) (\(entry.code.name)) is allowed here, and \(place) does not give it",
            at: entry.range,
            suggestions: !allowance.isSound
                ? []
                : [
                    Suggestion(
                        isWhole ? "remove the comment" : "remove '\(entry.code.rawValue)' from the comment",
                        replacing: range, with: "", isCertain: true)
                ])
    }
}

/// Reads what a comment allows.
enum AllowanceReader {
    static func read(
        _ comment: Comment, in tree: SyntaxTree, into diagnostics: inout DiagnosticList
    ) -> Allowance? {
        var words = CommentText(comment.text, tree.text)
        guard let directive = words.word() else { return nil }
        guard directive.value == "allow" else {
            report(directive, next: words.word(), into: &diagnostics)
            return nil
        }
        var entries: [Allowance.Entry] = []
        var known: [DiagnosticCode: SourceRange] = [:]
        var names = 0
        var goesOn = true
        while goesOn, let name = words.word(endingAtComma: true) {
            names += 1
            goesOn = words.takeComma() || words.nextLooksLikeCode
            guard let code = LintNames.lint(name.value, at: name.range, into: &diagnostics) else { continue }
            if let first = known[code] {
                diagnostics.add(
                    Diagnostic(
                        .unusedAllow, "\(code.rawValue) (\(code.name)) is allowed twice by this comment",
                        at: name.range, related: [RelatedPlace(first, "it is allowed here already")]))
                continue
            }
            known[code] = name.range
            entries.append(Allowance.Entry(code: code, range: name.range))
        }
        let reason = words.reason
        if names == 0 {
            diagnostics.add(
                Diagnostic(
                    .unknownComment, "this comment does not say which lint it allows", at: comment.range,
                    notes: ["write '# cairn: allow W0212 why it is all right here'"]))
            return nil
        }
        if !reason.contains(where: { $0.isLetter || $0.isNumber }) {
            diagnostics.add(
                Diagnostic(
                    .allowWithoutReason, "this comment does not say why", at: comment.range,
                    notes: ["the reason stands behind the lints: '# cairn: allow W0212 why it is all right here'"]))
        }
        return entries.isEmpty
            ? nil : Allowance(comment: comment, reason: reason, entries: entries, isSound: names == entries.count)
    }

    /// What other tools call `allow`.
    private static let synonyms: Set<String> = [
        "disable", "disable-line", "disable-next-line", "ignore", "noqa", "silence",
    ]

    /// A comment that begins with `cairn:` may be anybody's; what looks like a slip is reported.
    private static func report(
        _ directive: Spanned<String>, next: Spanned<String>?, into diagnostics: inout DiagnosticList
    ) {
        let isSlip =
            synonyms.contains(directive.value) || Similar.best(for: directive.value, among: ["allow"]) != nil
            || LintNames.code(directive.value) != nil
        guard isSlip else { return }
        let isCode = LintNames.code(directive.value) != nil
        diagnostics.add(
            Diagnostic(
                .unknownComment,
                isCode
                    ? "this comment does not say what is with \(directive.value)"
                    : "a comment for cairn says 'allow', not '\(directive.value)'", at: directive.range,
                suggestions: [
                    Suggestion(
                        isCode ? "did you mean 'allow \(directive.value)'?" : "did you mean 'allow'?",
                        replacing: directive.range, with: isCode ? "allow \(directive.value)" : "allow")
                ]))
    }
}

/// The words of a comment, each with its place.
struct CommentText {
    private let source: SourceID
    private let bytes: ArraySlice<UInt8>
    private var next: Int

    init(_ range: SourceRange, _ text: SourceText) {
        source = range.source
        bytes = text.bytes[Int(range.start)..<Int(range.end)]
        next = bytes.startIndex
    }

    private mutating func skipBlanks() {
        while next < bytes.endIndex, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
    }

    /// The next word, up to a blank, or up to what divides lints from each other and from the reason.
    mutating func word(endingAtComma: Bool = false) -> Spanned<String>? {
        skipBlanks()
        let start = next
        let ends: [UInt8] = endingAtComma ? [0x20, 0x09, UInt8(ascii: ","), UInt8(ascii: ":")] : [0x20, 0x09]
        while next < bytes.endIndex, !ends.contains(bytes[next]) { next += 1 }
        guard next > start else { return nil }
        return Spanned(
            String(decoding: bytes[start..<next], as: UTF8.self),
            at: SourceRange(source: source, start: Int32(start), end: Int32(next)))
    }

    /// Takes a comma that stands next.
    mutating func takeComma() -> Bool {
        let before = next
        skipBlanks()
        if next < bytes.endIndex, bytes[next] == 0x2C {
            next += 1
            return true
        }
        next = before
        return false
    }

    /// Whether the next word has the form of a code, such as `W0501`.
    var nextLooksLikeCode: Bool {
        var rest = self
        guard let word = rest.word(endingAtComma: true)?.value.utf8, word.count == 5, let letter = word.first else {
            return false
        }
        return (letter == UInt8(ascii: "W") || letter == UInt8(ascii: "E"))
            && word.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    /// What is left, without what divides it from the lints.
    var reason: String {
        var rest = bytes[next...]
        while let first = rest.first, " \t:-".utf8.contains(first) { rest = rest.dropFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        return String(decoding: rest, as: UTF8.self)
    }

    /// What goes when a whole comment goes: its line when it stands alone, else the blanks before it too.
    static func removal(of comment: Comment, in text: SourceText) -> SourceRange {
        var start = Int(comment.range.start)
        var end = Int(comment.range.end)
        while start > 0, text.bytes[start - 1] == 0x20 || text.bytes[start - 1] == 0x09 { start -= 1 }
        if comment.isAlone {
            if end < text.bytes.count, text.bytes[end] == 0x0D { end += 1 }
            if end < text.bytes.count, text.bytes[end] == 0x0A { end += 1 }
        }
        return SourceRange(source: comment.range.source, start: Int32(start), end: Int32(end))
    }

    /// What goes when one lint of several goes: it, and what divides it from the next or from the one before.
    static func removal(of position: Int, among ranges: [SourceRange]) -> SourceRange {
        let own = ranges[position]
        if position + 1 < ranges.count {
            return SourceRange(source: own.source, start: own.start, end: ranges[position + 1].start)
        }
        let start = position > 0 ? ranges[position - 1].end : own.start
        return SourceRange(source: own.source, start: start, end: own.end)
    }
}
