// The picture of the resources: boxes, and lines from each to its dependents.

const boxHeight = 40;

/** Widths come from the number of characters, so that the same plan has the same layout with every font. */
function boxWidth(plan, resource) {
    const longest = Math.max(plan.names[resource].length * 8.4, subtitle(plan, resource).length * 6.6);
    return Math.round(Math.min(240, Math.max(104, longest + 28)));
}

/** The second line of a box: what kind of thing it is and, where the name is another, its id. */
function subtitle(plan, resource) {
    const kind = kindOf(plan.type(resource));
    return plan.names[resource] === plan.ids[resource] ? kind : `${kind} ${plan.ids[resource]}`;
}

/** Boxes and lines of the given resources. */
function drawResources(plan, shown) {
    const number = new Map(shown.map((resource, i) => [resource, i]));
    const from = [];
    const to = [];
    for (const resource of shown) {
        for (const dependent of plan.resources.targets(resource)) {
            if (!number.has(dependent)) continue;
            from.push(number.get(resource));
            to.push(number.get(dependent));
        }
    }
    const links = new Links(shown.length, from, to);
    const tape = layeredTape(links);
    const metrics = {
        pitch: 50, gap: 66, margin: 74, canBreakColumns: true, spans: from.map((_, e) => [from[e], to[e]]),
        widths: Float64Array.from(tape.column, (_, v) => (v < shown.length ? boxWidth(plan, shown[v]) : 0)),
    };
    const layout = cut(tape, shown.length, metrics);
    const moved = layout.list.length > 1 && !layout.byColumn ? gather(links, tape, layout) : new Set();
    const rows = settledRows(links, tape, layout, moved);
    return boxesAndLines(plan, shown, links, tape, measuredAgain(tape, rows, shown.length, metrics, layout), rows);
}

/**
 * Moves each resource into the cell in which most of its dependents are, the first of several, while there is room in
 * its column. Returns what has moved.
 */
function gather(links, tape, layout) {
    const moved = new Set();
    const place = (cell, v) => cell * 100000 + tape.column[v];
    const load = new Map();
    layout.cells.forEach((cell, v) => load.set(place(cell, v), (load.get(place(cell, v)) || 0) + 1));
    const room = tape.height / layout.list.length;
    const order = links.acyclic().order();
    for (let i = order.length - 1; i >= 0; i -= 1) {
        const v = order[i];
        const counts = new Map();
        for (const target of links.targets(v)) {
            counts.set(layout.cells[target], (counts.get(layout.cells[target]) || 0) + 1);
        }
        if (counts.size === 0) continue;
        const most = Math.max(...counts.values());
        let best = Infinity;
        for (const [cell, count] of counts) if (count * 2 > most && cell < best) best = cell;
        const old = layout.cells[v];
        if (best === old || (load.get(place(best, v)) || 0) >= room * 0.8) continue;
        load.set(place(old, v), load.get(place(old, v)) - 1);
        load.set(place(best, v), (load.get(place(best, v)) || 0) + 1);
        layout.cells[v] = best;
        moved.add(v);
    }
    return moved;
}

/** Rows anew within each cell, since a parent whose dependents are elsewhere need not keep a place among them. */
function settledRows(links, tape, layout, moved) {
    const count = tape.column.length;
    const cells = new Int32Array(count).fill(-1);
    cells.set(layout.cells);
    const inner = { from: [], to: [] };
    for (let e = 0; e < links.edgeCount; e += 1) {
        const cell = cells[links.from[e]];
        if (cell !== cells[links.to[e]] || links.from[e] === links.to[e]) continue;
        const way = [links.from[e], ...tape.joints[e], links.to[e]];
        for (const joint of tape.joints[e]) cells[joint] = cell;
        if (tape.column[way[0]] > tape.column[way[way.length - 1]]) way.reverse();
        if (tape.joints[e].length + 1 < Math.abs(tape.column[links.to[e]] - tape.column[links.from[e]])) continue;
        for (let i = 0; i + 1 < way.length; i += 1) {
            inner.from.push(way[i]);
            inner.to.push(way[i + 1]);
        }
    }
    const rows = Float64Array.from(tape.row);
    layout.jointCells = cells;
    if (layout.list.length === 1) return rows;
    const innerLinks = new Links(count, inner.from, inner.to);
    const heights = new Float64Array(layout.list.length);
    const middle = (part) => part.reduce((sum, v) => sum + tape.row[v], 0) / part.length;
    const parts = innerLinks.components().filter((part) => cells[part[0]] >= 0)
        .map((part) => ({ part, middle: middle(part) })).sort((a, b) => a.middle - b.middle || a.part[0] - b.part[0]);
    for (const { part } of parts) {
        const cell = cells[part[0]];
        const layers = new Map();
        for (const v of part) {
            if (!layers.has(tape.column[v])) layers.set(tape.column[v], []);
            layers.get(tape.column[v]).push(v);
        }
        const ordered = [...layers].sort((a, b) => a[0] - b[0]).map(([, layer]) => layer);
        for (const layer of ordered) sortByRow(layer, innerLinks, tape.row, moved);
        heights[cell] = stack(part, ordered, innerLinks, rows, (v) => v >= links.count, heights[cell]);
    }
    return rows;
}

