// The bar, the legend and the keys.

class Controls {
    constructor(page) {
        this.page = page;
        this.plan = page.plan;
        this.fill();
        this.listen();
        document.addEventListener("keydown", (event) => this.key(event));
    }

    fill() {
        const { plan } = this;
        for (const name of plan.operations) {
            byId("operations").append(make("label", null,
                make("input", { type: "radio", name: "operation", value: name }), make("span", null, name)));
        }
        const counts = (values) => {
            const found = new Map();
            for (const value of values) found.set(value, (found.get(value) || 0) + 1);
            return found;
        };
        const box = (kind, number, text, count) => make("label", null,
            make("input", { type: "checkbox", name: kind, value: number, checked: true }), make("span", null, own(text)),
            make("small", null, count.toLocaleString("en")));
        const types = make("fieldset", null, make("legend", null, "Types"));
        for (const [type, count] of counts(plan.data.type)) types.append(box("type", type, plan.types[type], count));
        const plugins = make("fieldset", null, make("legend", null, "Plugins"));
        for (const [plugin, count] of counts(plan.data.plugin)) {
            plugins.append(box("plugin", plugin, plugin < 0 ? "no plugin" : plan.plugins[plugin].name, count));
        }
        const all = make("button", { type: "button", id: "show-all" }, "Show everything");
        byId("filter-body").append(types, plugins, all);
    }

