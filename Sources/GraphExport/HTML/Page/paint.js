// Draws a picture on a canvas: only what is in view, and only as much of it as can be read at this size.

/** Below this scale names are not written into boxes; the names that matter most are laid over the picture instead. */
const smallestNamed = 0.26;
const smallestNamedBand = 0.22;
/** Below this scale there is one line in a box, in larger letters. */
const smallestTwoLines = 0.62;
const mostOverlaidNames = 200;
/** Below this scale activities are plain rectangles. */
const smallestOutlined = 0.13;

class Painter {
    constructor(plan) {
        this.plan = plan;
        this.fitted = new Map();
    }

    /** Draws `scene` as `view` shows it; `light` says what stands out. */
    paint(ctx, scene, view, size, theme, light) {
        this.ctx = ctx;
        this.theme = theme;
        this.scale = view.scale;
        this.operation = scene.operation;
        ctx.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
        ctx.globalAlpha = 1;
        ctx.fillStyle = theme.background;
        ctx.fillRect(0, 0, size.width, size.height);
        const s = view.scale * size.ratio;
        ctx.setTransform(s, 0, 0, s, view.x * size.ratio, view.y * size.ratio);
        const margin = 30 / view.scale;
        this.seen = {
            left: -view.x / view.scale - margin, top: -view.y / view.scale - margin,
            right: (size.width - view.x) / view.scale + margin, bottom: (size.height - view.y) / view.scale + margin,
        };
        for (const own of scene.bands) if (this.isSeen(own)) this.band(own, light);
        this.edges(scene, light);
        const nodes = scene.nodes.filter((node) => this.isSeen(node));
        for (const node of nodes) this.node(node, light);
        const isNamed = this.scale >= (scene.bands.length > 0 ? smallestNamedBand : smallestNamed);
        if (isNamed) {
            for (const own of scene.bands) if (this.isSeen(own)) this.bandName(own, light);
        }
        if (!isNamed) this.overlaidNames(scene, view, size, light);
        ctx.globalAlpha = 1;
    }

    isSeen(box) {
        return box.x < this.seen.right && box.x + box.width > this.seen.left
            && box.y < this.seen.bottom && box.y + box.height > this.seen.top;
    }

    /** How strongly a node or band is drawn: all of them alike, unless something is selected. */
    strength(isLit, light) { return light.isActive && !isLit ? 0.28 : 1; }

    box(x, y, width, height, radius) {
        const { ctx } = this;
        ctx.beginPath();
        if (this.scale * height < 7) ctx.rect(x, y, width, height);
        else ctx.roundRect(x, y, width, height, radius);
    }

    band(own, light) {
        const { ctx, theme } = this;
        const [, line] = pluginPaint(theme, this.plan.plugin(own.resource));
        const strength = this.strength(light.resources.has(own.resource), light);
        this.box(own.x, own.y, own.width, own.height, 9);
        ctx.globalAlpha = theme.band * (strength < 1 ? 0.5 : 1);
        ctx.fillStyle = line;
        ctx.fill();
        ctx.globalAlpha = theme.bandLine * strength;
        ctx.strokeStyle = line;
        ctx.lineWidth = Math.max(1, 0.5 / this.scale);
        ctx.stroke();
        const { marks } = this.plan.markOfResource(own.resource);
        if (marks) this.markedBox(own, marks, 9, strength);
        if (light.resource === own.resource && light.activity < 0) this.ring(own, 11);
        else if (light.hits.has(own.resource)) this.hit(own, 11, light.hit === own.resource);
        ctx.globalAlpha = 1;
    }

