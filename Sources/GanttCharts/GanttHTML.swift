import Scheduling

/// The picture in a page of its own: zoom by width, and words for each bar. It needs no network and nothing beside it.
enum GanttHTML {
    static func page(_ gantt: Gantt) -> [UInt8] {
        let picture = GanttSVG(gantt)
        var out = MarkupText()
        out.line("<!DOCTYPE html>")
        out.line("<html lang=\"en\">")
        out.line("<head>")
        out.line("<meta charset=\"utf-8\">")
        out.line(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        )
        out.line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        out.line("<title>\(MarkupText.escaped(gantt.title))</title>")
        out.line("<style>\n\(style)\n</style>")
        out.line("</head>")
        out.line("<body>")
        out.line(
            "<div id=\"bar\"><button id=\"out\" title=\"Narrower\">−</button><button id=\"in\" title=\"Wider\">+</button><button id=\"fit\">Fit</button><button id=\"one\">1:1</button><span id=\"zoom\" role=\"status\"></span><span id=\"time\"></span></div>"
        )
        out.line(
            "<div id=\"view\" tabindex=\"0\" data-left=\"\(MarkupText.length(picture.left))\" data-width=\"\(MarkupText.length(picture.plotWidth))\" data-seconds=\"\(Double(gantt.run.makespan) / 1_000_000_000)\">"
        )
        picture.element(into: &out)
        out.line("</div>")
        out.line("<div id=\"tip\" hidden></div>")
        out.line("<script>\n\(script)\n</script>")
        out.line("</body>")
        out.line("</html>")
        return out.bytes
    }

    private static let style = """
        body{margin:0;font:13px Helvetica,Arial,sans-serif;color:#111827;display:flex;flex-direction:column;height:100vh}
        #bar{padding:6px 12px;border-bottom:1px solid #d1d5db;display:flex;gap:6px;align-items:center}
        #bar button{font:inherit;min-width:2.2em}#zoom{min-width:5em}#time{color:#6b7280}
        #view{overflow:auto;flex:1}#view svg{display:block}
        #tip{position:fixed;pointer-events:none;white-space:pre-line;background:#111827;color:#fff;padding:6px 9px;border-radius:4px;max-width:32em;overflow-wrap:anywhere}
        svg .dim{opacity:.25}
        """

