// The page: what is selected, found and filtered; it brings controls, picture, panel and address together.

const byId = (id) => document.getElementById(id);

class Page {
    constructor(plan) {
        this.plan = plan;
        this.state = {
            view: plan.data.view, operation: plan.operations.indexOf(plan.data.operation), resource: -1, activity: -1,
            hidesBarriers: false, hiddenTypes: new Set(), hiddenPlugins: new Set(), only: -1,
        };
        this.hits = [];
        this.hit = -1;
        this.painter = new Painter(plan);
        this.dark = window.matchMedia("(prefers-color-scheme: dark)");
        this.theme = this.dark.matches ? darkTheme : lightTheme;
        this.viewport = new Viewport(byId("picture"), byId("map"), {
            draw: (ctx, view, size) => this.painter.paint(ctx, this.scene, view, size, this.theme, this.light),
            drawMap: (ctx, scale) => this.drawMap(ctx, scale),
            background: () => this.theme.background,
            accent: () => this.theme.after,
            click: (x, y, slack) => this.clicked(x, y, slack),
            hover: (x, y, slack) => this.hovered(x, y, slack),
        });
        this.panel = new Panel(byId("panel"), plan, {
            selectResource: (resource) => this.select(resource, -1, true),
            selectActivity: (activity, operation) => this.selectActivity(activity, operation),
            only: (resource) => this.change({ only: resource }),
            centre: () => this.centre(),
            sign: (mark) => this.sign(mark, 18, 18),
        });
        this.controls = new Controls(this);
    }

    start() {
        const { plan } = this;
        byId("title").append(own(plan.title || plan.name));
        byId("title").title = visible(plan.data.description);
        this.readAddress();
        this.viewport.resize();
        this.relay();
        this.revealSelection();
        this.viewport.draw();
        performance.mark("cairn-first-picture");
        document.documentElement.dataset.firstPicture = String(Math.round(performance.now()));
        new ResizeObserver(() => this.viewport.resize()).observe(byId("stage"));
        this.dark.addEventListener("change", () => this.setTheme(this.dark.matches ? darkTheme : lightTheme));
        window.addEventListener("hashchange", () => {
            if (location.hash === this.address) return;
            this.readAddress();
            this.relay();
            this.revealSelection();
        });
        window.addEventListener("beforeprint", () => this.beforePrint());
        window.addEventListener("afterprint", () => this.afterPrint());
    }

    // State

    /** Takes over new members of the state that change what is drawn. */
    change(members) {
        Object.assign(this.state, members);
        this.relay();
        this.revealSelection();
    }

    /** Lays out anew and shows the whole picture, unless everything is where it was. */
    relay() {
        const { state, plan } = this;
        // A selection that the view cannot show becomes the resource that it belongs to.
        if (state.view === "resources" && state.activity >= 0) {
            state.resource = plan.resourceOf(state.activity);
            state.activity = -1;
        }
        const before = this.scene;
        this.scene = buildScene(plan, state);
        this.viewport.setBounds(this.scene.bounds);
        const stays = before && before.view === state.view && before.nodes.length === this.scene.nodes.length
            && before.nodes.every((node, i) => node.x === this.scene.nodes[i].x && node.y === this.scene.nodes[i].y);
        if (!stays) this.viewport.fit();
        byId("empty").hidden = this.scene.nodes.some((node) => node.resource >= 0);
        byId("empty").textContent = plan.count === 0 ? "The plan has no resources."
            : this.scene.shown.length === 0 ? "The filters leave nothing to show."
                : "Every activity of this operation is a barrier.";
        this.controls.show();
        this.search(byId("query").value, false);
        this.selectionChanged();
    }

    select(resource, activity, reveals) {
        if (resource === this.state.resource && activity === this.state.activity) return;
        Object.assign(this.state, { resource, activity });
        this.selectionChanged();
        if (reveals && this.selectedBox()) this.viewport.reveal(this.selectedBox());
    }

    selectActivity(activity, operation) {
        const { state } = this;
        const isHidden = () => !this.scene.nodeOf.has(activity);
        if (state.view !== "activities" || operation !== state.operation) {
            Object.assign(state, { view: "activities", operation, resource: -1, activity });
            if (state.hidesBarriers) state.hidesBarriers = this.plan.works(operation, this.plan.resourceOf(activity), this.plan.hookOf(activity));
            this.relay();
            this.revealSelection();
            return;
        }
        this.select(-1, activity, !isHidden());
    }

    selectionChanged() {
        const { state, plan } = this;
        this.light = lightOf(plan, state, this.hits, this.hit);
        this.panel.show(state, this.scene);
        this.writeAddress();
        this.controls.status();
        let text = "Nothing is selected.";
        if (state.activity >= 0) text = `Selected: ${plan.activityName(state.activity)}.`;
        if (state.resource >= 0) text = `Selected: ${plan.names[state.resource]}, ${plan.identity(state.resource)}.`;
        if (this.announced !== undefined && this.announced !== text) byId("announcement").textContent = text;
        this.announced = text;
        this.viewport.request();
    }