    bandName(own, light) {
        const { ctx, theme, plan } = this;
        ctx.globalAlpha = light.isActive && !light.resources.has(own.resource) ? 0.45 : 1;
        const size = Math.min(36, Math.max(12, 8.5 / this.scale));
        const right = own.x + own.width;
        // The name of a band that is longer than the window stays in the window.
        const x = Math.min(Math.max(own.x + band.inset, this.seen.left + 40 / this.scale), right - band.inset - 60);
        ctx.textBaseline = "middle";
        ctx.textAlign = "left";
        const y = own.y + Math.max(11, size * 0.58);
        const badge = badgeOf(plan.markOfResource(own.resource).marks);
        const note = plan.markOfResource(own.resource).note;
        const name = this.fit(plan.names[own.resource], `600 ${size}px ${fontFamily}`, Math.max(60, (right - x) * 0.7));
        ctx.lineWidth = 3.5;
        ctx.lineJoin = "round";
        ctx.strokeStyle = theme.halo;
        ctx.strokeText(name, x, y);
        ctx.fillStyle = theme.text;
        ctx.fillText(name, x, y);
        const after = x + ctx.measureText(name).width + 7;
        const more = [kindOf(plan.type(own.resource)), note].filter(Boolean).join(" · ");
        const room = right - after - (badge >= 0 ? 26 : 8);
        if (room > 34 && this.scale >= smallestTwoLines * 0.8) {
            const kind = this.fit(more, `${size - 2}px ${fontFamily}`, room);
            ctx.strokeText(kind, after, y);
            ctx.fillStyle = theme.soft;
            ctx.fillText(kind, after, y);
        }
        if (badge >= 0) drawBadge(ctx, theme, badge, right - 4, own.y + 4, 8);
        ctx.globalAlpha = 1;
    }

    node(node, light) {
        const { ctx, plan } = this;
        const isLit = node.activity === undefined ? light.resources.has(node.resource) : light.activities.has(node.activity);
        const strength = this.strength(isLit, light);
        ctx.globalAlpha = strength;
        if (node.activity === undefined) this.resource(node, light, strength);
        else if (node.resource < 0) this.fixed(node, light);
        else this.activity(node, light, strength);
        const own = node.activity === undefined
            ? plan.markOfResource(node.resource) : plan.markOfActivity(this.operation, node.activity);
        const badge = badgeOf(own.marks);
        if (badge >= 0) {
            ctx.globalAlpha = strength;
            const radius = Math.min(node.height * 0.42, Math.max(8, 5 / this.scale));
            drawBadge(ctx, this.theme, badge, node.x + node.width - 2, node.y + 1, radius);
        }
        ctx.globalAlpha = 1;
    }

    resource(node, light, strength) {
        const { ctx, theme, plan } = this;
        const plugin = plan.plugin(node.resource);
        const [fill, line] = pluginPaint(theme, plugin);
        this.box(node.x, node.y, node.width, node.height, 8);
        ctx.globalAlpha = 1;
        ctx.fillStyle = theme.background;
        if (strength < 1) ctx.fill();
        ctx.globalAlpha = strength;
        ctx.fillStyle = fill;
        ctx.fill();
        ctx.strokeStyle = line;
        ctx.lineWidth = Math.max(1.2, 0.5 / this.scale);
        if (plugin < 0) ctx.setLineDash([4, 3]);
        ctx.stroke();
        ctx.setLineDash([]);
        const own = plan.markOfResource(node.resource);
        if (own.marks) this.markedBox(node, own.marks, 8, strength);
        if (light.resource === node.resource) this.ring(node, 11);
        else if (light.hits.has(node.resource)) this.hit(node, 11, light.hit === node.resource);
        if (this.scale < smallestNamed) return;
        const isOneLine = this.scale < smallestTwoLines;
        const size = isOneLine ? Math.min(30, Math.max(13, 9.5 / this.scale)) : 13;
        const room = node.width - 22;
        const middle = node.y + node.height / 2;
        ctx.textBaseline = "middle";
        ctx.textAlign = "left";
        ctx.fillStyle = theme.text;
        ctx.fillText(
            this.fit(plan.names[node.resource], `600 ${size}px ${fontFamily}`, room), node.x + 12,
            isOneLine ? middle + 0.5 : middle - 7);
        if (isOneLine) return;
        ctx.fillStyle = theme.soft;
        const below = own.note || subtitle(plan, node.resource);
        ctx.fillText(this.fit(below, `11px ${fontFamily}`, room), node.x + 12, middle + 9.5);
    }

