// The picture of the activities of an operation: a band for each resource with its hooks on one line, time going to the
// right. A parent's band spans what its dependents do between its prepareBegin and its prepareFinish. Lines run in the
// channels between columns and along free parts of bands, so that none passes through an activity.

const pill = { width: 108, height: 22, jointWidth: 12, fixedWidth: 58, fixedHeight: 26 };
const band = { pitch: 56, height: 48, label: 17, inset: 9 };
/** How far above the bands the lines from the start and to the finish run. */
const startLine = busGap + busLanes * busStep + 14;
const finishLine = startLine + 18;

/** Bands, activities and lines of the given resources; barriers are left out on demand. */
function drawActivities(plan, operation, shown, hidesBarriers) {
    const order = plan.order(operation);
    const isShown = new Uint8Array(plan.count);
    for (const resource of shown) isShown[resource] = 1;
    const isRemoved = new Uint8Array(order.count);
    let removes = false;
    for (let a = fixedCount; a < order.count; a += 1) {
        const resource = plan.resourceOf(a);
        if (isShown[resource] && !(hidesBarriers && !plan.works(operation, resource, plan.hookOf(a)))) continue;
        isRemoved[a] = 1;
        removes = true;
    }
    const left = removes
        ? withoutNodes(order, isRemoved)
        : { kept: new Uint8Array(order.count).fill(1), links: order };
    const rows = bandOrder(plan, left.kept);
    const activities = [];
    for (let a = fixedCount; a < order.count; a += 1) if (left.kept[a] !== 0) activities.push(a);
    const depths = left.links.acyclic().depths();
    const tape = {
        column: Int32Array.from(activities, (a) => depths[a]),
        row: Float64Array.from(activities, (a) => rows.get(plan.resourceOf(a))),
        height: rows.size,
    };
    const layout = cut(tape, activities.length, {
        pitch: band.pitch, gap: 50, margin: 96, canBreakColumns: false, spans: bandSpans(plan, activities, rows),
        widths: Float64Array.from(activities, (a) => activityWidth(plan, operation, a, left.kept[a] === 2)),
    });
    return bandsAndLines(plan, operation, activities, left, tape, layout);
}

/** Wide enough for the hook's name and what an overlay notes beside it, such as a duration. */
function activityWidth(plan, operation, activity, isJoint) {
    if (isJoint) return pill.jointWidth;
    const { note } = plan.markOfActivity(operation, activity);
    return pill.width + (note === "" ? 0 : Math.min(84, note.length * 6.5 + 8));
}

/** The row of each resource that has an activity left: parents before their dependents, families together. */
function bandOrder(plan, kept) {
    const rows = new Map();
    const has = (resource) => hookNames.some((_, hook) => kept[plan.activity(resource, hook)] !== 0);
    for (const part of plan.acyclic.components()) {
        for (const resource of walked(part, plan.acyclic)) if (has(resource)) rows.set(resource, rows.size);
    }
    return rows;
}

/** One activity each of every parent and dependent: where rows are cut, few of these should be. */
function bandSpans(plan, activities, rows) {
    const first = new Map();
    activities.forEach((a, v) => {
        const resource = plan.resourceOf(a);
        if (!first.has(resource)) first.set(resource, v);
    });
    const spans = [];
    for (const resource of rows.keys()) {
        for (const dependent of plan.resources.targets(resource)) {
            if (rows.has(dependent)) spans.push([first.get(resource), first.get(dependent)]);
        }
    }
    return spans;
}

