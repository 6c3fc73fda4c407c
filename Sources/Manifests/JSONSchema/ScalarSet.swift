/// A set of Unicode scalars, as a pattern names them: ranges, and general categories.
struct ScalarSet: Sendable {
    private var ranges: [ClosedRange<UInt32>] = []
    /// Bits of general categories whose scalars belong to the set too.
    private var categories: UInt32 = 0
    /// Sets that belong to this one as a whole, such as an inverted class within brackets.
    private var parts: [ScalarSet] = []
    private var isInverted = false

    init() {}
    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }
    init(_ ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }
    init(categories: UInt32) { self.categories = categories }

    /// All scalars that are not in this set.
    var inverted: ScalarSet {
        var set = self
        set.isInverted.toggle()
        return set
    }

    /// The one scalar of a set that was made from one.
    var only: Unicode.Scalar? {
        guard ranges.count == 1, parts.isEmpty, categories == 0, !isInverted, ranges[0].count == 1 else { return nil }
        return Unicode.Scalar(ranges[0].lowerBound)
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    mutating func formUnion(_ other: ScalarSet) {
        if other.isInverted || !other.parts.isEmpty {
            parts.append(other)
        } else {
            ranges.append(contentsOf: other.ranges)
            categories |= other.categories
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var found = false
        for range in ranges where range.contains(scalar.value) {
            found = true
            break
        }
        if !found && categories != 0 {
            found = categories & ScalarSet.bit(of: scalar.properties.generalCategory) != 0
        }
        if !found { found = parts.contains { $0.contains(scalar) } }
        return found != isInverted
    }

    static let digit = ScalarSet([0x30...0x39])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMA-262 WhiteSpace and LineTerminator.
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let lineTerminators = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    // MARK: General categories

    /// In the order of `bit(of:)`: short name, long name.
    private static let categoryNames: [(String, String)] = [
        ("Lu", "Uppercase_Letter"), ("Ll", "Lowercase_Letter"), ("Lt", "Titlecase_Letter"), ("Lm", "Modifier_Letter"),
        ("Lo", "Other_Letter"), ("Mn", "Nonspacing_Mark"), ("Mc", "Spacing_Mark"), ("Me", "Enclosing_Mark"),
        ("Nd", "Decimal_Number"), ("Nl", "Letter_Number"), ("No", "Other_Number"), ("Pc", "Connector_Punctuation"),
        ("Pd", "Dash_Punctuation"), ("Ps", "Open_Punctuation"), ("Pe", "Close_Punctuation"),
        ("Pi", "Initial_Punctuation"), ("Pf", "Final_Punctuation"), ("Po", "Other_Punctuation"), ("Sm", "Math_Symbol"),
        ("Sc", "Currency_Symbol"), ("Sk", "Modifier_Symbol"), ("So", "Other_Symbol"), ("Zs", "Space_Separator"),
        ("Zl", "Line_Separator"), ("Zp", "Paragraph_Separator"), ("Cc", "Control"), ("Cf", "Format"),
        ("Cs", "Surrogate"), ("Co", "Private_Use"), ("Cn", "Unassigned"),
    ]

    private static let groupNames: [(String, String)] = [
        ("L", "Letter"), ("M", "Mark"), ("N", "Number"), ("P", "Punctuation"), ("S", "Symbol"), ("Z", "Separator"),
        ("C", "Other"),
    ]

    /// The bits of a general category or of a group of them; `nil` for an unknown name.
    static func categories(named name: String) -> UInt32? {
        if let group = groupNames.first(where: { $0.0 == name || $0.1 == name }) {
            var bits: UInt32 = 0
            for (index, category) in categoryNames.enumerated() where category.0.hasPrefix(group.0) {
                bits |= 1 << index
            }
            return bits
        }
        return categoryNames.firstIndex { $0.0 == name || $0.1 == name }.map { 1 << UInt32($0) }
    }

    private static func bit(of category: Unicode.GeneralCategory) -> UInt32 {
        let index: UInt32 =
            switch category {
            case .uppercaseLetter: 0
            case .lowercaseLetter: 1
            case .titlecaseLetter: 2
            case .modifierLetter: 3
            case .otherLetter: 4
            case .nonspacingMark: 5
            case .spacingMark: 6
            case .enclosingMark: 7
            case .decimalNumber: 8
            case .letterNumber: 9
            case .otherNumber: 10
            case .connectorPunctuation: 11
            case .dashPunctuation: 12
            case .openPunctuation: 13
            case .closePunctuation: 14
            case .initialPunctuation: 15
            case .finalPunctuation: 16
            case .otherPunctuation: 17
            case .mathSymbol: 18
            case .currencySymbol: 19
            case .modifierSymbol: 20
            case .otherSymbol: 21
            case .spaceSeparator: 22
            case .lineSeparator: 23
            case .paragraphSeparator: 24
            case .control: 25
            case .format: 26
            case .surrogate: 27
            case .privateUse: 28
            case .unassigned: 29
            @unknown default: 29
            }
        return 1 << index
    }
}