    activity(node, light, strength) {
        const { ctx, theme, plan } = this;
        const [fill, line] = pluginPaint(theme, plan.plugin(node.resource));
        if (node.isJoint) {
            ctx.beginPath();
            ctx.arc(node.x + node.width / 2, node.y + node.height / 2, 4, 0, 2 * Math.PI);
            ctx.fillStyle = theme.barrier;
            ctx.fill();
            return;
        }
        const own = plan.markOfActivity(this.operation, node.activity);
        if (this.scale < smallestOutlined && own.marks === 0 && light.activity !== node.activity) {
            ctx.fillStyle = node.isBarrier ? theme.fixed : line;
            ctx.fillRect(node.x, node.y, node.width, node.height);
            return;
        }
        this.box(node.x, node.y, node.width, node.height, 7);
        ctx.globalAlpha = 1;
        ctx.fillStyle = theme.background;
        ctx.fill();
        ctx.globalAlpha = strength;
        if (node.isBarrier) {
            ctx.strokeStyle = theme.barrier;
            ctx.lineWidth = Math.max(0.9, 0.4 / this.scale);
            ctx.setLineDash([3, 3]);
        } else {
            ctx.fillStyle = fill;
            ctx.fill();
            ctx.strokeStyle = line;
            ctx.lineWidth = Math.max(1.2, 0.5 / this.scale);
        }
        ctx.stroke();
        ctx.setLineDash([]);
        if (own.marks) this.markedBox(node, own.marks, 7, strength);
        if (light.activity === node.activity) this.ring(node, 9);
        const size = Math.min(12.5, Math.max(11, 7 / this.scale));
        if (this.scale * size < 5.5) return;
        ctx.textBaseline = "middle";
        ctx.textAlign = "center";
        ctx.fillStyle = node.isBarrier ? theme.soft : theme.text;
        const text = own.note && this.scale > smallestTwoLines
            ? `${hookNames[node.hook]} ${own.note}` : hookNames[node.hook];
        const weight = node.isBarrier ? "" : "600 ";
        ctx.fillText(
            this.fit(text, `${weight}${size}px ${fontFamily}`, node.width - 8), node.x + node.width / 2,
            node.y + node.height / 2 + 0.5);
    }

    fixed(node, light) {
        const { ctx, theme } = this;
        this.box(node.x, node.y, node.width, node.height, 13);
        ctx.fillStyle = theme.fixedFill;
        ctx.fill();
        if (light.activity === node.activity) this.ring(node, 15);
        if (this.scale < 0.3) return;
        ctx.font = `600 12px ${fontFamily}`;
        ctx.textBaseline = "middle";
        ctx.textAlign = "center";
        ctx.fillStyle = theme.fixedText;
        ctx.fillText(node.activity === 0 ? "start" : "finish", node.x + node.width / 2, node.y + node.height / 2 + 0.5);
    }

    /** The outline of what is marked: the colour of its mark, heavy where the path is critical, dashed when removed. */
    markedBox(box, marks, radius, strength) {
        const { ctx, theme } = this;
        ctx.globalAlpha = strength;
        const badge = badgeOf(marks);
        const width = Math.max(2.2, 1.2 / this.scale);
        if (badge >= 0) {
            this.box(box.x, box.y, box.width, box.height, radius);
            ctx.strokeStyle = theme.marks[markNames[badge]];
            ctx.lineWidth = width;
            if (markNames[badge] === "removed" || markNames[badge] === "skipped") ctx.setLineDash([6, 4]);
            ctx.stroke();
            ctx.setLineDash([]);
        }
        for (const [bit, name] of [[criticalMark, "critical"], [cycleMark, "cycle"]]) {
            if ((marks & bit) === 0) continue;
            this.box(box.x - 2.5, box.y - 2.5, box.width + 5, box.height + 5, radius + 2.5);
            ctx.strokeStyle = theme.marks[name];
            ctx.lineWidth = width * 1.25;
            ctx.stroke();
        }
    }

