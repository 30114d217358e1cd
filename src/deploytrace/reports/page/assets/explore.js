// What people do with the timeline: search, select a bar, go from bar to bar, by mouse and by keyboard.
"use strict";

(() => {
  const byId = (name) => document.getElementById(name);
  const viewport = byId("viewport"), field = byId("search"), found = byId("found"), selected = byId("selected");
  const { view } = Timeline;
  const HINT = "Select a bar to see more of it.";
  let finds = [];

  function legend() {
    const present = new Set(Model.bars.outcome);
    const entries = Model.outcomes.filter((_, number) => present.has(number)).map((outcome) => [outcome, outcome]);
    if (Model.bars.critical.length) entries.push(["critical", "critical path: what the end waited for"]);
    if (Model.data.downtime.length) entries.push(["down", "service down"]);
    for (const [kind, text] of entries) {
      const entry = document.createElement("li");
      entry.className = `key ${kind}`;
      entry.textContent = text;
      byId("legend").append(entry);
    }
    if (Model.bars.left_out) {
      const entry = document.createElement("li");
      entry.textContent = `${Model.bars.left_out} of the shortest host results are not drawn`;
      byId("legend").append(entry);
    }
  }

  // What is to be known of a bar, most important first.
  function told(bar) {
    const task = Model.tasks[Model.bars.task[bar]];
    const length = Model.end[bar] - Model.start[bar];
    return {
      task: Model.taskLabel(Model.bars.task[bar]),
      line: `${Model.hosts[Model.bars.host[bar]]}: ${Model.outcomes[Model.bars.outcome[bar]]}, ${inWords(length)}, ` +
        `from ${inWords(Model.start[bar])} on` + (Model.isCritical[bar] ? ", on the critical path" : ""),
      more: [Model.bars.notes[bar], task.action, task.place].filter(Boolean).join(" · "),
    };
  }

  function write(element, bar) {
    const { task, line, more } = told(bar);
    element.replaceChildren(...[["strong", task], ["span", line], ["span", more]].map(([name, text]) => {
      const part = document.createElement(name);
      part.textContent = text;
      return part;
    }));
  }

  function select(bar, move = true) {
    view.selected = bar;
    if (bar < 0) selected.textContent = HINT;
    else {
      write(selected, bar);
      if (move) Timeline.reveal(bar);
    }
    Timeline.redraw();
  }

  function search(text) {
    view.found = Model.search(text);
    finds = [];
    if (view.found) for (let bar = 0; bar < Model.count; bar++) if (view.found[bar]) finds.push(bar);
    const total = finds.reduce((sum, bar) => sum + Model.end[bar] - Model.start[bar], 0);
    found.textContent = !view.found ? "" : finds.length
      ? `${finds.length.toLocaleString("en")} host result${finds.length > 1 ? "s" : ""}, ${inWords(total)} in all` : "nothing found";
    Timeline.redraw();
  }

  function nextFind(step) {
    if (!finds.length) return;
    const here = finds.indexOf(view.selected);
    select(finds[(here + step + finds.length) % finds.length]);
  }

  // From the selected bar to its neighbour in the row, or to the bar at the same time in the row above or below.
  function go(along, across) {
    if (view.selected < 0) {
      const row = view.rows.find((each) => each.bars.length);
      if (row) select(row.bars[0]);
      return;
    }
    const number = Model.bars[view.kind][view.selected];
    if (along) {
      const { bars } = view.rows[number];
      const next = bars[bars.indexOf(view.selected) + along];
      if (next !== undefined) select(next);
      return;
    }
    for (let other = number + across; view.rows[other]; other += across) {
      const { bars } = view.rows[other];
      if (!bars.length) continue;
      const at = Math.min(Model.firstAfter(view.rows[other], Model.start[view.selected]), bars.length - 1);
      select(bars[at]);
      return;
    }
  }

  const KEYS = {
    ArrowRight: () => go(1, 0), ArrowLeft: () => go(-1, 0), ArrowDown: () => go(0, 1), ArrowUp: () => go(0, -1),
    "+": () => Timeline.zoom(0.6), "=": () => Timeline.zoom(0.6), "-": () => Timeline.zoom(1 / 0.6),
    a: () => Timeline.move(-0.25), d: () => Timeline.move(0.25), 0: () => Timeline.everything(),
    Escape: () => select(-1), Enter: () => nextFind(1),
  };
  viewport.addEventListener("keydown", (event) => {
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
    event.preventDefault();
    field.focus();
  });
  field.addEventListener("input", () => search(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextFind(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      field.value = "";
      search("");
    }
  });
  byId("rows").addEventListener("change", (event) => {
    Timeline.setRows(event.target.value);
    if (view.selected >= 0) Timeline.reveal(view.selected);
  });
  byId("fit").addEventListener("change", (event) => Timeline.setFit(event.target.checked));
  byId("zoom-in").addEventListener("click", () => Timeline.zoom(0.6));
  byId("zoom-out").addEventListener("click", () => Timeline.zoom(1 / 0.6));
  byId("everything").addEventListener("click", () => Timeline.everything());
  for (const button of document.querySelectorAll("button.find")) {
    button.addEventListener("click", () => {
      field.value = button.dataset.find;
      search(field.value);
      byId("timeline").scrollIntoView();
      nextFind(1);
    });
  }

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const over = Timeline.chart.over;
  over.addEventListener("mousemove", (event) => {
    const box = over.getBoundingClientRect();
    const bar = event.buttons ? -1 : Timeline.barAt(event.clientX - box.left, event.clientY - box.top);
    tip.hidden = bar < 0;
    if (bar < 0) return;
    write(tip, bar);
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
    tip.style.transform = `translate(${Math.max(8, left)}px, ${below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10}px)`;
  });
  over.addEventListener("mouseleave", () => { tip.hidden = true; });
  over.addEventListener("click", (event) => {
    const box = over.getBoundingClientRect();
    select(Timeline.barAt(event.clientX - box.left, event.clientY - box.top), false);
  });
  legend();
  selected.textContent = HINT;
})();
