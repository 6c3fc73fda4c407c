/// One `exclude` pattern of a directory tree: the one language of all plugins, which compiler and executor read alike.
///
/// Without a slash it matches a name at any depth; with one it is anchored at the tree's root. `**` crosses
/// directories, `*` and `?` do not; `[…]` is a class, `[!…]` its opposite; `\` takes the next character as it is. A
/// slash at the end restricts the pattern to directories.
package struct PathPattern: Sendable {
    private enum Token {
        case literal(UInt32)
        case anyCharacter
        case anyName
        case anyPath
        /// `**/`: nothing, or any number of directories.
        case anyDirectories
        case characterClass(ranges: [ClosedRange<UInt32>], negated: Bool)
    }

    private static let slash: UInt32 = 0x2F

    private let tokens: [Token]
    private let anchored: Bool
    private let directoriesOnly: Bool

    /// Reads a pattern; throws an error naming it when it is malformed.
    package init(_ text: String) throws(PathPatternError) {
        var units = PathPattern.units(Array(text.utf8))
        directoriesOnly = units.last == PathPattern.slash
        if directoriesOnly { units.removeLast() }
        anchored = units.contains(PathPattern.slash)
        if units.first == PathPattern.slash { units.removeFirst() }
        if units.isEmpty {
            throw PathPatternError("the exclude pattern '\(text)' matches nothing", advice: "remove it or write a name")
        }
        tokens = try PathPattern.tokens(units, text)
    }

    /// Whether an entry is excluded. `path` is relative to the tree's root.
    package func matches(_ path: [UInt8], isDirectory: Bool) -> Bool {
        if directoriesOnly && !isDirectory { return false }
        if anchored { return matches(PathPattern.units(path)) }
        let start = path.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0
        return matches(PathPattern.units(Array(path[start...])))
    }

    /// The one path that the pattern matches, `nil` when it could match several.
    var onlyPath: [UInt8]? {
        guard anchored else { return nil }
        var text = String.UnicodeScalarView()
        for token in tokens {
            guard case .literal(let unit) = token, let scalar = UnicodeScalar(unit) else { return nil }
            text.append(scalar)
        }
        return Array(String(text).utf8)
    }

    /// Whether the pattern is restricted to directories.
    var matchesDirectoriesOnly: Bool { directoriesOnly }

    /// The scalars of UTF-8 text; a byte that is none becomes a value above Unicode, so that it equals only itself.
    private static func units(_ bytes: [UInt8]) -> [UInt32] {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map(UInt32.init) }
        if let text = String(validating: bytes, as: UTF8.self) { return text.unicodeScalars.map(\.value) }
        return bytes.map { $0 < 0x80 ? UInt32($0) : 0x11_0000 + UInt32($0) }
    }

    private static func tokens(_ units: [UInt32], _ text: String) throws(PathPatternError) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < units.count {
            let unit = units[index]
            index += 1
            switch unit {
            case 0x2A where index < units.count && units[index] == 0x2A:
                while index < units.count && units[index] == 0x2A { index += 1 }
                let startsComponent = tokens.isEmpty || tokens.last.map(isSlash) == true
                if startsComponent && index < units.count && units[index] == slash {
                    index += 1
                    tokens.append(.anyDirectories)
                } else {
                    tokens.append(.anyPath)
                }
            case 0x2A: tokens.append(.anyName)
            case 0x3F: tokens.append(.anyCharacter)
            case 0x5B: tokens.append(try characterClass(units, &index, text))
            case 0x5C:
                guard index < units.count else {
                    throw PathPatternError("the exclude pattern '\(text)' ends with a lone backslash")
                }
                tokens.append(.literal(units[index]))
                index += 1
            default: tokens.append(.literal(unit))
            }
        }
        return tokens
    }

    private static func isSlash(_ token: Token) -> Bool {
        switch token {
        case .literal(slash), .anyDirectories: true
        default: false
        }
    }

    private static func characterClass(
        _ units: [UInt32], _ index: inout Int, _ text: String
    ) throws(PathPatternError) -> Token {
        var negated = false
        if index < units.count && (units[index] == 0x21 || units[index] == 0x5E) {
            negated = true
            index += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        var first = true
        while index < units.count {
            var low = units[index]
            index += 1
            if low == 0x5D && !first { return .characterClass(ranges: ranges, negated: negated) }
            first = false
            if low == 0x5C && index < units.count {
                low = units[index]
                index += 1
            }
            guard index + 1 < units.count, units[index] == 0x2D, units[index + 1] != 0x5D else {
                ranges.append(low...low)
                continue
            }
            let high = units[index + 1]
            index += 2
            if high < low {
                throw PathPatternError("the exclude pattern '\(text)' has a class whose range runs backwards")
            }
            ranges.append(low...high)
        }
        throw PathPatternError(
            "the exclude pattern '\(text)' has a '[' without ']'", advice: "write '\\[' for the character itself")
    }

    /// Walks all ways through the pattern at once, so that no pattern costs more than its length times the path's.
    private func matches(_ units: [UInt32]) -> Bool {
        var states = [Bool](repeating: false, count: tokens.count + 1)
        arrive(at: 0, &states)
        for unit in units {
            var next = [Bool](repeating: false, count: tokens.count + 1)
            for index in 0..<tokens.count where states[index] {
                switch tokens[index] {
                case .literal(let literal): if literal == unit { arrive(at: index + 1, &next) }
                case .anyCharacter: if unit != PathPattern.slash { arrive(at: index + 1, &next) }
                case .anyName: if unit != PathPattern.slash { arrive(at: index, &next) }
                case .anyPath: arrive(at: index, &next)
                case .anyDirectories:
                    // May end only where a name ends; in the middle of one it just goes on.
                    if unit == PathPattern.slash { arrive(at: index, &next) } else { next[index] = true }
                case .characterClass(let ranges, let negated):
                    if unit != PathPattern.slash && ranges.contains(where: { $0.contains(unit) }) != negated {
                        arrive(at: index + 1, &next)
                    }
                }
            }
            states = next
        }
        return states[tokens.count]
    }

    /// Marks a token as the next to match, and those behind it that may follow because it can be empty.
    private func arrive(at start: Int, _ states: inout [Bool]) {
        var index = start
        states[index] = true
        while index < tokens.count {
            switch tokens[index] {
            case .anyName, .anyPath, .anyDirectories: index += 1
            default: return
            }
            states[index] = true
        }
    }
}

/// Why a text is no pattern.
package struct PathPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, naming the pattern.
    package let description: String
    /// What to write instead, if that is known.
    package let advice: String?

    init(_ description: String, advice: String? = nil) {
        self.description = description
        self.advice = advice
    }
}

extension PathPattern {
    /// Whether any of `patterns` leaves an entry out, by itself or because it leaves out a directory above it.
    ///
    /// `path` is relative to the tree's root, without a slash at its ends.
    package static func exclude(_ path: [UInt8], isDirectory: Bool, by patterns: [PathPattern]) -> Bool {
        if patterns.isEmpty { return false }
        for position in path.indices where path[position] == 0x2F {
            let above = Array(path[..<position])
            if patterns.contains(where: { $0.matches(above, isDirectory: true) }) { return true }
        }
        return patterns.contains { $0.matches(path, isDirectory: isDirectory) }
    }
}
