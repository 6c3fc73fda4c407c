// The layered picture of resources: every resource right of what depends on it, few crossings, parents in the middle of
// their dependents. What comes out is a "tape": a column and a row for each node, as high as the plan is wide.

/** When edges would need more joints than this, those over several columns get none and count for nothing here. */
const mostJoints = 20000;
const jointGap = 0.45;

/**
 * Columns, rows and joints of a graph. `joints` has for each edge the vertices that stand for it in the columns between
 * its ends; vertices from `links.count` on are such joints.
 */
function layeredTape(links) {
    const acyclic = links.acyclic();
    const column = columnsOf(acyclic);
    const vertices = withJoints(acyclic, column);
    const tape = { column: vertices.column, row: new Float64Array(vertices.count), joints: [], height: 0 };
    for (let e = 0; e < links.edgeCount; e += 1) tape.joints.push([]);
    acyclic.origin.forEach((edge, i) => {
        // An edge that was turned round is drawn the way it was.
        const turned = acyclic.from[i] !== links.from[edge];
        tape.joints[edge] = turned ? vertices.joints[i].slice().reverse() : vertices.joints[i];
    });
    const isJoint = (v) => v >= links.count;
    for (const part of vertices.links.components()) {
        tape.height = stack(part, orderedLayers(part, vertices), vertices.links, tape.row, isJoint, tape.height);
    }
    return tape;
}

/** Places a part below what has been placed, and returns how high everything is then. */
function stack(part, layers, links, row, isJoint, top) {
    placeRows(layers, links, row, isJoint);
    let first = Infinity;
    let last = -Infinity;
    for (const v of part) {
        first = Math.min(first, row[v]);
        last = Math.max(last, row[v]);
    }
    for (const v of part) row[v] += top - first;
    return top + last - first + (part.length > 1 ? 1.4 : 1);
}

/** The longest way to each node; a node without parents stands just before what depends on it. */
function columnsOf(acyclic) {
    const column = acyclic.depths();
    for (let node = 0; node < acyclic.count; node += 1) {
        const targets = acyclic.targets(node);
        if (acyclic.sources(node).length > 0 || targets.length === 0) continue;
        let nearest = Infinity;
        for (const target of targets) nearest = Math.min(nearest, column[target]);
        column[node] = nearest - 1;
    }
    return column;
}

/** Splits each edge that spans columns into edges from column to column. */
function withJoints(acyclic, column) {
    let wanted = 0;
    for (let e = 0; e < acyclic.edgeCount; e += 1) wanted += column[acyclic.to[e]] - column[acyclic.from[e]] - 1;
    const columns = Array.from(column);
    const from = [];
    const to = [];
    const joints = [];
    for (let e = 0; e < acyclic.edgeCount; e += 1) {
        const own = [];
        const start = column[acyclic.from[e]];
        const end = column[acyclic.to[e]];
        if (wanted <= mostJoints || end - start <= 2) {
            let last = acyclic.from[e];
            for (let c = start + 1; c < end; c += 1) {
                own.push(columns.length);
                from.push(last);
                to.push(columns.length);
                last = columns.length;
                columns.push(c);
            }
            from.push(last);
            to.push(acyclic.to[e]);
        }
        joints.push(own);
    }
    return { count: columns.length, column: Int32Array.from(columns), links: new Links(columns.length, from, to), joints };
}

/** The vertices of one part by column, in an order with few crossings. */
function orderedLayers(part, vertices) {
    const { column, links } = vertices;
    let first = Infinity;
    let last = 0;
    for (const v of part) {
        first = Math.min(first, column[v]);
        last = Math.max(last, column[v]);
    }
    const layers = Array.from({ length: last - first + 1 }, () => []);
    for (const v of walked(part, links)) layers[column[v] - first].push(v);
    if (layers.length < 2) return layers;
    const place = new Float64Array(links.count);
    const number = () => layers.forEach((layer) => layer.forEach((v, i) => { place[v] = i; }));
    number();
    let best = layers.map((layer) => layer.slice());
    let fewest = crossings(layers, links, place);
    const sweeps = part.length > 4000 ? 6 : 14;
    for (let sweep = 0; sweep < sweeps && fewest > 0; sweep += 1) {
        const downwards = sweep % 2 === 0;
        for (let i = 1; i < layers.length; i += 1) {
            const layer = layers[downwards ? i : layers.length - 1 - i];
            sortByMiddle(layer, (v) => (downwards ? links.sources(v) : links.targets(v)), place);
        }
        const count = crossings(layers, links, place);
        if (count < fewest) {
            fewest = count;
            best = layers.map((layer) => layer.slice());
        }
    }
    return best;
}

