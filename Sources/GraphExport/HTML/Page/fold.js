// Plans are wider than deep, so a tape is many rows high and a few columns wide (a chain the other way round). It is cut
// into cells that stand side by side (or below each other), so that the picture has the proportions of a screen.

/** Width to height of a picture that a screen shows well. */
const goodProportion = 1.7;
/** Pictures up to this height and this width are not cut. */
const uncutHeight = 760;
const uncutWidth = 2400;
/** The room of the lines that lead from cell to cell: above the cells that stand side by side, between the others. */
const busGap = 22;
const busLanes = 5;
const busStep = 5;

/**
 * Cuts a tape. `metrics` has `pitch` (of rows), `gap` (between columns), `margin` (between cells), `widths` (of each
 * vertex; joints have none) and `weights` (the edges that a cut should not cross, by their rows).
 * The answer says of each vertex its cell, and of each cell its columns.
 */
function cut(tape, count, metrics) {
    const whole = measured(tape, count, metrics, new Int32Array(count), 1, false);
    if (whole.height > uncutHeight && whole.width < whole.height * goodProportion) {
        return bestCut(tape, count, metrics, false);
    }
    if (metrics.canBreakColumns && whole.width > uncutWidth && whole.width > whole.height * goodProportion * 2) {
        return bestCut(tape, count, metrics, true);
    }
    return whole;
}

function bestCut(tape, count, metrics, byColumn) {
    let best;
    let smallest = Infinity;
    for (let parts = 1; parts <= 200; parts += Math.max(1, parts >> 4)) {
        const cells = byColumn ? cellsByColumn(tape, count, parts) : cellsByRow(tape, count, metrics, parts);
        const layout = measured(tape, count, metrics, cells, parts, byColumn);
        const error = Math.abs(Math.log(layout.width / layout.height / goodProportion));
        if (error < smallest) {
            smallest = error;
            best = layout;
        }
        // More parts only get wider.
        if (!byColumn && layout.width > layout.height * goodProportion * 2) break;
    }
    return best;
}

/** Equal shares of the rows, each cut moved to where it crosses the fewest edges nearby. */
function cellsByRow(tape, count, metrics, parts) {
    const rows = Math.ceil(tape.height) + 1;
    const cost = new Float64Array(rows + 2);
    for (const [a, b] of metrics.spans) {
        const low = Math.min(tape.row[a], tape.row[b]);
        const high = Math.max(tape.row[a], tape.row[b]);
        if (high - low < 0.01) continue;
        cost[Math.max(0, Math.ceil(low + 0.01))] += 1;
        cost[Math.max(0, Math.floor(high) + 1)] -= 1;
    }
    for (let i = 1; i < cost.length; i += 1) cost[i] += cost[i - 1];
    const cuts = [];
    const share = tape.height / parts;
    for (let i = 1; i < parts; i += 1) {
        const ideal = i * share;
        let best = Math.round(ideal);
        let least = Infinity;
        // Far from the ideal only where much less is cut: cells of about one height fill the screen best.
        const reach = share * 0.16;
        const first = Math.ceil(ideal - reach);
        const usual = cost.subarray(Math.max(0, first), Math.floor(ideal + reach) + 1).reduce((a, b) => Math.max(a, b), 1);
        for (let row = first; row <= ideal + reach; row += 1) {
            const price = cost[row] / usual + 0.5 * ((row - ideal) / reach) ** 2;
            if (price < least) {
                least = price;
                best = row;
            }
        }
        cuts.push(best);
    }
    const cells = new Int32Array(count);
    for (let v = 0; v < count; v += 1) {
        let cell = 0;
        while (cell < cuts.length && tape.row[v] >= cuts[cell] - 0.01) cell += 1;
        cells[v] = cell;
    }
    return cells;
}

function cellsByColumn(tape, count, parts) {
    let last = 0;
    for (let v = 0; v < count; v += 1) last = Math.max(last, tape.column[v]);
    const share = Math.ceil((last + 1) / parts);
    return Int32Array.from({ length: count }, (_, v) => Math.floor(tape.column[v] / share));
}

/** The columns and the place of each cell, given the cell of each vertex. */
function measured(tape, count, metrics, cells, parts, byColumn) {
    const layout = { cells, byColumn, list: [], width: 0, height: 0, columnOf: new Int32Array(count) };
    const members = Array.from({ length: parts }, () => []);
    let widest = 0;
    for (let v = 0; v < count; v += 1) {
        members[cells[v]].push(v);
        widest = Math.max(widest, metrics.widths[v]);
    }
    for (const own of members) {
        if (own.length === 0) {
            layout.list.push({ columns: [], left: 0, top: 0, firstRow: 0, height: 0 });
            continue;
        }
        let top = Infinity;
        let bottom = -Infinity;
        const byTapeColumn = new Map();
        for (const v of own) {
            top = Math.min(top, tape.row[v]);
            bottom = Math.max(bottom, tape.row[v]);
            const width = byColumn ? widest : metrics.widths[v];
            byTapeColumn.set(tape.column[v], Math.max(width, byTapeColumn.get(tape.column[v]) || 0));
        }
        const columns = [...byTapeColumn].sort((a, b) => a[0] - b[0]);
        const cell = {
            columns: [], left: byColumn ? 0 : layout.width, top: byColumn ? layout.height : 0, firstRow: top,
            height: (bottom - top + 1) * metrics.pitch,
        };
        let x = cell.left;
        const position = new Map();
        for (const [number, width] of columns) {
            position.set(number, cell.columns.length);
            cell.columns.push({ left: x, right: x + width });
            x += width + metrics.gap;
        }
        for (const v of own) layout.columnOf[v] = position.get(tape.column[v]);
        x -= metrics.gap;
        if (byColumn) {
            layout.width = Math.max(layout.width, x);
            layout.height += cell.height + metrics.margin;
        } else {
            layout.width = x + metrics.margin;
            layout.height = Math.max(layout.height, cell.height);
        }
        layout.list.push(cell);
    }
    return layout;
}

/** The way of an edge from one cell to another: along channels between columns and a line above the target's cell. */
function busRoute(from, to, bus, lane) {
    const out = from.right + 9 + (lane % busLanes) * 3;
    const into = to.left - 12 - (lane % busLanes) * 3;
    const y = bus - (lane % busLanes) * busStep;
    return [from.x, from.y, out, from.y, out, y, into, y, into, to.y, to.x, to.y];
}