/** By the row on the tape; what has moved, by those of its dependents here. */
function sortByRow(layer, links, row, moved) {
    const wish = new Map();
    for (const v of layer) {
        const targets = links.targets(v);
        let sum = 0;
        for (const target of targets) sum += row[target];
        wish.set(v, moved.has(v) && targets.length > 0 ? sum / targets.length : row[v]);
    }
    layer.sort((a, b) => wish.get(a) - wish.get(b) || a - b);
}

function measuredAgain(tape, rows, count, metrics, layout) {
    const again = measured(
        { column: tape.column, row: rows }, count, metrics, layout.cells, layout.list.length, layout.byColumn);
    again.jointCells = layout.jointCells;
    again.tapeColumns = again.list.map(() => new Map());
    for (let v = 0; v < count; v += 1) again.tapeColumns[layout.cells[v]].set(tape.column[v], again.columnOf[v]);
    again.pitch = metrics.pitch;
    return again;
}

function boxesAndLines(plan, shown, links, tape, layout, rows) {
    const middle = (v, cell) => cell.top + (rows[v] - cell.firstRow) * layout.pitch + boxHeight / 2;
    const nodes = shown.map((resource, v) => {
        const cell = layout.list[layout.cells[v]];
        const column = cell.columns[layout.columnOf[v]];
        const width = boxWidth(plan, resource);
        return {
            resource, hook: -1, x: column.left, y: middle(v, cell) - boxHeight / 2, width, height: boxHeight,
            right: column.right, cell: layout.cells[v], column: tape.column[v],
        };
    });
    const lanes = new Map();
    const edges = [];
    for (let e = 0; e < links.edgeCount; e += 1) {
        const a = nodes[links.from[e]];
        const b = nodes[links.to[e]];
        edges.push({
            from: links.from[e], to: links.to[e], kind: "resource",
            points: lineOf(a, b, tape.joints[e], layout, tape, middle, lanes),
            isCycle: plan.isOnCycle(a.resource, b.resource),
        });
    }
    return { nodes, edges, bands: [] };
}

/** The points of a line; between two points that differ both ways it is a curve, else straight. */
function lineOf(a, b, joints, layout, tape, middle, lanes) {
    const start = { x: a.x + a.width, y: a.y + a.height / 2, right: a.right };
    const end = { x: b.x, y: b.y + b.height / 2, left: b.x };
    if (a === b) {
        const y = a.y - 9;
        return [start.x, start.y, start.x + 8, start.y, start.x + 8, y, b.x - 12, y, b.x - 12, end.y, b.x, end.y];
    }
    const cell = layout.list[a.cell];
    if (a.cell === b.cell) {
        const leftwards = b.column < a.column;
        const columns = layout.tapeColumns[a.cell];
        // A line that goes back to the left keeps apart from those that come from there.
        const aside = leftwards ? boxHeight * 0.28 : 0;
        const points = leftwards ? [a.x, start.y + aside] : [start.x, start.y, start.right, start.y];
        let last = columns.get(a.column);
        let isWhole = true;
        for (const joint of joints) {
            const number = columns.get(tape.column[joint]);
            if (number === undefined) continue;
            const column = cell.columns[number];
            const y = middle(joint, cell);
            if (leftwards) points.push(column.right, y, column.left, y);
            else points.push(column.left, y, column.right, y);
            isWhole = isWhole && Math.abs(number - last) === 1;
            last = number;
        }
        isWhole = isWhole && Math.abs(columns.get(b.column) - last) === 1;
        if (isWhole) {
            if (leftwards) points.push(b.right, end.y + aside, b.x + b.width, end.y + aside);
            else points.push(end.x, end.y);
            return points;
        }
    }
    if (!lanes.has(a)) lanes.set(a, lanes.size);
    return busRoute(start, end, layout.list[b.cell].top - busGap, lanes.get(a));
}
