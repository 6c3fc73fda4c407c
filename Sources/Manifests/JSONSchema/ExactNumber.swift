internal import CanonicalForm

/// Arithmetic on numbers as they are written in decimal, so that `0.3` is a multiple of `0.1`.
enum ExactNumber {
    /// The value as an integer when it is one, so that equal numbers are equal values.
    static func normalized(_ value: Double) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(value)
    }

    /// Whether `value` is an integral multiple of `divisor`, which is positive.
    static func isMultiple(_ value: JSONValue, of divisor: JSONValue) -> Bool {
        if case .integer(let a) = value, case .integer(let b) = divisor, b != 0 {
            return a.magnitude % b.magnitude == 0
        }
        guard let a = decimal(value), let b = decimal(divisor), b.digits != 0 else { return false }
        if a.digits == 0 { return true }
        if a.exponent >= b.exponent {
            // (a · 10^k) mod b, one factor at a time.
            var rest = a.digits % b.digits
            for _ in 0..<(a.exponent - b.exponent) {
                if rest == 0 { return true }
                let product = rest.multipliedFullWidth(by: 10)
                rest = b.digits.dividingFullWidth((product.high % b.digits, product.low)).remainder
            }
            return rest == 0
        }
        var scaled = b.digits
        for _ in 0..<(b.exponent - a.exponent) {
            let (product, overflow) = scaled.multipliedReportingOverflow(by: 10)
            if overflow || product > a.digits { return false }
            scaled = product
        }
        return a.digits % scaled == 0
    }

    /// The magnitude as `digits · 10^exponent`, from the shortest digits that round-trip.
    private static func decimal(_ value: JSONValue) -> (digits: UInt64, exponent: Int)? {
        switch value {
        case .integer(let integer): return (integer.magnitude, 0)
        case .number(let number):
            var digits: UInt64 = 0
            var exponent = 0
            var isFraction = false
            let text = number.magnitude.description
            let parts = text.split(separator: "e")
            for byte in parts[0].utf8 {
                if byte == UInt8(ascii: ".") {
                    isFraction = true
                } else {
                    guard byte.isDigit, digits < UInt64.max / 10 - 1 else { return nil }
                    digits = digits * 10 + UInt64(byte - 0x30)
                    if isFraction { exponent -= 1 }
                }
            }
            if parts.count > 1 { exponent += Int(parts[1]) ?? 0 }
            while digits != 0 && digits % 10 == 0 {
                digits /= 10
                exponent += 1
            }
            return (digits, exponent)
        default: return nil
        }
    }

    /// Compares numbers by value; integers that do not fit a double exactly are compared without rounding.
    static func isLess(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x < y
        case (.number(let x), .number(let y)): x < y
        case (.integer(let x), .number(let y)): isLess(x, y)
        case (.number(let x), .integer(let y)): x != Double(y) ? x < Double(y) : isGreater(y, x)
        default: false
        }
    }

    private static func isLess(_ x: Int64, _ y: Double) -> Bool {
        let rounded = Double(x)
        if rounded != y { return rounded < y }
        return Int64(exactly: y).map { x < $0 } ?? (y > 0)
    }

    private static func isGreater(_ x: Int64, _ y: Double) -> Bool {
        Int64(exactly: y).map { x > $0 } ?? (y < 0)
    }
}

extension JSONValue {
    /// The value with every integral number as an integer; equal values then have equal canonical bytes.
    var withNormalNumbers: JSONValue {
        switch self {
        case .number(let value): ExactNumber.normalized(value)
        case .array(let elements): .array(elements.map(\.withNormalNumbers))
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, $0.value.withNormalNumbers) }))
        default: self
        }
    }
}
