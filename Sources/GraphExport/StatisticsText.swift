internal import CanonicalForm
package import GraphViews
import PlanIR
import Timings

/// Writes the figures of graphs.
package enum StatisticsText {
    /// A table for people.
    package static func text(_ figures: GraphStatistics, isMeasured: Bool) -> String {
        var lines = [
            "resources      \(figures.resources)  (\(figures.roots) at the top, \(figures.shared) with several parents)",
            "dependencies   \(figures.dependencies)", "depth          \(figures.depth)", "width          \(figures.width)",
            "",
        ]
        var rows = [["operation", "activities", "working", "edges", "reduced to", "critical path", "at once"]]
        for operation in figures.operations {
            rows.append([
                operation.kind.rawValue, "\(operation.activities)", "\(operation.working)", "\(operation.edges)",
                "\(operation.optimizedActivities), \(operation.optimizedEdges) edges",
                isMeasured
                    ? "\(DurationWords.text(operation.criticalPath)) (\(operation.criticalLength))"
                    : "\(operation.criticalLength)", "\(operation.largestPhase)",
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? cell + space : "  " + space + cell
            }
            lines.append(line)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The same as JSON, with durations in seconds where there are any.
    package static func json(_ figures: GraphStatistics, isMeasured: Bool) -> [UInt8] {
        var operations = JSONObject()
        for operation in figures.operations {
            var object: JSONObject = [
                "activities": .integer(Int64(operation.activities)), "working": .integer(Int64(operation.working)),
                "edges": .integer(Int64(operation.edges)),
                "optimizedActivities": .integer(Int64(operation.optimizedActivities)),
                "optimizedEdges": .integer(Int64(operation.optimizedEdges)),
                "criticalPathActivities": .integer(Int64(operation.criticalLength)),
                "largestParallelPhase": .integer(Int64(operation.largestPhase)),
            ]
            if isMeasured { object["criticalPathSeconds"] = .number(Double(operation.criticalPath) / 1e9) }
            operations[operation.kind.rawValue] = .object(object)
        }
        let object: JSONObject = [
            "resources": .integer(Int64(figures.resources)), "roots": .integer(Int64(figures.roots)),
            "shared": .integer(Int64(figures.shared)), "dependencies": .integer(Int64(figures.dependencies)),
            "depth": .integer(Int64(figures.depth)), "width": .integer(Int64(figures.width)),
            "operations": .object(operations),
        ]
        return JSONValue.object(object).canonicalBytes + [0x0A]
    }
}
