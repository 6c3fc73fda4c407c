package import GraphViews
package import PlanIR

/// Writes a page that shows the graphs of a plan: one file, which asks nothing of any network.
///
/// The page holds the plan as data, and draws it in the browser: what it can do is in `docs/graph-html.md`. The same
/// plan and overlay give the same bytes.
package enum GraphHTML {
    /// The bytes of the page. `view` and `operation` are what it shows first; a link to the page may say otherwise.
    ///
    /// The plan may be a sketch that no verifier has seen: resources without a plugin, and cycles.
    package static func export(
        _ ir: PlanIR, overlay: GraphOverlay = GraphOverlay(), view: GraphView = .resources,
        operation: OperationKind = .protect
    ) -> [UInt8] {
        let script = PageScript.bytes
        let style = PackageResources.page_css
        return PageTemplate(PackageResources.page_html).filled { marker in
            switch marker {
            case "policy": ContentPolicy.text(script: script, style: style)
            case "title": escaped(overlay.title.isEmpty ? ir.plan : overlay.title)
            case "style": style
            case "data": PageData.bytes(ir, overlay, view, operation)
            case "script": script
            default: []
            }
        }
    }

    /// Text as HTML; what has no place in a title becomes a space.
    private static func escaped(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x26: out.append(contentsOf: "&amp;".utf8)
            case 0x3C: out.append(contentsOf: "&lt;".utf8)
            case 0x3E: out.append(contentsOf: "&gt;".utf8)
            case 0x22: out.append(contentsOf: "&quot;".utf8)
            case 0..<0x20, 0x7F: out.append(0x20)
            default: out.append(byte)
            }
        }
        return out
    }
}

/// The page's program, made of its files.
enum PageScript {
    /// The files in the order in which they need each other.
    private static let parts: [[UInt8]] = [
        PackageResources.graph_js,  // graphs as flat arrays, and what is asked of them
        PackageResources.plan_js,  // the plan, read from the data
        PackageResources.layered_js,  // columns and rows of resources
        PackageResources.fold_js,  // cuts what is too high or too wide for a screen
        PackageResources.resources_js,  // the picture of resources
        PackageResources.lanes_js,  // the picture of activities
        PackageResources.scene_js,  // either of them, for a state of the page
        PackageResources.theme_js,  // colours and signs
        PackageResources.paint_js,  // draws
        PackageResources.viewport_js,  // pans and zooms
        PackageResources.panel_js,  // tells all about the selection
        PackageResources.page_js,  // selection, search, address
        PackageResources.controls_js,  // bar, legend, keys
        PackageResources.start_js,
    ]

    /// One strict scope around all files, so that a page has no names of theirs.
    static var bytes: [UInt8] {
        var out = Array("\"use strict\";\n(() => {\n".utf8)
        for part in parts { out.append(contentsOf: part) }
        out.append(contentsOf: "})();\n".utf8)
        return out
    }
}

/// A text with places to fill, each written as `{{name}}`.
struct PageTemplate {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The text with every place filled once; what is filled in is not looked at again.
    func filled(_ content: (_ name: String) -> [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x7B && index + 1 < bytes.count && bytes[index + 1] == 0x7B,
                let end = bytes[index...].firstIndex(of: 0x7D)
            {
                out.append(contentsOf: content(String(decoding: bytes[(index + 2)..<end], as: UTF8.self)))
                index = end + 2
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }
}
