// The plan, as the data block of the page has it.

const hookNames = ["prepareBegin", "prepareFinish", "main", "complete"];
/** Activity 0 is the start, activity 1 the finish; then come four for each resource. */
const fixedCount = 2;

/** The marks of an overlay, by bit; the order in which a legend lists them. */
const markNames = [
    "added", "removed", "changed", "done", "failed", "cancelled", "skipped", "running", "critical", "cycle",
];
const criticalMark = 1 << 8;
const cycleMark = 1 << 9;

/** Characters that would hide or reorder text are shown by their number. */
function visible(text) {
    return text.replace(
        /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu,
        (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/** The last word of a type, which tells most: `Host::FileSystem::Directory` is a `Directory`. */
function kindOf(type) { return type.split(":").pop() || type; }

class Plan {
    constructor(data) {
        this.data = data;
        this.count = data.ids.length;
        this.name = visible(data.plan);
        this.operations = data.operations;
        this.types = data.types.map(visible);
        this.plugins = data.plugins.map(([name, version]) => ({ name: visible(name), version }));
        this.ids = data.ids.map(visible);
        this.names = data.names.map((name, i) => (name === 0 ? this.ids[i] : visible(name)));
        /** The identities as the plan spells them, for links; `identity` is what is shown. */
        this.keys = data.ids.map((id, i) => `${data.types[data.type[i]]}#${id}`);
        this.resources = Links.ofLists(data.dependents);
        this.acyclic = this.resources.acyclic();
        this.orders = data.orders.map((lists) => Links.ofLists(lists));
        this.activityCount = fixedCount + 4 * this.count;
        this.byKey = new Map();
        for (let i = this.count - 1; i >= 0; i -= 1) this.byKey.set(this.keys[i], i);
        const overlay = data.overlay;
        this.title = visible(overlay.title);
        this.overlayOperation = overlay.operation;
        this.resourceMarks = new Map(overlay.resources.map(([node, marks, note]) => [node, { marks, note: visible(note) }]));
        this.activityMarks = new Map(overlay.activities.map(([node, marks, note]) => [node, { marks, note: visible(note) }]));
        this.cycleEdges = new Set(overlay.cycle.map(([from, to]) => from * this.count + to));
        this.searchTexts = this.ids.map((id, i) =>
            `${this.names[i]}\n${this.types[data.type[i]]}#${id}`.toLowerCase());
    }

    type(resource) { return this.types[this.data.type[resource]]; }

    identity(resource) { return `${this.type(resource)}#${this.ids[resource]}`; }

    /** The number of the plugin, -1 when the resource is bound to none. */
    plugin(resource) { return this.data.plugin[resource]; }

    pluginName(resource) {
        const plugin = this.plugins[this.plugin(resource)];
        return plugin ? plugin.name : "no plugin";
    }

    /** Whether the plugin has something to do at this hook. */
    works(operation, resource, hook) {
        return ((parseInt(this.data.hooks[operation][resource], 16) >> hook) & 1) === 1;
    }

    order(operation) { return this.orders[this.data.order[operation]]; }

    /** Key, text of the value, and words for its origin, of each parameter. */
    parameters(operation, resource) {
        const sets = this.data.parameters[operation];
        if (!sets || sets[resource] < 0) return [];
        const origins = this.data.origins[sets[resource]];
        return this.data.sets[sets[resource]].map(([key, value], i) => {
            const origin = this.data.layers[origins[i]] || "";
            return { key: visible(key), value, origin };
        });
    }

    /** Key and text of the value of each property. */
    properties(resource) { return this.members(this.data.properties[resource]); }

    /** What is asked of the plugin when it looks for dependents; `undefined` when nothing is. */
    selector(resource) {
        const found = this.data.discover.find(([node]) => node === resource);
        return found ? this.members(found[1]) : undefined;
    }

    members(object) { return this.data.objects[object].map(([key, value]) => ({ key: visible(key), value })); }

    resourceOf(activity) { return activity < fixedCount ? -1 : (activity - fixedCount) >> 2; }

    hookOf(activity) { return activity < fixedCount ? -1 : (activity - fixedCount) & 3; }

    activity(resource, hook) { return fixedCount + 4 * resource + hook; }

    activityName(activity) {
        if (activity < fixedCount) return activity === 0 ? "start" : "finish";
        return `${hookNames[this.hookOf(activity)]} of ${this.names[this.resourceOf(activity)]}`;
    }

    /** The marks and the note of a resource, or of an activity of an operation. */
    markOfResource(resource) { return this.resourceMarks.get(resource) || { marks: 0, note: "" }; }

    markOfActivity(operation, activity) {
        if (operation !== this.overlayOperation) return { marks: 0, note: "" };
        return this.activityMarks.get(activity) || { marks: 0, note: "" };
    }

    isOnCycle(from, to) { return this.cycleEdges.has(from * this.count + to); }
}

/** Canonical JSON text, broken into lines when it is long, for people; numbers stay as they are written. */
function readable(text) {
    if (text.length <= 60 || !/^[[{]/.test(text)) return visible(text);
    let out = "";
    let depth = 0;
    let inString = false;
    const newLine = () => `\n${"  ".repeat(depth)}`;
    const characters = Array.from(text);
    for (let i = 0; i < characters.length; i += 1) {
        const c = characters[i];
        if (inString) {
            out += visible(c);
            if (c === "\\") {
                i += 1;
                out += characters[i];
            } else if (c === "\"") {
                inString = false;
            }
        } else if (c === "\"") {
            inString = true;
            out += c;
        } else if (c === "{" || c === "[") {
            if (characters[i + 1] === "}" || characters[i + 1] === "]") {
                out += c + characters[i + 1];
                i += 1;
            } else {
                depth += 1;
                out += c + newLine();
            }
        } else if (c === "}" || c === "]") {
            depth -= 1;
            out += newLine() + c;
        } else if (c === ",") {
            out += c + newLine();
        } else {
            out += c === ":" ? ": " : c;
        }
    }
    return out;
}