    selectedBox() {
        const { state, scene } = this;
        return state.activity >= 0 ? scene.nodeOf.get(state.activity) : scene.boxOf.get(state.resource);
    }

    /** After a picture was shown whole: goes to the selection if it could not be read. */
    revealSelection() {
        const box = this.selectedBox();
        if (box) this.viewport.reveal(box, smallestTwoLines);
    }

    centre() {
        const box = this.selectedBox();
        if (box) this.viewport.centre(box);
    }

    setTheme(theme) {
        this.theme = theme;
        this.viewport.mapPicture = null;
        this.controls.legend();
        this.panel.show(this.state, this.scene);
        this.viewport.request();
    }

    // Search

    /** Finds the resources whose name, id or type has the text, among those that are shown. */
    search(text, moves) {
        const wanted = text.trim().toLowerCase();
        this.hits = wanted === "" ? [] : this.scene.shown.filter((resource) => this.plan.searchTexts[resource].includes(wanted));
        this.hit = this.hits.length === 0 ? -1 : this.hits.includes(this.hit) ? this.hit : this.hits[0];
        this.controls.found();
        this.light = lightOf(this.plan, this.state, this.hits, this.hit);
        const box = this.scene.boxOf.get(this.hit);
        if (moves && box) this.viewport.reveal(box);
        else this.viewport.request();
    }

    /** Goes to the next result, or to the current one if it is not selected yet. */
    goTo(step) {
        if (this.hits.length === 0) return;
        const at = this.hits.indexOf(this.hit);
        if (this.state.resource === this.hit) this.hit = this.hits[(at + step + this.hits.length) % this.hits.length];
        this.controls.found();
        this.select(this.hit, -1, true);
        this.selectionChanged();
    }

    // The address

    readAddress() {
        const { plan, state } = this;
        const address = new URLSearchParams(location.hash.slice(1));
        if (["resources", "activities"].includes(address.get("view"))) state.view = address.get("view");
        if (plan.operations.includes(address.get("operation"))) state.operation = plan.operations.indexOf(address.get("operation"));
        state.hidesBarriers = address.get("barriers") === "hidden";
        const numbers = (name, names) => new Set(address.getAll(name).map((one) => names.indexOf(one)).filter((i) => i >= 0));
        state.hiddenTypes = numbers("without-type", plan.data.types);
        state.hiddenPlugins = numbers("without-plugin", plan.data.plugins.map(([name]) => name));
        if (address.getAll("without-plugin").includes("")) state.hiddenPlugins.add(-1);
        const known = (key) => (key !== null && plan.byKey.has(key) ? plan.byKey.get(key) : -1);
        state.only = known(address.get("only"));
        state.resource = known(address.get("node"));
        state.activity = -1;
        const hook = hookNames.indexOf(address.get("hook"));
        const fixed = ["start", "finish"].indexOf(address.get("activity"));
        if (state.view === "activities" && (fixed >= 0 || (state.resource >= 0 && hook >= 0))) {
            state.activity = fixed >= 0 ? fixed : plan.activity(state.resource, hook);
            state.resource = -1;
        }
    }

    writeAddress() {
        const { plan, state } = this;
        const address = new URLSearchParams();
        address.set("view", state.view);
        address.set("operation", plan.operations[state.operation]);
        const resource = state.activity >= 0 ? plan.resourceOf(state.activity) : state.resource;
        if (resource >= 0) address.set("node", plan.keys[resource]);
        if (state.activity >= fixedCount) address.set("hook", hookNames[plan.hookOf(state.activity)]);
        else if (state.activity >= 0) address.set("activity", state.activity === 0 ? "start" : "finish");
        if (state.hidesBarriers) address.set("barriers", "hidden");
        for (const type of [...state.hiddenTypes].sort((a, b) => a - b)) address.append("without-type", plan.data.types[type]);
        for (const plugin of [...state.hiddenPlugins].sort((a, b) => a - b)) {
            address.append("without-plugin", plugin < 0 ? "" : plan.data.plugins[plugin][0]);
        }
        if (state.only >= 0) address.set("only", plan.keys[state.only]);
        this.address = `#${address}`;
        if (location.hash !== this.address) history.replaceState(null, "", this.address);
    }

    // The picture

    clicked(x, y, slack) {
        const thing = thingAt(this.scene, x, y, slack);
        if (!thing) this.select(-1, -1, false);
        else if (thing.activity === undefined) this.select(thing.resource, -1, false);
        else this.select(-1, thing.activity, false);
    }

