// Colours of the picture; those of the plugins are those of the Graphviz export, which people who see few colours can
// tell apart too.

const lightTheme = {
    background: "#f8fafc", text: "#111827", soft: "#6b7280", line: "#9ca3af", inner: "#4b5563", fixed: "#cbd5e1",
    band: 0.055, bandLine: 0.28, halo: "#f8fafc", select: "#111827", before: "#b45309", after: "#1d4ed8", cycle: "#dc2626",
    barrier: "#9ca3af", fixedFill: "#111827", fixedText: "#ffffff", hit: "#f59e0b",
    plugins: [
        ["#dbeafe", "#2563eb"], ["#fef3c7", "#b45309"], ["#dcfce7", "#15803d"], ["#fce7f3", "#be185d"],
        ["#ede9fe", "#6d28d9"], ["#cffafe", "#0e7490"], ["#fee2e2", "#b91c1c"], ["#e5e7eb", "#374151"],
    ],
    none: ["#ffffff", "#6b7280"],
    marks: {
        added: "#15803d", removed: "#b91c1c", changed: "#b45309", done: "#15803d", failed: "#b91c1c",
        cancelled: "#6b7280", skipped: "#6b7280", running: "#1d4ed8", critical: "#111827", cycle: "#dc2626",
    },
    markText: "#ffffff",
};

const darkTheme = {
    background: "#0d1420", text: "#f1f5f9", soft: "#94a3b8", line: "#64748b", inner: "#a8b4c4", fixed: "#3b4759",
    band: 0.1, bandLine: 0.4, halo: "#0d1420", select: "#ffffff", before: "#fbbf24", after: "#60a5fa", cycle: "#f87171",
    barrier: "#64748b", fixedFill: "#e2e8f0", fixedText: "#0d1420", hit: "#fbbf24",
    plugins: [
        ["#1b315c", "#6ea0ff"], ["#45310c", "#f0b23e"], ["#123a24", "#4cc87c"], ["#4a1733", "#f27bb5"],
        ["#33235f", "#a98bfa"], ["#0d3b47", "#3fc4dd"], ["#4c1a1a", "#f58a8a"], ["#2a3342", "#aab6c6"],
    ],
    none: ["#0d1420", "#94a3b8"],
    marks: {
        added: "#4ade80", removed: "#f87171", changed: "#fbbf24", done: "#4ade80", failed: "#f87171",
        cancelled: "#94a3b8", skipped: "#94a3b8", running: "#60a5fa", critical: "#ffffff", cycle: "#f87171",
    },
    markText: "#0d1420",
};

const fontFamily = "system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", \"Liberation Sans\", sans-serif";

function pluginPaint(theme, plugin) { return plugin < 0 ? theme.none : theme.plugins[plugin % theme.plugins.length]; }

/** The mark that a badge shows: the first that says what is or what happened. */
function badgeOf(marks) { return markNames.findIndex((_, i) => (marks >> i) & 1 && i < 8); }

/** Draws the badge of a mark, a disc with a sign, so that it is told by form as well as by colour. */
function drawBadge(ctx, theme, mark, x, y, radius) {
    const name = markNames[mark];
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fillStyle = theme.marks[name];
    ctx.fill();
    ctx.lineWidth = radius * 0.2;
    ctx.strokeStyle = theme.background;
    ctx.stroke();
    const r = radius * 0.5;
    ctx.strokeStyle = theme.markText;
    ctx.fillStyle = theme.markText;
    ctx.lineWidth = radius * 0.27;
    ctx.lineCap = "round";
    ctx.lineJoin = "round";
    ctx.beginPath();
    const line = (...points) => {
        ctx.moveTo(x + points[0] * r, y + points[1] * r);
        for (let i = 2; i < points.length; i += 2) ctx.lineTo(x + points[i] * r, y + points[i + 1] * r);
    };
    switch (name) {
    case "added": line(-1, 0, 1, 0); line(0, -1, 0, 1); break;
    case "removed": line(-1, 0, 1, 0); break;
    case "changed": line(-1, 0.3, -0.5, -0.3, 0.5, 0.3, 1, -0.3); break;
    case "done": line(-0.9, 0.1, -0.2, 0.8, 1, -0.7); break;
    case "failed": line(-0.8, -0.8, 0.8, 0.8); line(0.8, -0.8, -0.8, 0.8); break;
    case "cancelled": line(-0.7, -0.8, -0.7, 0.8); line(0.7, -0.8, 0.7, 0.8); break;
    case "skipped": line(-0.9, -0.8, -0.1, 0, -0.9, 0.8); line(0.1, -0.8, 0.9, 0, 0.1, 0.8); break;
    default: line(-0.5, -0.9, 0.9, 0, -0.5, 0.9, -0.5, -0.9);
    }
    ctx.stroke();
}
