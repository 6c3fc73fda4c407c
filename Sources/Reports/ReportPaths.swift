/// How files are named in formats in which a program looks for them: relative to the top of a checkout where the
/// working directory is known to lie in one, else as the user named them.
package struct ReportPaths: Sendable {
    /// The top of the checkout, without a slash at its end.
    private let top: String
    private let directory: String

    /// Names files as the user did.
    package init() {
        top = ""
        directory = ""
    }

    /// Names files relative to `top`, as they are seen from `directory`; both are absolute.
    package init(top: String, directory: String) {
        self.top = top.hasPrefix("/") ? ReportPaths.clean(top) : ""
        self.directory = ReportPaths.clean(directory)
    }

    /// The path of a file for a program.
    func path(of name: String) -> String {
        if name.hasPrefix("<") { return name }
        guard !top.isEmpty else { return ReportPaths.clean(name) }
        let absolute = name.hasPrefix("/") ? ReportPaths.clean(name) : ReportPaths.clean(directory + "/" + name)
        if absolute.hasPrefix(top + "/") { return String(absolute.dropFirst(top.utf8.count + 1)) }
        return name.hasPrefix("/") ? absolute : ReportPaths.clean(name)
    }

    /// The path without empty steps, `.`, and steps that `..` takes back.
    static func clean(_ path: String) -> String {
        let isAbsolute = path.hasPrefix("/")
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step != ".." {
                steps.append(step)
            } else if let last = steps.last, last != ".." {
                steps.removeLast()
            } else if !isAbsolute {
                steps.append(step)
            }
        }
        let joined = steps.joined(separator: "/")
        return isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined
    }

    /// The path as a URI reference: relative, or with the scheme `file` when it is absolute.
    func uri(of name: String) -> String {
        let path = path(of: name)
        let encoded = ReportPaths.percentEncoded(path)
        return path.hasPrefix("/") ? "file://" + encoded : encoded
    }

    /// `text` with every byte escaped that may not stand in a path of a URI; a colon would begin a scheme.
    static func percentEncoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
