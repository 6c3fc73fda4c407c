// What is drawn for a state of the page, and what stands out in it.

/** The resources that the filters let through. */
function shownResources(plan, state) {
    const family = state.only >= 0 ? new Set([...familyOf(plan, state.only)]) : null;
    const out = [];
    for (let resource = 0; resource < plan.count; resource += 1) {
        if (family && !family.has(resource)) continue;
        if (state.hiddenTypes.has(plan.data.type[resource])) continue;
        if (state.hiddenPlugins.has(plan.plugin(resource))) continue;
        out.push(resource);
    }
    return out;
}

/** A resource with all its ancestors and descendants. */
function familyOf(plan, resource) {
    return [resource, ...plan.resources.reach([resource], true), ...plan.resources.reach([resource], false)];
}

/** Lays out what the state shows. */
function buildScene(plan, state) {
    const shown = shownResources(plan, state);
    const scene = state.view === "resources"
        ? drawResources(plan, shown)
        : drawActivities(plan, state.operation, shown, state.hidesBarriers);
    scene.view = state.view;
    scene.operation = state.operation;
    scene.shown = shown;
    const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    const widen = (box) => {
        bounds.left = Math.min(bounds.left, box.x);
        bounds.top = Math.min(bounds.top, box.y);
        bounds.right = Math.max(bounds.right, box.x + box.width);
        bounds.bottom = Math.max(bounds.bottom, box.y + box.height);
    };
    for (const node of scene.nodes) widen(node);
    for (const own of scene.bands) widen(own);
    for (const edge of scene.edges) {
        edge.box = boxAround(edge.points);
        widen(edge.box);
    }
    if (scene.nodes.length === 0) Object.assign(bounds, { left: 0, top: 0, right: 1, bottom: 1 });
    scene.bounds = { x: bounds.left, y: bounds.top, width: bounds.right - bounds.left, height: bounds.bottom - bounds.top };
    const weight = (box) => plan.resources.targets(box.resource).length * 2 + plan.resources.sources(box.resource).length;
    const heavy = (boxes) => boxes.filter((box) => box.resource >= 0 && weight(box) > 2)
        .map((box, i) => ({ box, i, weight: weight(box) }))
        .sort((a, b) => b.weight - a.weight || a.i - b.i).map(({ box }) => box);
    scene.byWeight = {
        nodes: state.view === "resources" ? heavy(scene.nodes) : [],
        bands: heavy(scene.bands),
    };
    /** The box of each resource, and the node of each activity. */
    scene.boxOf = new Map((state.view === "resources" ? scene.nodes : scene.bands).map((box) => [box.resource, box]));
    scene.nodeOf = new Map(state.view === "resources" ? [] : scene.nodes.map((node) => [node.activity, node]));
    return scene;
}

function boxAround(points) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
        left = Math.min(left, points[i]);
        right = Math.max(right, points[i]);
        top = Math.min(top, points[i + 1]);
        bottom = Math.max(bottom, points[i + 1]);
    }
    return { x: left, y: top, width: right - left + 0.1, height: bottom - top + 0.1 };
}

/**
 * What stands out: the selection with everything before it (ancestors) and after it (descendants), and what a search
 * found. The members are sets of resources or, where activities are selected, of activities.
 */
function lightOf(plan, state, hits, hit) {
    const light = {
        isActive: state.resource >= 0 || state.activity >= 0, resource: state.resource, activity: state.activity,
        resources: new Set(), activities: new Set(), before: new Set(), after: new Set(), hits: new Set(hits), hit,
    };
    if (state.activity >= 0) {
        const order = plan.order(state.operation);
        light.before = new Set([state.activity, ...order.reach([state.activity], true)]);
        light.after = new Set([state.activity, ...order.reach([state.activity], false)]);
        light.activities = new Set([...light.before, ...light.after]);
        for (const activity of light.activities) light.resources.add(plan.resourceOf(activity));
    } else if (state.resource >= 0) {
        const ancestors = [state.resource, ...plan.resources.reach([state.resource], true)];
        const descendants = [state.resource, ...plan.resources.reach([state.resource], false)];
        light.resources = new Set([...ancestors, ...descendants]);
        const all = (resources) => resources.flatMap((r) => hookNames.map((_, hook) => plan.activity(r, hook)));
        light.activities = new Set(all([...light.resources]));
        const isByResource = state.view === "resources";
        light.before = new Set(isByResource ? ancestors : all(ancestors));
        light.after = new Set(isByResource ? descendants : all(descendants));
    }
    return light;
}

/** The topmost thing at a point of the picture: a node, else a band. */
function thingAt(scene, x, y, slack) {
    const isIn = (box) => x >= box.x - slack && x <= box.x + box.width + slack
        && y >= box.y - slack && y <= box.y + box.height + slack;
    return scene.nodes.find((node) => !node.isJoint && isIn(node)) || scene.bands.find(isIn);
}
