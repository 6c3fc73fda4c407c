// Graphs as flat arrays, and the questions that are asked of them. Nothing here recurses, and every graph may have cycles.

/** The edges of a graph by their origin (`targets`) and by their target (`sources`), in the order in which they came. */
class Links {
    constructor(count, from, to) {
        this.count = count;
        this.from = from;
        this.to = to;
        this.outward = Links.rows(count, from, to);
        this.inward = Links.rows(count, to, from);
    }

    /** From lists of targets, one for each node. */
    static ofLists(lists) {
        const from = [];
        const to = [];
        lists.forEach((targets, origin) => {
            for (const target of targets) {
                from.push(origin);
                to.push(target);
            }
        });
        return new Links(lists.length, from, to);
    }

    /** Counting sort: the edges at `key`, as offsets, other ends and edge numbers. */
    static rows(count, key, other) {
        const offsets = new Int32Array(count + 1);
        for (const k of key) offsets[k + 1] += 1;
        for (let i = 0; i < count; i += 1) offsets[i + 1] += offsets[i];
        const next = offsets.slice();
        const ends = new Int32Array(key.length);
        const edges = new Int32Array(key.length);
        for (let e = 0; e < key.length; e += 1) {
            const place = next[key[e]];
            next[key[e]] += 1;
            ends[place] = other[e];
            edges[place] = e;
        }
        return { offsets, ends, edges };
    }

    get edgeCount() { return this.from.length; }

    targets(node) { return this.outward.ends.subarray(this.outward.offsets[node], this.outward.offsets[node + 1]); }

    sources(node) { return this.inward.ends.subarray(this.inward.offsets[node], this.inward.offsets[node + 1]); }

    /** All nodes that can be reached from `starts` along (or against) the edges, ascending; a start only by a cycle. */
    reach(starts, against) {
        const rows = against ? this.inward : this.outward;
        const seen = new Uint8Array(this.count);
        const found = [...starts];
        let next = 0;
        while (next < found.length) {
            const node = found[next];
            next += 1;
            for (let i = rows.offsets[node]; i < rows.offsets[node + 1]; i += 1) {
                const end = rows.ends[i];
                if (seen[end] === 0) {
                    seen[end] = 1;
                    found.push(end);
                }
            }
        }
        const out = [];
        for (let node = 0; node < this.count; node += 1) if (seen[node] === 1) out.push(node);
        return out;
    }

    /** For each edge, whether it closes a cycle: found by a depth-first walk in the order of the nodes. */
    closingEdges() {
        const closes = new Uint8Array(this.edgeCount);
        const state = new Uint8Array(this.count);
        const next = this.outward.offsets.slice(0, this.count);
        const path = [];
        for (let root = 0; root < this.count; root += 1) {
            if (state[root] !== 0) continue;
            path.push(root);
            state[root] = 1;
            while (path.length > 0) {
                const node = path[path.length - 1];
                if (next[node] === this.outward.offsets[node + 1]) {
                    state[node] = 2;
                    path.pop();
                    continue;
                }
                const place = next[node];
                next[node] += 1;
                const end = this.outward.ends[place];
                if (state[end] === 1) closes[this.outward.edges[place]] = 1;
                if (state[end] === 0) {
                    state[end] = 1;
                    path.push(end);
                }
            }
        }
        return closes;
    }

    /** The same nodes with every edge that closes a cycle turned round (and none from a node to itself). */
    acyclic() {
        const closes = this.closingEdges();
        const from = [];
        const to = [];
        const origin = [];
        for (let e = 0; e < this.edgeCount; e += 1) {
            if (this.from[e] === this.to[e]) continue;
            from.push(closes[e] ? this.to[e] : this.from[e]);
            to.push(closes[e] ? this.from[e] : this.to[e]);
            origin.push(e);
        }
        const links = new Links(this.count, from, to);
        links.origin = origin;
        return links;
    }

