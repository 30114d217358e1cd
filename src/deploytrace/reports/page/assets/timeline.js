// The timeline itself: a uPlot chart whose axis is time, drawn by Paint, that stays in place while its rows scroll.
"use strict";

const Timeline = (() => {
  const GUTTER = 190, AXIS = 26, HIGHEST = 560, PRINTED = 1000; // px
  const viewport = document.getElementById("viewport");
  const place = document.getElementById("chart");
  const view = { kind: "host", rows: Model.rowsBy("host"), rowHeight: 16, scroll: 0, found: null, selected: -1, fit: false };
  const listeners = [];
  let shown = [0, Model.duration]; // seconds
  let printing = false;

  Paint.readTheme();
  const chart = new uPlot(options(), [[0, Model.duration], [null, null]], place);

  function options() {
    const color = (name) => () => Paint.theme()[name];
    return {
      width: width(), height: 200, pxAlign: 1, padding: [0, 12, 4, 0],
      scales: { x: { time: false, range: () => shown }, y: { range: [0, 1] } },
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => everything() } },
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      axes: [
        { side: 0, size: AXIS, gap: 2, font: `11px ${Paint.theme().font}`, stroke: color("dim"), space: 90,
          grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, values: (_, splits) => splits.map(onAxis),
          incrs: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
            3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800] },
        { size: GUTTER, splits: () => [], values: () => [], grid: { show: false }, ticks: { show: false } },
      ],
      hooks: {
        draw: [(u) => Paint.paint(u, view)],
        setSelect: [(u) => {
          if (u.select.width > 3) show(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
      },
    };
  }

  function onAxis(seconds) {
    const [min, max] = span();
    if (max - min < 10) return `${+seconds.toFixed(3)}s`;
    const whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}h${two(minutes)}` : minutes ? `${minutes}m${whole % 60 ? two(whole % 60) : ""}` : `${whole}s`;
  }

  function width() {
    return printing ? PRINTED : Math.max(320, viewport.clientWidth);
  }

  // Row height and heights of chart and scrolled area, for the window as it is now.
  function lay() {
    const around = AXIS + Paint.headHeight() + 6;
    const room = printing ? 620 - around : HIGHEST - around;
    const wanted = view.rows.length <= 40 ? 18 : 14;
    const fitted = Math.max(printing || view.fit ? 1.5 : 3, room / view.rows.length);
    view.rowHeight = view.fit || printing ? Math.min(18, fitted) : wanted;
    const whole = around + view.rows.length * view.rowHeight;
    const height = Math.min(whole, printing ? whole : HIGHEST);
    viewport.style.height = printing ? "auto" : `${Math.ceil(height) + 2}px`;
    place.style.height = `${Math.ceil(whole)}px`;
    view.scroll = printing ? 0 : Math.min(viewport.scrollTop, Math.max(0, whole - height));
    chart.setSize({ width: width(), height: Math.ceil(height) });
  }

  function redraw() {
    chart.redraw(false, false);
  }

  function span() {
    return shown;
  }

  // Show from one instant to another (seconds), as far as the run goes and to a thousandth of a second.
  function show(from, to) {
    const shortest = Math.min(Model.duration, Math.max(0.002, Model.duration / 1e6));
    const length = Math.min(Model.duration, Math.max(shortest, to - from));
    const first = Math.min(Math.max(0, from), Model.duration - length);
    shown = [first, first + length];
    chart.setScale("x", { min: shown[0], max: shown[1] });
    listeners.forEach((listener) => listener());
  }

  function everything() {
    show(0, Model.duration);
  }

  // Zoom by a factor around an instant (default: the middle).
  function zoom(factor, around) {
    const [min, max] = span();
    const center = around ?? (min + max) / 2;
    show(center - (center - min) * factor, center - (center - min) * factor + (max - min) * factor);
  }

  // Move by a share of what is shown.
  function move(share) {
    const [min, max] = span();
    const length = max - min;
    const first = Math.min(Math.max(0, min + share * length), Model.duration - length);
    show(first, first + length);
  }

  function setRows(kind) {
    view.kind = kind;
    view.rows = Model.rowsBy(kind);
    viewport.scrollTop = 0;
    lay();
  }

  function setFit(fit) {
    view.fit = fit;
    lay();
  }

  // The bar at a place of the plot (px), or -1; a near one counts too.
  function barAt(x, y) {
    const number = Math.floor((y - Paint.headHeight() + view.scroll) / view.rowHeight);
    const row = view.rows[number];
    if (!row || y < Paint.headHeight()) return -1;
    const t = chart.posToVal(x, "x"), near = Math.abs(chart.posToVal(x + 3, "x") - t);
    let best = -1, gap = near;
    for (let index = Model.firstAfter(row, t - near); index < row.bars.length; index++) {
      const bar = row.bars[index];
      if (Model.start[bar] > t + near) break;
      const apart = Math.max(Model.start[bar] - t, t - Model.end[bar], 0);
      if (apart <= gap) [best, gap] = [bar, apart];
    }
    return best;
  }

  // Bring a bar into view, rows and time, without changing more than needed.
  function reveal(bar) {
    const number = Model.bars[view.kind][bar];
    const y = number * view.rowHeight, room = viewport.clientHeight - AXIS - Paint.headHeight() - view.rowHeight;
    if (y < view.scroll || y > view.scroll + room) viewport.scrollTop = Math.max(0, y - room / 2);
    const [min, max] = span(), length = max - min;
    const middle = (Model.start[bar] + Model.end[bar]) / 2;
    if (Model.end[bar] < min || Model.start[bar] > max) show(middle - length / 2, middle + length / 2);
  }

  viewport.addEventListener("scroll", () => {
    view.scroll = viewport.scrollTop;
    redraw();
  }, { passive: true });
  viewport.addEventListener("wheel", (event) => {
    const box = chart.over.getBoundingClientRect();
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), chart.posToVal(event.clientX - box.left, "x"));
    } else if (sideways && (event.shiftKey || Math.abs(sideways) > Math.abs(event.deltaY))) {
      event.preventDefault();
      move(sideways / box.width);
    }
  }, { passive: false });

  function repaint() {
    Paint.readTheme();
    lay();
  }
  new ResizeObserver(() => { if (!printing && Math.abs(chart.width - width()) > 1) lay(); }).observe(viewport);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    printing = true;
    document.documentElement.classList.add("printing");
    for (const each of document.querySelectorAll("details.cause")) each.open = true;
    repaint();
  });
  addEventListener("afterprint", () => {
    printing = false;
    document.documentElement.classList.remove("printing");
    repaint();
  });
  lay();

  return { view, chart, show, everything, zoom, move, setRows, setFit, barAt, reveal, redraw, span, onView: (listener) => listeners.push(listener) };
})();
