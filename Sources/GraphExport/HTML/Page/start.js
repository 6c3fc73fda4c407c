// Starts the page, and offers what scripts and tests may ask of it.

const page = new Page(new Plan(JSON.parse(byId("plan").textContent)));
page.start();

/** For scripts: what is in the picture, in units of the picture, and how the window shows it. */
window.cairn = Object.freeze({
    nodes() {
        return page.scene.nodes.map((node) => ({
            resource: node.resource < 0 ? null : page.plan.keys[node.resource],
            hook: node.activity === undefined ? null : node.hook < 0 ? ["start", "finish"][node.activity] : hookNames[node.hook],
            isJoint: Boolean(node.isJoint), isBarrier: Boolean(node.isBarrier),
            x: node.x, y: node.y, width: node.width, height: node.height,
        }));
    },
    /** Each line: the numbers of its nodes, and its points. */
    edges() { return page.scene.edges.map(({ from, to, points }) => ({ from, to, points: Array.from(points) })); },
    /** A point of the picture is at `x * scale + view.x` of the canvas. */
    view() { return { ...page.viewport.view }; },
    /** Milliseconds that drawing takes. */
    drawingTime() {
        page.viewport.draw();
        return page.viewport.cost;
    },
});