    ring(box, radius) { this.outline(box, radius, this.theme.select, 2.6, 4); }

    hit(box, radius, isCurrent) { this.outline(box, radius, this.theme.hit, isCurrent ? 5 : 2.6, 3.5); }

    outline(box, radius, colour, width, distance) {
        const { ctx } = this;
        const d = Math.max(distance, distance * 0.5 / this.scale);
        this.box(box.x - d, box.y - d, box.width + 2 * d, box.height + 2 * d, radius);
        const alpha = ctx.globalAlpha;
        ctx.globalAlpha = 1;
        ctx.strokeStyle = colour;
        ctx.lineWidth = Math.max(width, width * 0.55 / this.scale);
        ctx.stroke();
        ctx.globalAlpha = alpha;
    }

    /** Lines in groups of one style each: what stands out comes last. */
    edges(scene, light) {
        const groups = new Map(edgeStyles.map((style) => [style, []]));
        for (const edge of scene.edges) {
            if (!this.isSeen(edge.box)) continue;
            groups.get(this.edgeStyle(scene, edge, light)).push(edge);
        }
        for (const [style, edges] of groups) if (edges.length > 0) this.group(style, edges, light);
    }

    edgeStyle(scene, edge, light) {
        const a = scene.nodes[edge.from];
        const b = scene.nodes[edge.to];
        if (edge.isCycle) return "cycle";
        if (light.isActive) {
            const [before, after] = a.activity === undefined
                ? [light.before.has(b.resource) && light.before.has(a.resource), light.after.has(a.resource) && light.after.has(b.resource)]
                : [light.before.has(b.activity) && light.before.has(a.activity), light.after.has(a.activity) && light.after.has(b.activity)];
            if (before) return "before";
            if (after) return "after";
        }
        const marks = a.activity === undefined
            ? this.plan.markOfResource(a.resource).marks & this.plan.markOfResource(b.resource).marks
            : this.plan.markOfActivity(scene.operation, a.activity).marks & this.plan.markOfActivity(scene.operation, b.activity).marks;
        if (marks & criticalMark) return "critical";
        return edge.kind;
    }

    group(style, edges, light) {
        const { ctx, theme, scale } = this;
        const stands = style === "before" || style === "after" || style === "critical" || style === "cycle";
        ctx.strokeStyle = { inner: theme.inner, fixed: theme.fixed, before: theme.before, after: theme.after,
            critical: theme.marks.critical, cycle: theme.cycle }[style] || theme.line;
        ctx.fillStyle = ctx.strokeStyle;
        // From afar many lines lie close together: lighter ones leave the boxes visible.
        const distant = stands ? 1 : Math.min(1, Math.max(0.45, scale / 0.25));
        ctx.globalAlpha = light.isActive && !stands ? 0.3 * distant : distant;
        const width = stands ? 2.2 : style === "inner" ? 1.5 : 1.1;
        ctx.lineWidth = Math.max(width, (stands ? 1.3 : 0.55) / scale);
        ctx.lineCap = "butt";
        ctx.lineJoin = "round";
        if (style === "fixed") ctx.setLineDash([2, 3]);
        if (style === "cycle") ctx.setLineDash([7, 4]);
        ctx.beginPath();
        for (const edge of edges) this.trace(edge.points);
        ctx.stroke();
        ctx.setLineDash([]);
        if (scale > 0.3) {
            ctx.beginPath();
            for (const edge of edges) this.head(edge.points, stands ? 7.5 : 6);
            ctx.fill();
        }
        ctx.globalAlpha = 1;
    }

