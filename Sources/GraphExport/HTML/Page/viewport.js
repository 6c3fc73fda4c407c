// The window onto the picture: panning, zooming, and when it is drawn.

const smallestScale = 0.004;
const largestScale = 4;
/** When drawing takes longer than this, what was drawn last is moved while a gesture lasts, and drawn anew after it. */
const slowDrawing = 22;

class Viewport {
    /** `draw(ctx, view, size)` draws; `click(x, y, slack)` gets points of the picture; `hover(x, y)` as well. */
    constructor(canvas, map, actions) {
        this.canvas = canvas;
        this.map = map;
        this.actions = actions;
        this.ctx = canvas.getContext("2d", { alpha: false });
        this.view = { x: 0, y: 0, scale: 1 };
        this.bounds = { x: 0, y: 0, width: 1, height: 1 };
        this.pointers = new Map();
        this.cost = 0;
        this.listen();
    }

    /** Takes the size of the element over; the middle of the picture stays in the middle. */
    resize() {
        const box = this.canvas.getBoundingClientRect();
        const ratio = Math.min(3, window.devicePixelRatio || 1);
        const old = this.size;
        this.size = { width: Math.max(1, box.width), height: Math.max(1, box.height), ratio };
        this.canvas.width = Math.round(this.size.width * ratio);
        this.canvas.height = Math.round(this.size.height * ratio);
        if (old) {
            if (this.isFitted) {
                this.fit();
            } else {
                this.view.x += (this.size.width - old.width) / 2;
                this.view.y += (this.size.height - old.height) / 2;
            }
        }
        this.snapshot = null;
        this.request();
    }

    setBounds(bounds) {
        this.bounds = bounds;
        this.mapPicture = null;
    }

    fit() {
        const { bounds, size } = this;
        // Around the picture stay status, buttons and legend, where there is room for them.
        const pad = size.width > 560 && size.height > 360
            ? { left: 30, right: 62, top: 40, bottom: 60 } : { left: 14, right: 14, top: 14, bottom: 14 };
        const width = size.width - pad.left - pad.right;
        const height = size.height - pad.top - pad.bottom;
        this.view.scale = Math.max(smallestScale, Math.min(width / bounds.width, height / bounds.height, 1.25));
        this.view.x = pad.left + (width - bounds.width * this.view.scale) / 2 - bounds.x * this.view.scale;
        this.view.y = pad.top + (height - bounds.height * this.view.scale) / 2 - bounds.y * this.view.scale;
        this.isFitted = true;
        this.request();
    }

    /** Zooms so that the point of the window at (x, y) stays where it is. */
    zoom(factor, x = this.size.width / 2, y = this.size.height / 2) {
        const scale = Math.min(largestScale, Math.max(smallestScale, this.view.scale * factor));
        const ratio = scale / this.view.scale;
        this.view = { x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio, scale };
        this.isFitted = false;
        this.gesture();
    }

    pan(dx, dy) {
        this.view.x += dx;
        this.view.y += dy;
        this.isFitted = false;
        this.gesture();
    }

    /** Brings a box into the middle, large enough to be read. */
    centre(box) {
        const scale = Math.max(this.view.scale, 0.8);
        const { width, height } = this.size;
        const x = box.width * scale > width ? box.x + width / scale / 2 - 60 / scale : box.x + box.width / 2;
        this.view = { scale, x: width / 2 - x * scale, y: height / 2 - (box.y + box.height / 2) * scale };
        this.isFitted = false;
        this.request();
    }

    /** Moves as little as brings a box into view, unless the picture is smaller than `smallest`. */
    reveal(box, smallest = smallestNamed) {
        const { scale } = this.view;
        if (scale < smallest) {
            this.centre(box);
            return;
        }
        const pad = 30;
        const left = box.x * scale + this.view.x;
        const top = box.y * scale + this.view.y;
        const { width, height } = this.size;
        const right = left + Math.min(box.width * scale, width - 2 * pad);
        const bottom = top + box.height * scale;
        const dx = left < pad ? pad - left : right > width - pad ? width - pad - right : 0;
        const dy = top < pad ? pad - top : bottom > height - pad ? height - pad - bottom : 0;
        if (dx !== 0 || dy !== 0) this.isFitted = false;
        this.view.x += dx;
        this.view.y += dy;
        this.request();
    }

    /** Draws soon, quickly if drawing is slow. */
    gesture() {
        if (this.cost > slowDrawing) {
            this.isMoving = true;
            clearTimeout(this.rest);
            this.rest = setTimeout(() => {
                this.isMoving = false;
                this.request();
            }, 110);
        }
        this.request();
    }

    request() {
        if (this.frame) return;
        this.frame = requestAnimationFrame(() => {
            this.frame = 0;
            this.draw();
        });
    }

    draw() {
        if (this.isMoving && this.snapshot) {
            this.drawSnapshot();
        } else {
            const start = performance.now();
            this.actions.draw(this.ctx, this.view, this.size);
            this.cost = performance.now() - start;
            this.keepSnapshot();
        }
        this.drawMap();
    }