    private static let script = """
        'use strict';
        const view = document.getElementById('view'), tip = document.getElementById('tip');
        const picture = document.getElementById('gantt'), plot = document.getElementById('plot');
        const left = +view.dataset.left, width = +view.dataset.width, seconds = +view.dataset.seconds;
        const around = picture.width.baseVal.value - width, height = picture.height.baseVal.value;
        const number = (element, name) => +element.getAttribute(name);
        const rects = [...plot.querySelectorAll('rect')].concat([...document.querySelectorAll('.w')])
          .map(e => ({ e, x: number(e, 'x') - (e.classList.contains('w') ? left : 0), w: number(e, 'width'),
            from: e.classList.contains('w') ? left : 0 }));
        const lines = [...plot.querySelectorAll('line')].map(e => ({ e, x: number(e, 'x1') }));
        const marks = [...plot.querySelectorAll('text.a')].map(e => ({ e, x: number(e, 'x') }));
        const pen = document.createElement('canvas').getContext('2d');
        pen.font = '11px Helvetica, Arial, sans-serif';
        const bars = [...plot.querySelectorAll('g')].map(e => {
          const title = e.querySelector('title'), words = title.textContent;
          title.remove();
          const rect = e.querySelector('rect');
          return { e, words, name: words.split('\\n')[0], who: words.split('\\n')[1], x: number(rect, 'x'),
            w: number(rect, 'width'), y: number(rect, 'y'), h: number(rect, 'height') };
        });
        const byElement = new Map(bars.map(bar => [bar.e, bar]));
        const hasLabels = bars.some(bar => bar.h >= 15);
        let zoom = 1;

        function shortened(name, room) {
          const whole = pen.measureText(name).width;
          if (whole <= room) return name;
          const end = name.lastIndexOf(': ');
          let text = end < 0 ? name : name.slice(0, end);
          if (pen.measureText(text).width <= room) return text;
          const points = [...text];
          let low = 0, high = points.length;
          while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (pen.measureText(points.slice(0, middle).join('') + '…').width <= room) low = middle; else high = middle - 1;
          }
          return low < 3 ? '' : points.slice(0, low).join('') + '…';
        }

        function label(bar) {
          const room = bar.w * zoom - 8;
          let box = bar.e.querySelector('svg');
          const text = hasLabels && bar.h >= 15 && room > 14 && !bar.e.classList.contains('m') ? shortened(bar.name, room) : '';
          if (!text) { if (box) box.remove(); return; }
          if (!box) {
            const ns = 'http://www.w3.org/2000/svg';
            box = document.createElementNS(ns, 'svg');
            box.setAttribute('class', 'l');
            box.appendChild(document.createElementNS(ns, 'text'));
            bar.e.appendChild(box);
          }
          box.setAttribute('x', bar.x * zoom + 4);
          box.setAttribute('y', bar.y);
          box.setAttribute('width', room);
          box.setAttribute('height', bar.h);
          box.firstChild.setAttribute('y', bar.h / 2 + 4);
          box.firstChild.textContent = text;
        }

        function setZoom(next, anchor) {
          next = Math.min(Math.max(next, 0.02), 200, 2000000 / width);
          if (anchor === undefined) anchor = view.clientWidth / 2;
          const time = (view.scrollLeft + anchor - left) / zoom;
          zoom = next;
          picture.setAttribute('width', width * zoom + around);
          picture.setAttribute('viewBox', `0 0 ${width * zoom + around} ${height}`);
          for (const r of rects) { r.e.setAttribute('x', r.from + r.x * zoom); r.e.setAttribute('width', Math.max(0.5, r.w * zoom)); }
          for (const l of lines) { l.e.setAttribute('x1', l.x * zoom); l.e.setAttribute('x2', l.x * zoom); }
          let last = -1e9;
          for (const m of marks) {
            m.e.setAttribute('x', m.x * zoom);
            const shows = m.x * zoom - last >= 60;
            m.e.style.display = shows ? '' : 'none';
            if (shows) last = m.x * zoom;
          }
          for (const bar of bars) label(bar);
          view.scrollLeft = time * zoom + left - anchor;
          document.getElementById('zoom').textContent = `${Math.round(zoom * 100)}%`;
        }

        function clock(value) {
          if (value < 60) return value.toFixed(value < 1 ? 3 : 1) + 's';
          const total = Math.round(value), h = Math.floor(total / 3600), m = Math.floor(total / 60) % 60, s = total % 60;
          return (h ? h + 'h ' : '') + m + 'm ' + s + 's';
        }

        const fit = () => setZoom((view.clientWidth - around - 4) / width, 0);
        document.getElementById('in').onclick = () => setZoom(zoom * 1.5);
        document.getElementById('out').onclick = () => setZoom(zoom / 1.5);
        document.getElementById('fit').onclick = fit;
        document.getElementById('one').onclick = () => setZoom(1);
        view.addEventListener('wheel', event => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          setZoom(zoom * Math.exp(-event.deltaY / 300), event.clientX - view.getBoundingClientRect().left);
        }, { passive: false });
        document.addEventListener('keydown', event => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === '+' || event.key === '=') setZoom(zoom * 1.5);
          else if (event.key === '-') setZoom(zoom / 1.5);
          else if (event.key === '0') fit();
          else if (event.key === 'Escape') choose(null);
        });
        view.addEventListener('mousemove', event => {
          const at = (event.clientX - picture.getBoundingClientRect().left - left) / (width * zoom) * seconds;
          document.getElementById('time').textContent = at >= 0 && at <= seconds ? clock(at) : '';
          const group = event.target.closest && event.target.closest('#plot > g');
          const bar = group && byElement.get(group);
          tip.hidden = !bar;
          if (!bar) return;
          tip.textContent = bar.words;
          const box = tip.getBoundingClientRect();
          tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + 'px';
          tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + 'px';
        });
        view.addEventListener('mouseleave', () => { tip.hidden = true; });
        function choose(who) {
          for (const bar of bars) bar.e.classList.toggle('dim', who !== null && bar.who !== who);
        }
        view.addEventListener('click', event => {
          const group = event.target.closest && event.target.closest('#plot > g');
          const bar = group && byElement.get(group);
          choose(bar && bar.who ? bar.who : null);
        });
        setZoom(1, 0);
        """
}