function bandsAndLines(plan, operation, activities, left, tape, layout) {
    const nodes = [];
    const bands = new Map();
    const place = new Map();
    activities.forEach((activity, v) => {
        const cell = layout.list[layout.cells[v]];
        const column = cell.columns[layout.columnOf[v]];
        const top = cell.top + (tape.row[v] - cell.firstRow) * band.pitch;
        const isJoint = left.kept[activity] === 2;
        const width = activityWidth(plan, operation, activity, isJoint);
        const resource = plan.resourceOf(activity);
        const node = {
            activity, resource, hook: plan.hookOf(activity), isJoint,
            isBarrier: !plan.works(operation, resource, plan.hookOf(activity)),
            x: column.left, y: top + band.label + 3, width, height: pill.height, left: column.left, right: column.right,
            cell: layout.cells[v], column: layout.columnOf[v], top,
        };
        place.set(activity, nodes.length);
        nodes.push(node);
        if (!bands.has(resource)) {
            bands.set(resource, { resource, x: Infinity, y: top, right: -Infinity, height: band.height, taken: [], nodes: [] });
        }
        const own = bands.get(resource);
        own.x = Math.min(own.x, node.x - band.inset);
        own.right = Math.max(own.right, node.x + width + band.inset);
        own.taken.push(node.column);
    });
    for (const own of bands.values()) own.width = own.right - own.x;
    addFixed(nodes, place, layout);
    const edges = [];
    const lanes = new Map();
    for (let e = 0; e < left.links.edgeCount; e += 1) {
        const from = place.get(left.links.from[e]);
        const to = place.get(left.links.to[e]);
        const a = nodes[from];
        const b = nodes[to];
        const kind = a.resource < 0 || b.resource < 0 ? "fixed" : a.resource === b.resource ? "inner" : "between";
        edges.push({
            from, to, kind, points: activityLine(a, b, bands, layout, lanes),
            isCycle: kind === "between"
                && (plan.isOnCycle(a.resource, b.resource) || plan.isOnCycle(b.resource, a.resource)),
        });
    }
    return { nodes, edges, bands: [...bands.values()] };
}

/** Start and finish, on lines of their own above all bands. */
function addFixed(nodes, place, layout) {
    const common = {
        resource: -1, hook: -1, isBarrier: true, isJoint: false, width: pill.fixedWidth, height: pill.fixedHeight,
        cell: -1, column: -1,
    };
    const right = layout.list.reduce((most, cell) => Math.max(most, cell.columns.at(-1)?.right || 0), 0);
    place.set(0, nodes.length);
    nodes.push({ ...common, activity: 0, x: -pill.fixedWidth - 40, y: -startLine - pill.fixedHeight / 2 });
    place.set(1, nodes.length);
    nodes.push({ ...common, activity: 1, x: right + 40, y: -finishLine - pill.fixedHeight / 2 });
}

/** The points of a line between two activities. */
function activityLine(a, b, bands, layout, lanes) {
    const ay = a.y + a.height / 2;
    const by = b.y + b.height / 2;
    const start = a.x + a.width;
    if (a.resource < 0 && b.resource < 0) return [start, ay, (start + b.x) / 2, ay, (start + b.x) / 2, by, b.x, by];
    if (a.resource < 0 && a.activity === 0) return [start, ay, b.left - 20, ay, b.left - 20, by, b.x, by];
    if (b.resource < 0 && b.activity === 1) return [start, ay, a.right + 16, ay, a.right + 16, by, b.x, by];
    if (a.resource < 0 || b.resource < 0) return [start, ay, b.x, by];
    if (a.cell !== b.cell) {
        if (!lanes.has(a.resource)) lanes.set(a.resource, lanes.size);
        return busRoute(
            { x: start, y: ay, right: a.right }, { x: b.x, y: by, left: b.left },
            layout.list[b.cell].top - busGap, lanes.get(a.resource));
    }
    const out = a.right + 9;
    const into = b.left - 12;
    const isFree = (resource) =>
        !bands.get(resource).taken.some((column) => column > a.column && column < b.column);
    if (a.column < b.column) {
        if (a.resource === b.resource && isFree(a.resource)) return [start, ay, b.x, by];
        if (a.resource !== b.resource) {
            if (isFree(b.resource)) return [start, ay, out, ay, out, by, b.x, by];
            if (isFree(a.resource)) return [start, ay, into, ay, into, by, b.x, by];
        }
    }
    const between = b.top - (band.pitch - band.height) / 2;
    return [start, ay, out, ay, out, between, into, between, into, by, b.x, by];
}
