/// What is wrong with a regular expression.
struct PatternFault: Error {
    let reason: String
}

/// The parts of a regular expression.
indirect enum PatternTree {
    case empty
    case scalars(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternTree])
    case alternatives([PatternTree])
    /// `most` is `nil` for no limit.
    case repeated(PatternTree, least: Int, most: Int?)
}

/// What a position, rather than a scalar, must satisfy.
enum PatternAssertion: Sendable {
    case start, end, wordBoundary, noWordBoundary
}

/// Reads the syntax of ECMA-262 regular expressions with the `u` flag, as far as they are regular.
///
/// Look-around and back-references are left out on purpose: without them every match takes linear time, so that no
/// pattern of a manifest can hang the compiler.
struct PatternParser {
    /// How deep groups may be nested; parsing recurses on them.
    private static let maximumDepth = 100
    /// The largest repeat count.
    private static let maximumCount = 1000

    private let scalars: [Unicode.Scalar]
    private var position = 0

    static func parse(_ pattern: String) throws(PatternFault) -> PatternTree {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        let tree = try parser.alternatives(depth: 0)
        if parser.position < parser.scalars.count { throw PatternFault(reason: "unmatched ')'") }
        return tree
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func consume(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func alternatives(depth: Int) throws(PatternFault) -> PatternTree {
        if depth > PatternParser.maximumDepth { throw PatternFault(reason: "groups are nested too deep") }
        var branches = [try sequence(depth: depth)]
        while consume("|") { branches.append(try sequence(depth: depth)) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence(depth: Int) throws(PatternFault) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let part = try atom(depth: depth)
            parts.append(try quantified(part))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ part: PatternTree) throws(PatternFault) -> PatternTree {
        let least: Int
        let most: Int?
        switch next {
        case "*": (least, most) = (0, nil)
        case "+": (least, most) = (1, nil)
        case "?": (least, most) = (0, 1)
        case "{":
            guard let counts = try counts() else { return part }
            (least, most) = counts
            position -= 1
        default: return part
        }
        position += 1
        if case .assertion = part { throw PatternFault(reason: "an assertion cannot be repeated") }
        // Whether it is lazy makes no difference to whether it matches.
        _ = consume("?")
        if let extra = next, extra == "*" || extra == "+" || extra == "?" {
            throw PatternFault(reason: "nothing to repeat before '\(extra)'")
        }
        return .repeated(part, least: least, most: most)
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; `nil`, and nothing is consumed, when a literal brace stands here.
    private mutating func counts() throws(PatternFault) -> (Int, Int?)? {
        var index = position + 1
        func number(_ index: inout Int) -> Int? {
            var value: Int?
            while index < scalars.count, ("0"..."9").contains(scalars[index]) {
                value = min((value ?? 0) * 10 + Int(scalars[index].value - 0x30), PatternParser.maximumCount + 1)
                index += 1
            }
            return value
        }
        guard let least = number(&index), index < scalars.count else { return nil }
        var most: Int? = least
        if scalars[index] == "," {
            index += 1
            most = number(&index)
        }
        guard index < scalars.count, scalars[index] == "}" else { return nil }
        position = index + 1
        if max(least, most ?? 0) > PatternParser.maximumCount {
            throw PatternFault(reason: "a repeat count is larger than \(PatternParser.maximumCount)")
        }
        if let most, most < least { throw PatternFault(reason: "the counts in {\(least),\(most)} are out of order") }
        return (least, most)
    }

    private mutating func atom(depth: Int) throws(PatternFault) -> PatternTree {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(": return try group(depth: depth)
        case "[": return .scalars(try bracket())
        case ".": return .scalars(ScalarSet.lineTerminators.inverted)
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "*", "+", "?": throw PatternFault(reason: "nothing to repeat before '\(scalar)'")
        case "\\":
            if consume("b") { return .assertion(.wordBoundary) }
            if consume("B") { return .assertion(.noWordBoundary) }
            return .scalars(try escape(inBracket: false))
        default: return .scalars(ScalarSet(scalar))
        }
    }

    private mutating func group(depth: Int) throws(PatternFault) -> PatternTree {
        if consume("?") {
            if consume("<") {
                if next == "=" || next == "!" { throw PatternFault(reason: "look-behind is not supported") }
                let start = position
                while let scalar = next, scalar != ">" {
                    guard ScalarSet.word.contains(scalar) || scalar == "$" else { break }
                    position += 1
                }
                if position == start || !consume(">") { throw PatternFault(reason: "the name of a group is malformed") }
            } else if next == "=" || next == "!" {
                throw PatternFault(reason: "look-ahead is not supported; combine two patterns with 'allOf' or 'not'")
            } else if !consume(":") {
                throw PatternFault(reason: "'(?' must be followed by ':' or '<name>'")
            }
        }
        let inner = try alternatives(depth: depth + 1)
        if !consume(")") { throw PatternFault(reason: "a group does not end with ')'") }
        return inner
    }

    // MARK: Sets

    private mutating func bracket() throws(PatternFault) -> ScalarSet {
        let isNegated = consume("^")
        var set = ScalarSet()
        while true {
            guard let scalar = next else { throw PatternFault(reason: "a set does not end with ']'") }
            position += 1
            if scalar == "]" { break }
            let low = scalar == "\\" ? try escape(inBracket: true) : ScalarSet(scalar)
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                set.formUnion(low)
                continue
            }
            position += 2
            let end = scalars[position - 1]
            let high = end == "\\" ? try escape(inBracket: true) : ScalarSet(end)
            guard let first = low.only, let last = high.only else {
                throw PatternFault(reason: "a class cannot be the end of a range in a set")
            }
            guard first <= last else { throw PatternFault(reason: "a range in a set is out of order") }
            set.insert(first.value...last.value)
        }
        return isNegated ? set.inverted : set
    }

    private mutating func escape(inBracket: Bool) throws(PatternFault) -> ScalarSet {
        guard let scalar = next else { throw PatternFault(reason: "the pattern ends with '\\'") }
        position += 1
        switch scalar {
        case "d": return .digit
        case "D": return ScalarSet.digit.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "s": return .space
        case "S": return ScalarSet.space.inverted
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "v": return ScalarSet("\u{0B}")
        case "f": return ScalarSet("\u{0C}")
        case "b" where inBracket: return ScalarSet("\u{08}")
        case "0":
            if let digit = next, ("0"..."9").contains(digit) { break }
            return ScalarSet("\0")
        case "c":
            guard let letter = next, letter.properties.isAlphabetic, letter.isASCII else { break }
            position += 1
            return ScalarSet(Unicode.Scalar(UInt8(letter.value % 32)))
        case "x": return ScalarSet(try hexadecimal(digits: 2))
        case "u": return ScalarSet(try unicodeEscape())
        case "p", "P":
            let set = try property()
            return scalar == "P" ? set.inverted : set
        case "1"..."9", "k": throw PatternFault(reason: "back-references are not supported")
        default:
            if !ScalarSet.word.contains(scalar) || scalar == "_" { return ScalarSet(scalar) }
        }
        throw PatternFault(reason: "unknown escape '\\\(scalar)'")
    }

    private mutating func hexadecimal(digits: Int) throws(PatternFault) -> Unicode.Scalar {
        let value = try hexadecimalValue(digits: digits)
        guard let scalar = Unicode.Scalar(value) else {
            throw PatternFault(reason: "an escape names half a surrogate pair")
        }
        return scalar
    }

    private mutating func hexadecimalValue(digits: Int) throws(PatternFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = next?.properties.numericHexadecimal else {
                throw PatternFault(reason: "an escape needs \(digits) hexadecimal digits")
            }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private mutating func unicodeEscape() throws(PatternFault) -> Unicode.Scalar {
        if consume("{") {
            var value: UInt32 = 0
            var count = 0
            while let digit = next?.properties.numericHexadecimal, value <= 0x10FFFF {
                value = value << 4 | digit
                position += 1
                count += 1
            }
            guard count > 0, consume("}"), let scalar = Unicode.Scalar(value) else {
                throw PatternFault(reason: "'\\u{…}' does not name a scalar")
            }
            return scalar
        }
        let high = try hexadecimalValue(digits: 4)
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, consume("\\"), consume("u") else {
            throw PatternFault(reason: "an escape names half a surrogate pair")
        }
        let low = try hexadecimalValue(digits: 4)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw PatternFault(reason: "an escape names half a surrogate pair") }
        return scalar
    }

    private mutating func property() throws(PatternFault) -> ScalarSet {
        var name = ""
        guard consume("{") else { throw PatternFault(reason: "'\\p' must be followed by '{…}'") }
        while let scalar = next, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard consume("}") else { throw PatternFault(reason: "'\\p{' does not end with '}'") }
        for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        guard let categories = ScalarSet.categories(named: name) else {
            throw PatternFault(reason: "the property '\(name)' is not supported; general categories such as 'L' are")
        }
        return ScalarSet(categories: categories)
    }
}

extension Unicode.Scalar.Properties {
    /// The value of an ASCII hexadecimal digit.
    fileprivate var numericHexadecimal: UInt32? {
        guard isASCIIHexDigit, let value = numericValue else { return asciiLetterValue }
        return UInt32(value)
    }

    private var asciiLetterValue: UInt32? {
        guard isASCIIHexDigit, let letter = lowercaseMapping.utf8.first else { return nil }
        return UInt32(letter) - 0x61 + 10
    }
}