    listen() {
        const { page } = this;
        const { viewport } = page;
        for (const input of byId("views").querySelectorAll("input")) {
            input.addEventListener("change", () => page.change({ view: input.value }));
        }
        byId("operations").addEventListener("change", (event) =>
            page.change({ operation: this.plan.operations.indexOf(event.target.value) }));
        byId("barriers").addEventListener("change", (event) => page.change({ hidesBarriers: event.target.checked }));
        byId("filter-body").addEventListener("change", () => {
            const hidden = (kind) => new Set([...byId("filter-body").querySelectorAll(`[name=${kind}]`)]
                .filter((input) => !input.checked).map((input) => Number(input.value)));
            page.change({ hiddenTypes: hidden("type"), hiddenPlugins: hidden("plugin") });
        });
        byId("show-all").addEventListener("click", () =>
            page.change({ hiddenTypes: new Set(), hiddenPlugins: new Set(), only: -1 }));
        byId("query").addEventListener("input", (event) => page.search(event.target.value, true));
        byId("query").addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || !event.shiftKey) return;
            event.preventDefault();
            page.goTo(-1);
        });
        byId("search").addEventListener("submit", (event) => {
            event.preventDefault();
            page.goTo(1);
        });
        byId("previous").addEventListener("click", () => page.goTo(-1));
        byId("zoom-in").addEventListener("click", () => viewport.zoom(1.35));
        byId("zoom-out").addEventListener("click", () => viewport.zoom(1 / 1.35));
        byId("fit").addEventListener("click", () => viewport.fit());
        byId("help").addEventListener("click", () => byId("keys").showModal());
        byId("panel-toggle").addEventListener("click", () => this.togglePanel());
        byId("picture").addEventListener("pointerleave", () => { byId("tip").hidden = true; });
        document.addEventListener("pointerdown", (event) => {
            if (!byId("filter").contains(event.target)) byId("filter").open = false;
        });
    }

    togglePanel() {
        const isHidden = document.body.classList.toggle("no-panel");
        byId("panel-toggle").setAttribute("aria-expanded", String(!isHidden));
    }

    /** Brings the controls in line with the state. */
    show() {
        const { state, scene } = this.page;
        for (const input of byId("views").querySelectorAll("input")) input.checked = input.value === state.view;
        for (const input of byId("operations").querySelectorAll("input")) {
            input.checked = input.value === this.plan.operations[state.operation];
        }
        byId("barriers").checked = state.hidesBarriers;
        byId("barriers-label").hidden = state.view !== "activities";
        byId("operations").hidden = state.view !== "activities";
        for (const input of byId("filter-body").querySelectorAll("[name=type]")) {
            input.checked = !state.hiddenTypes.has(Number(input.value));
        }
        for (const input of byId("filter-body").querySelectorAll("[name=plugin]")) {
            input.checked = !state.hiddenPlugins.has(Number(input.value));
        }
        byId("filter-count").textContent = scene.shown.length < this.plan.count
            ? ` (${scene.shown.length.toLocaleString("en")} of ${this.plan.count.toLocaleString("en")})` : "";
        this.legend();
        this.status();
    }

    /** What the picture holds, in words: beside it, and as its name for those who do not see it. */
    status() {
        const { state, scene, plan } = this.page;
        const resources = plural(scene.shown.length, "resource");
        const activities = scene.nodes.filter((node) => !node.isJoint);
        const text = state.view === "resources"
            ? `${resources}, ${plural(scene.edges.length, "dependency", "dependencies")}`
            : `${plan.operations[state.operation]}: ${plural(activities.length, "activity", "activities")} of ${resources}`;
        byId("status").textContent = text;
        byId("picture").setAttribute("aria-label", `Graph of ${plan.name}: ${text}. All of it is in the details as text.`);
    }

    found() {
        const { hits, hit } = this.page;
        const hasText = byId("query").value.trim() !== "";
        byId("found").textContent = !hasText ? "" : hits.length === 0 ? "none"
            : `${(hits.indexOf(hit) + 1).toLocaleString("en")} of ${hits.length.toLocaleString("en")}`;
        byId("previous").disabled = hits.length === 0;
        byId("next").disabled = hits.length === 0;
    }

    /** Lists what occurs in the picture, and nothing else. */
    legend() {
        const { page, plan } = this;
        const { scene, theme } = page;
        const items = [];
        const swatch = (draw) => {
            const canvas = make("canvas", { width: 44, height: 32, "aria-hidden": "true" });
            const ctx = canvas.getContext("2d");
            ctx.scale(2, 2);
            ctx.beginPath();
            ctx.roundRect(1, 2, 20, 12, 4);
            draw(ctx);
            return canvas;
        };
        const plugins = new Set(scene.shown.map((resource) => plan.plugin(resource)));
        for (const plugin of [...plugins].sort((a, b) => a - b)) {
            const [fill, line] = pluginPaint(theme, plugin);
            items.push(make("span", null, swatch((ctx) => {
                ctx.fillStyle = fill;
                ctx.fill();
                ctx.strokeStyle = line;
                ctx.lineWidth = 1.4;
                if (plugin < 0) ctx.setLineDash([3, 2]);
                ctx.stroke();
            }), own(plugin < 0 ? "no plugin" : plan.plugins[plugin].name)));
        }
        if (scene.nodes.some((node) => node.isBarrier && node.resource >= 0 && !node.isJoint)) {
            items.push(make("span", null, swatch((ctx) => {
                ctx.strokeStyle = theme.barrier;
                ctx.setLineDash([3, 2]);
                ctx.stroke();
            }), "barrier: only keeps the order"));
        }
        let marks = 0;
        for (const resource of scene.shown) marks |= plan.markOfResource(resource).marks;
        for (const node of scene.nodes) {
            if (node.activity !== undefined) marks |= plan.markOfActivity(scene.operation, node.activity).marks;
        }
        if (scene.edges.some((edge) => edge.isCycle)) marks |= cycleMark;
        markNames.forEach((name, bit) => {
            if ((marks >> bit) & 1) items.push(make("span", null, page.sign(bit, 22, 16), name));
        });
        byId("legend").replaceChildren(...items);
    }

    key(event) {
        const { page } = this;
        const { viewport, state } = page;
        if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
        if (event.key === "Escape") {
            this.escape(event.target);
            return;
        }
        if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !/^(radio|checkbox)$/.test(event.target.type)) return;
        const isOnPicture = event.target === byId("picture") || event.target === document.body;
        const steps = { ArrowLeft: [70, 0], ArrowRight: [-70, 0], ArrowUp: [0, 70], ArrowDown: [0, -70] };
        const actions = {
            "/": () => { byId("query").focus(); byId("query").select(); },
            "+": () => viewport.zoom(1.35), "=": () => viewport.zoom(1.35), "-": () => viewport.zoom(1 / 1.35),
            "0": () => viewport.fit(), "?": () => byId("keys").showModal(),
            n: () => page.goTo(1), p: () => page.goTo(-1), c: () => page.centre(), d: () => this.togglePanel(),
            v: () => page.change({ view: state.view === "resources" ? "activities" : "resources" }),
            b: () => state.view === "activities" && page.change({ hidesBarriers: !state.hidesBarriers }),
            o: () => page.change({ only: state.only >= 0 ? -1 : this.selectedResource() }),
        };
        if (/^[1-5]$/.test(event.key) && Number(event.key) <= this.plan.operations.length) {
            page.change({ operation: Number(event.key) - 1 });
        } else if (Object.hasOwn(actions, event.key)) {
            actions[event.key]();
        } else if (isOnPicture && Object.hasOwn(steps, event.key)) {
            if (!event.shiftKey && (state.resource >= 0 || state.activity >= 0)) page.walk(event.key);
            else viewport.pan(...steps[event.key]);
        } else {
            return;
        }
        event.preventDefault();
    }

    selectedResource() {
        const { state } = this.page;
        return state.activity >= 0 ? this.plan.resourceOf(state.activity) : state.resource;
    }

    /** Closes the menu, else clears the search, else the selection. */
    escape(target) {
        const { page } = this;
        const query = byId("query");
        if (byId("filter").open) {
            byId("filter").open = false;
            byId("filter").querySelector("summary").focus();
        } else if (query.value !== "") {
            query.value = "";
            page.search("", false);
        } else if (target === query) {
            byId("picture").focus();
        } else {
            page.select(-1, -1, false);
        }
    }
}