    /** Nodes in an order that respects every edge; only of an acyclic graph. */
    order() {
        const waiting = new Int32Array(this.count);
        for (const end of this.to) waiting[end] += 1;
        const order = [];
        for (let node = 0; node < this.count; node += 1) if (waiting[node] === 0) order.push(node);
        for (let i = 0; i < order.length; i += 1) {
            for (const end of this.targets(order[i])) {
                waiting[end] -= 1;
                if (waiting[end] === 0) order.push(end);
            }
        }
        return order;
    }

    /** For each node the length of the longest way to it; only of an acyclic graph. */
    depths() {
        const depth = new Int32Array(this.count);
        for (const node of this.order()) {
            for (const end of this.targets(node)) depth[end] = Math.max(depth[end], depth[node] + 1);
        }
        return depth;
    }

    /** The connected parts, each a list of nodes, ascending, in the order of their first nodes. */
    components() {
        const part = new Int32Array(this.count).fill(-1);
        const parts = [];
        for (let root = 0; root < this.count; root += 1) {
            if (part[root] >= 0) continue;
            const nodes = [root];
            part[root] = parts.length;
            for (let i = 0; i < nodes.length; i += 1) {
                for (const ends of [this.targets(nodes[i]), this.sources(nodes[i])]) {
                    for (const end of ends) {
                        if (part[end] < 0) {
                            part[end] = parts.length;
                            nodes.push(end);
                        }
                    }
                }
            }
            parts.push(nodes.sort((a, b) => a - b));
        }
        return parts;
    }
}

/**
 * Takes nodes out of a graph and keeps the order among the others: what waited for a removed node waits for what that
 * node waited for. A removed node stays as a joint where taking it out would make more edges than it has; of the edges
 * that remain, those that follow from others go. Returns which nodes are left (1 shown, 2 joint) and their edges.
 */
function withoutNodes(links, isRemoved) {
    const acyclic = links.acyclic();
    const before = Array.from({ length: links.count }, (_, node) => new Set(acyclic.sources(node)));
    const after = Array.from({ length: links.count }, (_, node) => new Set(acyclic.targets(node)));
    const kept = new Uint8Array(links.count).fill(1);
    // Twice: what is taken out first can make room for more.
    for (let pass = 0; pass < 2; pass += 1) {
        for (let node = 0; node < links.count; node += 1) {
            if (!isRemoved[node] || kept[node] === 0) continue;
            const ins = before[node];
            const outs = after[node];
            if (ins.size * outs.size > ins.size + outs.size) {
                kept[node] = 2;
                continue;
            }
            kept[node] = 0;
            for (const source of ins) after[source].delete(node);
            for (const target of outs) before[target].delete(node);
            for (const source of ins) {
                for (const target of outs) {
                    after[source].add(target);
                    before[target].add(source);
                }
            }
        }
    }
    const from = [];
    const to = [];
    for (let node = 0; node < links.count; node += 1) {
        for (const target of kept[node] === 0 ? [] : [...after[node]].sort((a, b) => a - b)) {
            from.push(node);
            to.push(target);
        }
    }
    return { kept, links: reduced(new Links(links.count, from, to)) };
}

/** Above this many nodes a graph is not reduced: the table of who reaches whom would take more memory than it is worth. */
const largestReduced = 12000;

/** An acyclic graph without the edges that follow from others. */
function reduced(links) {
    if (links.count > largestReduced) return links;
    const words = (links.count + 31) >> 5;
    const reaches = new Int32Array(words * links.count);
    const order = links.order();
    const rank = new Int32Array(links.count);
    order.forEach((node, i) => { rank[node] = i; });
    const from = [];
    const to = [];
    for (let i = order.length - 1; i >= 0; i -= 1) {
        const node = order[i];
        const row = node * words;
        // The nearest targets first: what they reach needs no edge of its own.
        for (const end of [...links.targets(node)].sort((a, b) => rank[a] - rank[b])) {
            if ((reaches[row + (end >> 5)] >>> (end & 31)) & 1) continue;
            from.push(node);
            to.push(end);
            const other = end * words;
            for (let w = 0; w < words; w += 1) reaches[row + w] |= reaches[other + w];
            reaches[row + (end >> 5)] |= 1 << (end & 31);
        }
    }
    return new Links(links.count, from, to);
}