    /** A line through points: a curve between points that differ both ways, round corners where straight parts meet. */
    trace(points) {
        const { ctx } = this;
        const isRound = this.scale > 0.3;
        ctx.moveTo(points[0], points[1]);
        for (let i = 2; i < points.length; i += 2) {
            const [x0, y0, x1, y1] = [points[i - 2], points[i - 1], points[i], points[i + 1]];
            if (x0 !== x1 && Math.abs(y0 - y1) > 0.01 ) {
                const reach = (x1 - x0) / 2;
                ctx.bezierCurveTo(x0 + reach, y0, x1 - reach, y1, x1, y1);
            } else if (isRound && i + 2 < points.length && !(x0 === x1 && y0 === y1)
                && (points[i + 2] === x1 || points[i + 3] === y1)) {
                const reach = Math.min(
                    6, Math.hypot(x1 - x0, y1 - y0) / 2, Math.hypot(points[i + 2] - x1, points[i + 3] - y1) / 2);
                ctx.arcTo(x1, y1, points[i + 2], points[i + 3], reach);
            } else {
                ctx.lineTo(x1, y1);
            }
        }
    }

    head(points, length) {
        const { ctx } = this;
        const n = points.length;
        const x = points[n - 2];
        const y = points[n - 1];
        const back = points[n - 4] > x ? length : -length;
        ctx.moveTo(x, y);
        ctx.lineTo(x + back, y - length * 0.45);
        ctx.lineTo(x + back, y + length * 0.45);
        ctx.closePath();
    }

    /** Where boxes are too small for text: names of what most depends on, as many as have room. */
    overlaidNames(scene, view, size, light) {
        const { ctx, theme, plan } = this;
        ctx.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
        ctx.font = `600 12px ${fontFamily}`;
        ctx.textBaseline = "middle";
        ctx.textAlign = "left";
        const placed = [];
        const boxes = scene.bands.length > 0 ? scene.byWeight.bands : scene.byWeight.nodes;
        for (const box of boxes) {
            const isMarked = box.resource === light.resource || box.resource === light.hit;
            if (!isMarked && (light.isActive && !light.resources.has(box.resource))) continue;
            if (!this.isSeen(box)) continue;
            const text = this.fit(plan.names[box.resource], ctx.font, 150);
            const width = ctx.measureText(text).width + 10;
            const x = Math.max(4, box.x * view.scale + view.x);
            const y = (box.y + box.height / 2) * view.scale + view.y;
            const own = { left: x - 14, right: x + width + 14, top: y - 15, bottom: y + 15 };
            if (placed.some((p) => p.left < own.right && own.left < p.right && p.top < own.bottom && own.top < p.bottom)) continue;
            placed.push(own);
            ctx.lineWidth = 3.5;
            ctx.lineJoin = "round";
            ctx.strokeStyle = theme.halo;
            ctx.strokeText(text, x + 4, y + 0.5);
            ctx.fillStyle = theme.text;
            ctx.fillText(text, x + 4, y + 0.5);
            if (placed.length >= mostOverlaidNames) break;
        }
    }

    /** As much of a text as fits, with an ellipsis where some is missing; sets the font. */
    fit(text, font, room) {
        const { ctx } = this;
        ctx.font = font;
        const key = `${font}|${Math.round(room)}|${text}`;
        const known = this.fitted.get(key);
        if (known !== undefined) return known;
        let out = text;
        if (ctx.measureText(text).width > room) {
            const characters = Array.from(text);
            let low = 0;
            let high = characters.length;
            while (low < high) {
                const middle = (low + high + 1) >> 1;
                if (ctx.measureText(`${characters.slice(0, middle).join("")}…`).width <= room) low = middle;
                else high = middle - 1;
            }
            out = `${characters.slice(0, low).join("").trimEnd()}…`;
        }
        if (this.fitted.size > 20000) this.fitted.clear();
        this.fitted.set(key, out);
        return out;
    }
}

/** In the order in which they are drawn. */
const edgeStyles = ["fixed", "between", "resource", "inner", "before", "after", "critical", "cycle"];