    hovered(x, y, slack) {
        const { plan, viewport } = this;
        const thing = thingAt(this.scene, x, y, Math.min(slack, 3));
        byId("picture").classList.toggle("over", Boolean(thing));
        const tip = byId("tip");
        tip.hidden = !thing;
        if (!thing) return;
        const note = thing.activity === undefined
            ? plan.markOfResource(thing.resource).note : plan.markOfActivity(this.scene.operation, thing.activity).note;
        const lines = thing.activity === undefined ? [plan.names[thing.resource]]
            : [`${plan.activityName(thing.activity)}${thing.isBarrier && thing.resource >= 0 ? " (barrier)" : ""}`];
        if (thing.resource >= 0) lines.push(plan.identity(thing.resource));
        if (note) lines.push(note);
        tip.textContent = lines.join("\n");
        const left = x * viewport.view.scale + viewport.view.x;
        const top = y * viewport.view.scale + viewport.view.y;
        const isRight = left > viewport.size.width * 0.6;
        tip.style.left = isRight ? "auto" : `${left + 14}px`;
        tip.style.right = isRight ? `${viewport.size.width - left + 14}px` : "auto";
        tip.style.top = `${Math.min(top + 14, viewport.size.height - 70)}px`;
    }

    drawMap(ctx, scale) {
        const { theme, plan } = this;
        const boxes = this.scene.bands.length > 0 ? this.scene.bands : this.scene.nodes;
        for (const box of boxes) {
            ctx.fillStyle = box.resource < 0 ? theme.soft : pluginPaint(theme, plan.plugin(box.resource))[1];
            ctx.fillRect(box.x, box.y, Math.max(box.width, 1 / scale), Math.max(box.height, 1 / scale));
        }
    }

    /** The sign of a mark on a canvas of its own. */
    sign(mark, width, height) {
        const canvas = make("canvas", { width: width * 2, height: height * 2, "aria-hidden": "true" });
        const ctx = canvas.getContext("2d");
        ctx.scale(2, 2);
        if (mark < 8) {
            drawBadge(ctx, this.theme, mark, width / 2, height / 2, 7.5);
        } else {
            ctx.strokeStyle = this.theme.marks[markNames[mark]];
            ctx.lineWidth = 3;
            if (markNames[mark] === "cycle") ctx.setLineDash([5, 3]);
            ctx.beginPath();
            ctx.moveTo(1, height / 2);
            ctx.lineTo(width - 1, height / 2);
            ctx.stroke();
        }
        return canvas;
    }

    /** Arrow keys: along a line to the left or right, to the nearest box above or below. */
    walk(key) {
        const { state, plan, scene } = this;
        const order = state.activity >= 0 ? plan.order(state.operation) : plan.resources;
        const at = state.activity >= 0 ? state.activity : state.resource;
        const isThere = (end) => (state.activity >= 0 ? scene.nodeOf.has(end) : scene.boxOf.has(end));
        const go = (end) => (state.activity >= 0 ? this.select(-1, end, true) : this.select(end, -1, true));
        if (key === "ArrowLeft" || key === "ArrowRight") {
            const ends = key === "ArrowLeft" ? order.sources(at) : order.targets(at);
            const next = [...ends].find(isThere);
            if (next !== undefined) go(next);
            return;
        }
        const box = this.selectedBox();
        if (!box) return;
        const sign = key === "ArrowUp" ? -1 : 1;
        let best;
        let nearest = Infinity;
        for (const other of state.activity >= 0 ? scene.nodeOf.values() : scene.boxOf.values()) {
            const dy = (other.y - box.y) * sign;
            if (dy <= 1 || other.isJoint) continue;
            const distance = dy + Math.abs(other.x - box.x) * 1.5;
            if (distance < nearest) {
                nearest = distance;
                best = other;
            }
        }
        if (best) go(state.activity >= 0 ? best.activity : best.resource);
    }

    // Printing: the whole picture, light, sharp; then the panel.

    beforePrint() {
        const { viewport } = this;
        const canvas = byId("picture");
        this.printed = { view: { ...viewport.view }, size: viewport.size, theme: this.theme, isFitted: viewport.isFitted };
        const { bounds } = viewport;
        const width = 1040;
        const height = Math.max(120, Math.min(1300, width * (bounds.height / bounds.width) + 40));
        viewport.size = { width, height, ratio: 3 };
        canvas.width = width * 3;
        canvas.height = Math.round(height * 3);
        viewport.fit();
        this.setTheme({ ...lightTheme, background: "#ffffff", halo: "#ffffff" });
        this.panel.unfold();
        viewport.draw();
    }

    afterPrint() {
        const { viewport, printed } = this;
        if (!printed) return;
        this.printed = null;
        viewport.view = printed.view;
        viewport.size = printed.size;
        viewport.isFitted = false;
        this.setTheme(printed.theme);
        viewport.resize();
        viewport.isFitted = printed.isFitted;
    }
}
