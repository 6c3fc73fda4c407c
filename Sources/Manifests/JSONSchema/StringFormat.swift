internal import Schedules

/// The formats that a schema can demand of a string; all are asserted.
enum StringFormat: String, Sendable, CaseIterable {
    case dateTime = "date-time"
    case date, time, duration, email, hostname, ipv4, ipv6, uri
    case uriReference = "uri-reference"
    case uuid, regex
    case jsonPointer = "json-pointer"
    /// Ours: a path that starts at the root, without NUL bytes.
    case absolutePath = "absolute-path"
    /// Ours: a duration as plans have them, such as 30m.
    case timeSpan = "time-span"

    /// What a string of this format is, to be read after "must be".
    var description: String {
        switch self {
        case .dateTime: "a date and time such as 2026-01-31T12:00:00Z"
        case .date: "a date such as 2026-01-31"
        case .time: "a time with zone such as 12:00:00Z"
        case .duration: "an ISO 8601 duration such as PT30M"
        case .email: "an e-mail address"
        case .hostname: "a host name"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .uri: "an absolute URI"
        case .uriReference: "a URI or a relative reference"
        case .uuid: "a UUID"
        case .regex: "a regular expression"
        case .jsonPointer: "a JSON pointer such as /a/0"
        case .absolutePath: "an absolute path"
        case .timeSpan: "a duration such as 90s, 30m or 2h"
        }
    }

    func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)[...]
        switch self {
        case .dateTime:
            guard bytes.count > 11, bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
            return StringFormat.isDate(bytes[..<10]) && StringFormat.isTime(bytes[11...])
        case .date: return StringFormat.isDate(bytes)
        case .time: return StringFormat.isTime(bytes)
        case .duration: return StringFormat.isDuration(bytes)
        case .email: return InternetFormat.isEmail(bytes)
        case .hostname: return InternetFormat.isHostname(bytes)
        case .ipv4: return InternetFormat.isIPv4(bytes)
        case .ipv6: return InternetFormat.isIPv6(bytes)
        case .uri: return InternetFormat.isURI(bytes, absolute: true)
        case .uriReference: return InternetFormat.isURI(bytes, absolute: false)
        case .uuid:
            return bytes.count == 36
                && bytes.indices.allSatisfy { index in
                    [8, 13, 18, 23].contains(index) ? bytes[index] == UInt8(ascii: "-") : bytes[index].isHexadecimal
                }
        case .regex: return (try? Pattern(text)) != nil
        case .jsonPointer:
            guard let first = bytes.first else { return true }
            guard first == UInt8(ascii: "/") else { return false }
            return bytes.indices.allSatisfy { index in
                bytes[index] != UInt8(ascii: "~")
                    || index + 1 < bytes.count && (bytes[index + 1] == 0x30 || bytes[index + 1] == 0x31)
            }
        case .absolutePath: return bytes.first == UInt8(ascii: "/") && !bytes.contains(0)
        case .timeSpan: return DurationText.seconds(text) != nil
        }
    }

    /// The value of exactly `count` digits at the front, which are removed.
    private static func number(_ bytes: inout ArraySlice<UInt8>, digits count: Int) -> Int? {
        guard bytes.count >= count, bytes.prefix(count).allSatisfy(\.isDigit) else { return nil }
        let value = bytes.prefix(count).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        bytes = bytes.dropFirst(count)
        return value
    }

    private static func drop(_ scalar: Unicode.Scalar, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: scalar) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        guard let year = number(&rest, digits: 4), drop("-", &rest), let month = number(&rest, digits: 2),
            drop("-", &rest), let day = number(&rest, digits: 2), rest.isEmpty, (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    private static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        guard let hour = number(&rest, digits: 2), drop(":", &rest), let minute = number(&rest, digits: 2),
            drop(":", &rest), let second = number(&rest, digits: 2), hour < 24, minute < 60, second < 61
        else { return false }
        if drop(".", &rest) {
            let fraction = rest.prefix(while: \.isDigit).count
            if fraction == 0 { return false }
            rest = rest.dropFirst(fraction)
        }
        var offset = 0
        if !drop("Z", &rest) && !drop("z", &rest) {
            let isNegative = rest.first == UInt8(ascii: "-")
            guard drop("+", &rest) || drop("-", &rest), let hours = number(&rest, digits: 2), drop(":", &rest),
                let minutes = number(&rest, digits: 2), hours < 24, minutes < 60
            else { return false }
            offset = (isNegative ? -1 : 1) * (hours * 60 + minutes)
        }
        // A leap second is the last of a day in UTC.
        let utc = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440
        return rest.isEmpty && (second < 60 || utc == 1439)
    }

    private static func isDuration(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        guard drop("P", &rest) else { return false }
        /// Reads numbers whose units follow each other without a gap; the number of them.
        func units(_ order: String) -> Int? {
            let order = Array(order.utf8)
            var place: Int?
            var count = 0
            while let first = rest.first, first.isDigit {
                rest = rest.drop(while: \.isDigit)
                guard let unit = rest.first, let index = order.firstIndex(of: unit) else { return nil }
                if let place, index != place + 1 { return nil }
                place = index
                rest = rest.dropFirst()
                count += 1
            }
            return count
        }
        if let week = rest.firstIndex(of: UInt8(ascii: "W")) {
            return week == rest.endIndex - 1 && week > rest.startIndex && rest.dropLast().allSatisfy(\.isDigit)
        }
        guard let days = units("YMD") else { return false }
        if drop("T", &rest) {
            guard let times = units("HMS"), times > 0 else { return false }
            return rest.isEmpty
        }
        return rest.isEmpty && days > 0
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }
    var isHexadecimal: Bool { isDigit || (self | 0x20) >= 0x61 && (self | 0x20) <= 0x66 }
}
