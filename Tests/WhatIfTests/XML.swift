import Foundation
import FoundationXML
import Testing

/// Reads pictures with a parser that knows nothing of how they were made.
enum XML {
    struct Box {
        var x = 0.0
        var y = 0.0
        var width = 0.0
    }

    struct Bar {
        var x: Double
        var y: Double
        var width: Double
        var label: Box?
    }

    struct Malformed: Error { let line: Int }

    private final class Reader: NSObject, XMLParserDelegate {
        var names: [String] = []
        var bars: [Bar] = []
        private var inPlot = false
        private var depth = 0
        private var plotDepth = 0
        private var isFirstRect = false

        private static func box(_ attributes: [String: String]) -> Box {
            Box(
                x: attributes["x"].flatMap(Double.init) ?? 0, y: attributes["y"].flatMap(Double.init) ?? 0,
                width: attributes["width"].flatMap(Double.init) ?? 0)
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            names.append(name)
            depth += 1
            if attributes["id"] == "plot" { (inPlot, plotDepth) = (true, depth) }
            guard inPlot else { return }
            switch name {
            case "g" where depth == plotDepth + 1: isFirstRect = true
            case "rect" where isFirstRect:
                let box = Self.box(attributes)
                bars.append(Bar(x: box.x, y: box.y, width: box.width))
                isFirstRect = false
            case "svg": bars[bars.count - 1].label = Self.box(attributes)
            default: break
            }
        }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            if inPlot && depth == plotDepth { inPlot = false }
            depth -= 1
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> Reader {
        let reader = Reader()
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = reader
        guard parser.parse() else { throw Malformed(line: parser.lineNumber) }
        return reader
    }

    /// The names of all elements; throws when the bytes are no XML.
    static func elements(_ bytes: [UInt8]) throws -> [String] { try read(bytes).names }

    /// The bars of a chart.
    static func bars(_ bytes: [UInt8]) throws -> [Bar] { try read(bytes).bars }
}
