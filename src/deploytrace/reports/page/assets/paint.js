// Draws the timeline on uPlot's canvas: the load, plays and roles, the critical path, and the rows of bars in view.
"use strict";

const Paint = (() => {
  const LOAD = 30, LANE = 17, GAP = 6, NAME = 6.3; // px; NAME: of one character of a bar's name
  const OUTCOMES = ["ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored", "interrupted", "running"];
  let theme = {};

  function readTheme() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    theme = { text: read("text"), dim: read("dim"), line: read("line"), page: read("card"), lane: read("lane"),
      critical: read("critical"), load: read("load"), stripe: read("stripe"), down: read("down"), select: read("focus") };
    for (const outcome of OUTCOMES) theme[outcome] = [read(outcome), read(`${outcome}-2`), read(`on-${outcome}`) || read("on-bar")];
    theme.font = style.getPropertyValue("--font").trim();
  }

  // Height of what stands above the rows, px.
  function headHeight() {
    return LOAD + GAP + Model.lanes.length * LANE + GAP;
  }

  // Draw what is in view. `view`: rows, rowHeight, scroll (px), found (from Model.search), selected (a bar or -1), kind.
  function paint(chart, view) {
    const ratio = uPlot.pxRatio;
    const { ctx } = chart;
    const area = { left: chart.bbox.left / ratio, top: chart.bbox.top / ratio,
      width: chart.bbox.width / ratio, height: chart.bbox.height / ratio };
    const { min, max } = chart.scales.x;
    const scale = area.width / (max - min);
    const at = (seconds) => area.left + (seconds - min) * scale;
    ctx.save();
    ctx.scale(ratio, ratio);
    ctx.textBaseline = "middle";
    ctx.font = `11px ${theme.font}`;
    const frame = { ctx, area, min, max, at, view };
    const top = area.top + headHeight();
    clipped(ctx, area.left, area.top, area.width, headHeight(), () => head(frame));
    clipped(ctx, 0, top, area.left + area.width, area.height - headHeight(), () => rows(frame, top));
    ctx.fillStyle = theme.dim;
    ctx.textAlign = "right";
    ctx.fillText(`hosts at work (at most ${Model.load.most})`, area.left - 10, area.top + LOAD / 2);
    Model.lanes.forEach((lane, number) => ctx.fillText([...new Set(lane.boxes.map((box) => box.kind))].slice(0, 3).join(", "),
      area.left - 10, area.top + LOAD + GAP + (number + 0.5) * LANE));
    ctx.fillStyle = theme.line;
    ctx.fillRect(0, top - 1, area.left + area.width, 1);
    ctx.restore();
  }

  function clipped(ctx, x, y, width, height, draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y, width, height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  function head({ ctx, area, min, max, at }) {
    const { load } = Model;
    ctx.fillStyle = theme.load;
    let pixel = -1, high = 0, before = 0;
    for (let index = 0; index < load.at.length && load.at[index] < max; index++) {
      const x = Math.floor(at(Math.max(load.at[index], min)));
      if (x !== pixel && pixel >= 0) {
        column(pixel, 1, high);
        column(pixel + 1, x - pixel - 1, before);
        high = before;
      }
      pixel = x;
      before = load.height[index];
      high = Math.max(high, before);
    }
    if (pixel >= 0) column(pixel, 1, high), column(pixel + 1, at(Math.min(max, Model.duration)) - pixel - 1, before);
    Model.lanes.forEach((lane, number) => {
      const y = area.top + LOAD + GAP + number * LANE;
      for (const box of lane.boxes) {
        if (box.to < min || box.from > max) continue;
        const left = Math.max(at(box.from), area.left), right = Math.min(at(box.to), area.left + area.width);
        ctx.fillStyle = theme.lane;
        ctx.fillRect(left, y, Math.max(1, right - left - 1), LANE - 2);
        name(ctx, box.name, left, right, y + LANE / 2 - 0.5, theme.text);
      }
    });
    function column(x, width, height) {
      const tall = (LOAD - 2) * height / load.most;
      if (width > 0 && height > 0) ctx.fillRect(x, area.top + LOAD - tall, width, tall);
    }
  }

  function name(ctx, text, left, right, y, color) {
    const room = Math.floor((right - left - 8) / NAME);
    if (room < 4) return;
    ctx.fillStyle = color;
    ctx.textAlign = "left";
    ctx.fillText(text.length > room ? `${text.slice(0, room - 1)}…` : text, left + 4, y);
  }

  function rows(frame, top) {
    const { ctx, area, view } = frame;
    const { rowHeight } = view;
    const first = Math.max(0, Math.floor(view.scroll / rowHeight));
    const last = Math.min(view.rows.length, Math.ceil((view.scroll + area.height) / rowHeight));
    const every = Math.max(1, Math.ceil(12 / rowHeight));
    for (let number = first; number < last; number++) {
      const y = top + number * rowHeight - view.scroll;
      if (number % 2 && rowHeight >= 8) {
        ctx.fillStyle = theme.stripe;
        ctx.fillRect(0, y, area.left + area.width, rowHeight);
      }
      if (number % every === 0) label(frame, number, y);
    }
    clipped(ctx, area.left, top, area.width, area.height, () => {
      if (rowHeight < 8) Dense.rows(frame, theme, first, last, top);
      else for (let number = first; number < last; number++) row(frame, number, top + number * rowHeight - view.scroll);
      marked(frame, top);
      if (view.kind === "host") {
        downtime(frame, top);
        path(frame, top);
      }
    });
  }

  function label({ ctx, area, view }, number, y) {
    const text = view.rows[number].name;
    const room = Math.floor((area.left - 16) / NAME);
    ctx.fillStyle = view.rows[number].bars.includes(view.selected) ? theme.text : theme.dim;
    ctx.textAlign = "right";
    const middle = y + (view.rowHeight >= 12 ? view.rowHeight / 2 : 6);
    ctx.fillText(text.length > room ? `…${text.slice(1 - room)}` : text, area.left - 10, middle);
  }

  // First what went well, then on top of it what must not be missed; of many in one pixel one is drawn, and none that
  // lies within one of its colour.
  function row(frame, number, y) {
    const { ctx, min, max, at, view } = frame;
    const { bars } = Model;
    const own = view.rows[number];
    const pad = view.rowHeight >= 10 ? 2 : 1;
    const height = view.rowHeight - 2 * pad;
    const later = [];
    let color = "", drawnTo = -1, last = "", reach = -1;
    const from = Model.firstAfter(own, min);
    for (let index = from; index < own.bars.length; index++) {
      const bar = own.bars[index];
      if (Model.start[bar] > max) break;
      const dimmed = view.found !== null && !view.found[bar];
      if (!dimmed && (Model.isBad[bar] || Model.isCritical[bar] || view.found !== null)) {
        later.push(bar);
        continue;
      }
      const left = at(Model.start[bar]), right = at(Model.end[bar]);
      if (right < drawnTo && view.kind === "host") continue;
      const shades = theme[Model.outcomes[bars.outcome[bar]]];
      const wanted = dimmed ? theme.stripe : shades[bars.task[bar] % 2];
      if (wanted === last && right <= reach) continue;
      reach = wanted === last ? Math.max(reach, right) : right;
      last = wanted;
      if (wanted !== color) ctx.fillStyle = color = wanted;
      const width = Math.max(0.8, right - left - (right - left > 3 ? 0.75 : 0));
      ctx.fillRect(left, y + pad, width, height);
      drawnTo = left + 0.8;
      if (width > 40 && view.rowHeight >= 13) {
        barName(frame, bar, left, right, y + view.rowHeight / 2, dimmed ? theme.dim : shades[2]);
        color = "";
      }
    }
    for (const bar of later) urgent(frame, bar, y, pad, height);
  }

  function barName({ ctx, area, view }, bar, left, right, y, color) {
    const text = view.kind === "host" ? Model.tasks[Model.bars.task[bar]].name : Model.hosts[Model.bars.host[bar]];
    name(ctx, text, Math.max(left, area.left), right, y, color);
  }

  function urgent(frame, bar, y, pad, height) {
    const { ctx, at, view } = frame;
    const left = at(Model.start[bar]), right = at(Model.end[bar]);
    const width = Math.max(Model.isBad[bar] ? 3 : 1.5, right - left - 0.75);
    const shades = theme[Model.outcomes[Model.bars.outcome[bar]]];
    ctx.fillStyle = shades[Model.bars.task[bar] % 2];
    ctx.fillRect(left, y + pad, width, height);
    if (Model.isCritical[bar]) {
      ctx.fillStyle = theme.critical;
      ctx.fillRect(left, y + pad + height - Math.min(3, height / 2), width, Math.min(3, height / 2));
    }
    if (width > 40 && view.rowHeight >= 13) barName(frame, bar, left, right, y + view.rowHeight / 2, shades[2]);
  }

  // The frame around the selected bar.
  function marked({ ctx, at, view }, top) {
    if (view.selected < 0) return;
    const bar = view.selected, left = at(Model.start[bar]);
    const y = top + Model.bars[view.kind][bar] * view.rowHeight - view.scroll;
    ctx.strokeStyle = theme.select;
    ctx.lineWidth = 2;
    ctx.strokeRect(left - 1, y, Math.max(4, at(Model.end[bar]) - left) + 2, view.rowHeight);
  }

  function downtime({ ctx, at, view }, top) {
    ctx.fillStyle = theme.down;
    for (const window of Model.data.downtime) {
      const y = top + window.host * view.rowHeight - view.scroll;
      ctx.fillRect(at(window.from), y + view.rowHeight - 2, at(window.to) - at(window.from), 2);
    }
  }

  // The critical path as one line from bar to bar; of rectangles, since a line of so many turns takes its time. The more
  // turns are in view, the fainter are the ways between the bars, lest nothing else is seen.
  function path({ ctx, at, view, min, max }, top) {
    const WIDE = 1.25;
    ctx.fillStyle = theme.critical;
    const inView = Model.criticalInOrder.filter((bar) => Model.end[bar] >= min && Model.start[bar] <= max);
    const faint = Math.min(1, Math.max(0.12, 25 / inView.length)) * (view.found ? 0.5 : 1);
    let x = null, y = null;
    for (const bar of inView) {
      const below = top + (Model.bars.host[bar] + 1) * view.rowHeight - view.scroll - Math.min(3, view.rowHeight / 4);
      const from = at(Model.start[bar]), to = at(Model.end[bar]);
      ctx.globalAlpha = faint;
      if (x !== null) {
        ctx.fillRect(Math.min(x, from), y, Math.abs(from - x) + WIDE, WIDE);
        ctx.fillRect(from, Math.min(y, below), WIDE, Math.abs(below - y));
      }
      ctx.globalAlpha = 1;
      ctx.fillRect(from, below, to - from, WIDE);
      [x, y] = [to, below];
    }
  }

  return { readTheme, headHeight, paint, theme: () => theme };
})();