/** The vertices as a depth-first walk from the roots meets them, so that a tree has no crossing to begin with. */
function walked(part, links) {
    const seen = new Set();
    const order = [];
    const roots = part.filter((v) => links.sources(v).length === 0);
    for (let i = roots.length - 1; i >= 0; i -= 1) order.push(roots[i]);
    const out = [];
    while (order.length > 0) {
        const v = order.pop();
        if (seen.has(v)) continue;
        seen.add(v);
        out.push(v);
        const targets = links.targets(v);
        for (let i = targets.length - 1; i >= 0; i -= 1) if (!seen.has(targets[i])) order.push(targets[i]);
    }
    return out;
}

/** Orders a column by the mean place of each vertex's neighbours; a vertex without any keeps its place. */
function sortByMiddle(layer, neighbours, place) {
    const middle = new Map();
    layer.forEach((v, i) => {
        const others = neighbours(v);
        let sum = 0;
        for (const other of others) sum += place[other];
        middle.set(v, others.length > 0 ? sum / others.length : i);
    });
    const before = new Map(layer.map((v, i) => [v, i]));
    layer.sort((a, b) => middle.get(a) - middle.get(b) || before.get(a) - before.get(b));
    layer.forEach((v, i) => { place[v] = i; });
}

/** How many pairs of edges between neighbouring columns cross. */
function crossings(layers, links, place) {
    let total = 0;
    for (let i = 0; i + 1 < layers.length; i += 1) {
        const size = layers[i + 1].length;
        const sums = new Int32Array(size + 1);
        let seen = 0;
        for (const v of layers[i]) {
            const ends = Array.from(links.targets(v), (end) => place[end]).sort((a, b) => a - b);
            for (const end of ends) {
                let below = 0;
                for (let k = end + 1; k > 0; k -= k & -k) below += sums[k];
                total += seen - below;
            }
            for (const end of ends) {
                for (let k = end + 1; k <= size; k += k & -k) sums[k] += 1;
                seen += 1;
            }
        }
    }
    return total;
}

/** Gives each vertex a row: near its neighbours, at least one row from the next resource of its column. */
function placeRows(layers, links, row, isJoint) {
    for (const layer of layers) {
        let next = 0;
        layer.forEach((v, i) => {
            if (i > 0) next += gapBetween(layer[i - 1], v, isJoint);
            row[v] = next;
        });
    }
    const sweeps = 12;
    for (let sweep = 0; sweep <= sweeps; sweep += 1) {
        // The last sweep goes from right to left: parents stand in the middle of their dependents.
        const downwards = sweep % 2 === 1;
        for (let i = 0; i < layers.length; i += 1) {
            const layer = layers[downwards ? i : layers.length - 1 - i];
            settle(layer, (v) => (downwards ? links.sources(v) : links.targets(v)), row, isJoint);
        }
    }
}

function gapBetween(a, b, isJoint) { return isJoint(a) || isJoint(b) ? jointGap + (isJoint(a) && isJoint(b) ? 0 : 0.25) : 1; }

/**
 * Moves the vertices of one column as near to their neighbours' mean as the distances allow, in the sense of least
 * squares: vertices that would overlap form a block that goes to the mean of its members' wishes.
 */
function settle(layer, neighbours, row, isJoint) {
    const offsets = [];
    const blocks = [];
    let offset = 0;
    layer.forEach((v, i) => {
        if (i > 0) offset += gapBetween(layer[i - 1], v, isJoint);
        offsets.push(offset);
        const others = neighbours(v);
        let sum = 0;
        for (const other of others) sum += row[other];
        const wish = others.length > 0 ? sum / others.length : row[v];
        const weight = others.length > 0 ? (isJoint(v) ? 4 : 1) : 0.05;
        let block = { sum: (wish - offset) * weight, weight, size: 1 };
        while (blocks.length > 0) {
            const before = blocks[blocks.length - 1];
            if (before.sum / before.weight <= block.sum / block.weight) break;
            blocks.pop();
            block = {
                sum: before.sum + block.sum, weight: before.weight + block.weight, size: before.size + block.size,
            };
        }
        blocks.push(block);
    });
    let i = 0;
    for (const block of blocks) {
        const start = block.sum / block.weight;
        for (let k = 0; k < block.size; k += 1, i += 1) row[layer[i]] = start + offsets[i];
    }
}
