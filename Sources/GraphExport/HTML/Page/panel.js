// The panel beside the picture: all there is to know of the selection, as text. Everything from the plan gets into the
// page as text nodes only.

const shortList = 60;

/** An element with properties and children; texts become text nodes. */
function make(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(properties || {})) {
        if (key === "on") for (const [event, action] of Object.entries(value)) element.addEventListener(event, action);
        else if (key in element) element[key] = value;
        else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

/** Text from the plan, which may run from right to left without turning its neighbours round. */
function own(text) { return make("bdi", null, text); }

function plural(count, word, words = `${word}s`) { return `${count.toLocaleString("en")} ${count === 1 ? word : words}`; }

class Panel {
    /** `actions`: `selectResource`, `selectActivity`, `only`, `centre`, `theme`. */
    constructor(element, plan, actions) {
        this.element = element;
        this.plan = plan;
        this.actions = actions;
    }

    show(state, scene) {
        this.state = state;
        this.openDetails = this.openDetails || new Set();
        let content;
        if (state.activity >= 0) content = this.activity(state.activity);
        else if (state.resource >= 0) content = this.resource(state.resource);
        else content = this.overview(scene);
        // Whoever came by a link in the panel goes on reading at the top of the new content.
        const hadFocus = this.element.contains(document.activeElement);
        this.element.replaceChildren(...content.filter((part) => part !== null));
        if (hadFocus) this.element.focus({ preventScroll: true });
        const subject = `${state.operation} ${state.resource} ${state.activity}`;
        if (subject !== this.subject) this.element.scrollTop = 0;
        this.subject = subject;
    }

    /** Shows every list that is open to its end, for printing. */
    unfold() {
        for (const more of this.element.querySelectorAll("nav .more, details[open] .more")) more.click();
    }

    // Overview

    overview(scene) {
        const { plan } = this;
        const depth = plan.count === 0 ? 0 : this.depths().reduce((a, b) => Math.max(a, b)) + 1;
        const counts = new Map();
        for (const type of plan.data.type) counts.set(type, (counts.get(type) || 0) + 1);
        const types = make("dl", null);
        for (const [type, count] of counts) types.append(make("dt", null, count.toLocaleString("en")), make("dd", null, own(plan.types[type])));
        const facts = make("dl", null);
        const fact = (name, text) => facts.append(make("dt", null, name), make("dd", null, text));
        fact("Provider", own(visible(plan.data.provider)));
        fact("Resources", plan.count.toLocaleString("en"));
        fact("Dependencies", plan.resources.edgeCount.toLocaleString("en"));
        fact("Levels", depth.toLocaleString("en"));
        fact("Activities", `${(plan.activityCount).toLocaleString("en")} in each operation, start and finish included`);
        const description = visible(plan.data.description);
        const list = this.resourceList(scene.shown);
        return [
            make("h2", null, own(plan.title || plan.name)),
            description ? make("p", { className: "soft" }, own(description)) : null,
            plan.data.needsInventory ? make("p", null, "Dependents are still to be discovered: this plan has no inventory yet.") : null,
            make("h3", null, "Plan"), facts,
            make("h3", null, "Types"), types,
            this.markedList(),
            make("h3", { id: "list-title" }, scene.shown.length === plan.count
                ? "Resources" : `Resources shown: ${scene.shown.length.toLocaleString("en")} of ${plan.count.toLocaleString("en")}`),
            make("nav", { "aria-labelledby": "list-title" }, list),
        ];
    }

    depths() {
        if (!this.knownDepths) this.knownDepths = this.plan.acyclic.depths();
        return this.knownDepths;
    }

    /** What carries marks, by mark, so that it need not be looked for in the picture. */
    markedList() {
        const { plan } = this;
        const parts = [];
        markNames.forEach((name, bit) => {
            const has = ([, { marks }]) => (marks >> bit) & 1;
            const resources = [...plan.resourceMarks].filter(has).map(([resource]) => resource);
            const activities = [...plan.activityMarks].filter(has).map(([activity]) => activity);
            if (resources.length > 0) parts.push(this.group(`mark-${name}`, name, resources.length, "", this.resourceList(resources)));
            if (activities.length > 0) {
                parts.push(this.group(
                    `mark-activities-${name}`, `${name}, activities`, activities.length, "", this.activityList(activities)));
            }
        });
        return parts.length > 0 ? make("section", null, make("h3", null, "Marks"), ...parts) : null;
    }

    // A resource

    resource(resource) {
        const { plan } = this;
        const parents = [...plan.resources.sources(resource)];
        const dependents = [...plan.resources.targets(resource)];
        const ancestors = plan.resources.reach([resource], true);
        const descendants = plan.resources.reach([resource], false);
        const plugin = plan.plugins[plan.plugin(resource)];
        const facts = make("dl", null,
            make("dt", null, "Type"), make("dd", null, own(plan.type(resource))),
            make("dt", null, "Id"), make("dd", null, own(plan.ids[resource])),
            make("dt", null, "Plugin"),
            make("dd", null, plugin ? own(plugin.name) : "none", plugin ? ` version ${plugin.version}` : ""));
        const selector = plan.selector(resource);
        return [
            make("h2", { id: "panel-title" }, own(plan.names[resource])),
            make("p", { className: "identity" }, make("code", null, own(plan.identity(resource)))),
            this.marks(plan.markOfResource(resource)),
            this.buttons(resource),
            make("h3", null, "Identity"), facts,
            make("h3", null, "Properties"), this.members(plan.properties(resource), "no properties"),
            selector ? make("section", null, make("h3", null, "Discovers its dependents"), this.members(selector, "all that the plugin finds")) : null,
            make("h3", null, "Operations"),
            ...plan.operations.map((name, operation) => this.operation(name, operation, resource)),
            make("h3", null, "Relations"),
            this.group("parents", "Parents", parents.length, "depend on it directly", this.resourceList(parents), "before"),
            this.group("dependents", "Dependents", dependents.length, "it depends on directly", this.resourceList(dependents), "after"),
            this.group("ancestors", "All ancestors", ancestors.length, "", this.resourceList(ancestors), "before"),
            this.group("descendants", "All descendants", descendants.length, "", this.resourceList(descendants), "after"),
        ];
    }

    buttons(resource) {
        const isOnly = this.state.only === resource;
        return make("div", { className: "actions" },
            make("button", { type: "button", on: { click: () => this.actions.centre() } }, "Centre"),
            make("button", {
                type: "button", id: "only", "aria-pressed": String(isOnly),
                on: { click: () => this.actions.only(isOnly ? -1 : resource) },
            }, isOnly ? "Show everything" : "Show only its family"),
            make("button", { type: "button", on: { click: () => this.actions.selectResource(-1) } }, "Clear"));
    }

    operation(name, operation, resource) {
        const { plan } = this;
        const working = hookNames.filter((_, hook) => plan.works(operation, resource, hook));
        const hooks = make("ul", { className: "hooks" });
        hookNames.forEach((hookName, hook) => {
            const works = plan.works(operation, resource, hook);
            hooks.append(make("li", { className: works ? "works" : "barrier" }, make("button", {
                type: "button", title: works ? "the plugin works here" : "a barrier: it only keeps the order",
                on: { click: () => this.actions.selectActivity(plan.activity(resource, hook), operation) },
            }, works ? hookName : `${hookName} (barrier)`)));
        });
        const parameters = plan.parameters(operation, resource);
        const body = make("div", null, hooks,
            this.members(parameters, plan.data.parameters[operation] ? "no parameters" : "this operation has no parameters"));
        const details = make("details", { id: `operation-${name}`, open: operation === this.state.operation },
            make("summary", null, make("strong", null, name), " ",
                make("span", { className: "soft" }, working.length > 0 ? working.join(", ") : "barriers only")),
            body);
        return details;
    }

    members(members, none) {
        if (members.length === 0) return make("p", { className: "soft" }, none);
        const list = make("dl", null);
        for (const { key, value, origin } of members) {
            const text = readable(value);
            // A value of several lines gets the whole width.
            const className = text.includes("\n") ? "tall" : "";
            list.append(make("dt", { className }, own(key)), make("dd", { className },
                make("pre", { className: "value" }, own(text)),
                origin ? make("span", { className: "origin" }, origin) : null));
        }
        return list;
    }

    marks({ marks, note }) {
        if (marks === 0 && !note) return null;
        const names = markNames.filter((_, bit) => (marks >> bit) & 1);
        return make("p", null,
            ...names.map((name) => make("span", { className: "mark" }, this.actions.sign(markNames.indexOf(name)), name)),
            note ? own(note) : null);
    }

    // An activity

    activity(activity) {
        const { plan, state } = this;
        const order = plan.order(state.operation);
        const resource = plan.resourceOf(activity);
        const title = activity === 0 ? "start" : activity === 1 ? "finish" : hookNames[plan.hookOf(activity)];
        const before = order.reach([activity], true);
        const after = order.reach([activity], false);
        const sources = [...order.sources(activity)];
        const targets = [...order.targets(activity)];
        let about = "Precedes every activity.";
        if (activity === 1) about = "Follows every activity, and runs only when all of them succeeded.";
        if (resource >= 0) {
            about = plan.works(state.operation, resource, plan.hookOf(activity))
                ? "Working: the plugin has something to do here."
                : "Barrier: the plugin has nothing to do here; it only keeps the order.";
        }
        return [
            make("h2", { id: "panel-title" }, title, resource >= 0 ? " of " : null, resource >= 0 ? own(plan.names[resource]) : null),
            make("p", { className: "identity" }, `activity of ${plan.operations[state.operation]}`),
            this.marks(plan.markOfActivity(state.operation, activity)),
            make("p", null, about),
            resource >= 0 ? make("div", { className: "actions" },
                make("button", { type: "button", on: { click: () => this.actions.selectResource(resource) } }, "Its resource"),
                make("button", { type: "button", on: { click: () => this.actions.centre() } }, "Centre"),
                make("button", { type: "button", on: { click: () => this.actions.selectResource(-1) } }, "Clear")) : null,
            resource >= 0 ? make("section", null, make("h3", null, "Parameters"),
                this.members(plan.parameters(state.operation, resource), "no parameters")) : null,
            make("h3", null, "Order"),
            this.group("waits", "Waits for", sources.length, "directly", this.activityList(sources), "before", true),
            this.group("waiting", "Waiting for it", targets.length, "directly", this.activityList(targets), "after", true),
            this.group("all-before", "All that comes before", before.length, "", this.activityList(before), "before"),
            this.group("all-after", "All that comes after", after.length, "", this.activityList(after), "after"),
        ];
    }

    // Lists

    /** A group that opens; what a person opened stays open for the next selection. */
    group(id, title, count, remark, list, className = "", isOpen = false) {
        if (count === 0) return make("p", { id }, make("strong", null, title), " ", make("span", { className: "soft" }, "none"));
        const details = make("details", { id, className, open: isOpen || this.openDetails.has(id) || (count <= 8 && remark !== "") },
            make("summary", null, make("strong", null, `${title} `), make("span", { className: "count" }, count.toLocaleString("en")),
                remark ? make("span", { className: "soft" }, ` ${remark}`) : null),
            make("div", null, list));
        details.addEventListener("toggle", () => {
            if (details.open) this.openDetails.add(id);
            else this.openDetails.delete(id);
        });
        return details;
    }

    resourceList(resources) {
        const { plan } = this;
        return this.list(resources, (resource) => make("button", {
            type: "button", value: resource, on: { click: () => this.actions.selectResource(resource) },
        }, own(plan.names[resource]), " ", make("small", null, own(subtitle(plan, resource)))));
    }

    activityList(activities) {
        const { plan } = this;
        return this.list(activities, (activity) => make("button", {
            type: "button", value: activity, on: { click: () => this.actions.selectActivity(activity, this.state.operation) },
        }, own(plan.activityName(activity)), " ",
        activity >= fixedCount && !plan.works(this.state.operation, plan.resourceOf(activity), plan.hookOf(activity))
            ? make("small", null, "barrier") : null));
    }

    /** A long list shows its beginning, and all of it on demand. */
    list(items, item) {
        const list = make("ul", { className: "list" });
        const add = (some) => list.append(...some.map((one) => make("li", null, item(one))));
        add(items.slice(0, shortList));
        if (items.length <= shortList) return list;
        const more = make("button", { type: "button", className: "more" }, `Show all ${items.length.toLocaleString("en")}`);
        more.addEventListener("click", () => {
            more.remove();
            add(items.slice(shortList));
        });
        return make("div", null, list, more);
    }
}