    keepSnapshot() {
        this.snapshot = null;
        if (this.cost <= slowDrawing) return;
        this.snapshot = document.createElement("canvas");
        this.snapshot.width = this.canvas.width;
        this.snapshot.height = this.canvas.height;
        this.snapshot.getContext("2d").drawImage(this.canvas, 0, 0);
        this.snapshotView = { ...this.view };
    }

    drawSnapshot() {
        const { ctx, view, size, snapshotView } = this;
        const ratio = view.scale / snapshotView.scale;
        ctx.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
        ctx.fillStyle = this.actions.background();
        ctx.fillRect(0, 0, size.width, size.height);
        ctx.drawImage(
            this.snapshot, view.x - snapshotView.x * ratio, view.y - snapshotView.y * ratio, size.width * ratio,
            size.height * ratio);
    }

    /** The whole picture in small, while only a part of it is in view. */
    drawMap() {
        const { bounds, view, size, map } = this;
        const isWhole = bounds.x * view.scale + view.x >= -2 && bounds.y * view.scale + view.y >= -2
            && (bounds.x + bounds.width) * view.scale + view.x <= size.width + 2
            && (bounds.y + bounds.height) * view.scale + view.y <= size.height + 2;
        map.hidden = isWhole || size.width < 560 || size.height < 360;
        if (map.hidden) return;
        const scale = Math.min(190 / bounds.width, 120 / bounds.height);
        const width = Math.max(24, bounds.width * scale);
        const height = Math.max(16, bounds.height * scale);
        if (!this.mapPicture) {
            map.width = Math.round(width * size.ratio);
            map.height = Math.round(height * size.ratio);
            map.style.width = `${width}px`;
            map.style.height = `${height}px`;
            this.mapPicture = document.createElement("canvas");
            this.mapPicture.width = map.width;
            this.mapPicture.height = map.height;
            const ctx = this.mapPicture.getContext("2d");
            ctx.setTransform(scale * size.ratio, 0, 0, scale * size.ratio, -bounds.x * scale * size.ratio, -bounds.y * scale * size.ratio);
            this.actions.drawMap(ctx, scale);
        }
        this.mapScale = scale;
        const ctx = map.getContext("2d");
        ctx.setTransform(1, 0, 0, 1, 0, 0);
        ctx.clearRect(0, 0, map.width, map.height);
        ctx.drawImage(this.mapPicture, 0, 0);
        ctx.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
        ctx.strokeStyle = this.actions.accent();
        ctx.lineWidth = 1.5;
        ctx.strokeRect(
            (-view.x / view.scale - bounds.x) * scale, (-view.y / view.scale - bounds.y) * scale,
            (size.width / view.scale) * scale, (size.height / view.scale) * scale);
    }

    listen() {
        const { canvas, map } = this;
        canvas.addEventListener("wheel", (event) => {
            event.preventDefault();
            const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
            this.zoom(Math.exp(-Math.max(-120, Math.min(120, step)) * (event.ctrlKey ? 0.008 : 0.0022)), event.offsetX, event.offsetY);
        }, { passive: false });
        canvas.addEventListener("pointerdown", (event) => {
            if (event.button > 1) return;
            canvas.setPointerCapture(event.pointerId);
            this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
            this.travelled = this.pointers.size > 1 ? 100 : 0;
        });
        canvas.addEventListener("pointermove", (event) => this.moved(event));
        canvas.addEventListener("pointerup", (event) => {
            const isClick = this.pointers.delete(event.pointerId) && this.travelled < 5;
            canvas.classList.remove("panning");
            if (isClick) this.at(event, this.actions.click);
        });
        canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
        canvas.addEventListener("dblclick", (event) => this.zoom(1.8, event.offsetX, event.offsetY));
        const jump = (event) => {
            if (event.buttons === 0 && event.type === "pointermove") return;
            this.view.x = this.size.width / 2 - (event.offsetX / this.mapScale + this.bounds.x) * this.view.scale;
            this.view.y = this.size.height / 2 - (event.offsetY / this.mapScale + this.bounds.y) * this.view.scale;
            this.isFitted = false;
            this.gesture();
        };
        map.addEventListener("pointerdown", jump);
        map.addEventListener("pointermove", jump);
    }

    moved(event) {
        const before = this.pointers.get(event.pointerId);
        if (!before) {
            this.at(event, this.actions.hover);
            return;
        }
        const now = { x: event.offsetX, y: event.offsetY };
        this.pointers.set(event.pointerId, now);
        if (this.pointers.size === 1) {
            this.travelled += Math.hypot(now.x - before.x, now.y - before.y);
            if (this.travelled < 5) return;
            this.canvas.classList.add("panning");
            this.pan(now.x - before.x, now.y - before.y);
            return;
        }
        // Two fingers: what lies between them stays between them.
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const distance = (a, b) => Math.max(20, Math.hypot(a.x - b.x, a.y - b.y));
        this.zoom(distance(now, other) / distance(before, other), (now.x + other.x) / 2, (now.y + other.y) / 2);
        this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    }

    at(event, action) {
        const { view } = this;
        const slack = Math.min(6, 4 / view.scale) + (event.pointerType === "touch" ? 8 / view.scale : 0);
        action((event.offsetX - view.x) / view.scale, (event.offsetY - view.y) / view.scale, slack);
    }
}
