// What the timeline shows: the page's data in typed arrays, which bars lie in which row, and what a search finds.
"use strict";

const Model = (() => {
  const data = JSON.parse(document.getElementById("timeline-data").textContent);
  const { hosts, tasks, outcomes } = data;
  const bars = { ...data.bars };
  for (const column of ["host", "task", "outcome"]) bars[column] = Uint32Array.from(data.bars[column]);
  const count = bars.host.length;
  const start = Float64Array.from(bars.start, (t) => t / 1e6);
  const end = Float64Array.from(bars.start, (t, bar) => (t + bars.length[bar]) / 1e6);
  const isCritical = new Uint8Array(count);
  for (const bar of bars.critical) isCritical[bar] = 1;
  const criticalInOrder = [...bars.critical].sort((a, b) => start[a] - start[b]);
  const isBad = Uint8Array.from(bars.outcome, (outcome) => ["failed", "unreachable", "interrupted"].includes(outcomes[outcome]));

  const taskLabel = (task) => (tasks[task].role ? `${tasks[task].role} | ${tasks[task].name}` : tasks[task].name);

  // Rows of bars in order of start; `latest` is the latest end so far, so that what is in view is found by halving.
  function rowsBy(kind) {
    const names = kind === "host" ? hosts : tasks.map((_, task) => taskLabel(task));
    const rows = names.map((name) => ({ name, bars: [], latest: null }));
    for (let bar = 0; bar < count; bar++) rows[bars[kind][bar]].bars.push(bar);
    for (const row of rows) {
      row.bars.sort((a, b) => start[a] - start[b]);
      row.latest = new Float64Array(row.bars.length);
      row.bars.reduce((latest, bar, at) => (row.latest[at] = Math.max(latest, end[bar])), -Infinity);
    }
    return rows;
  }

  // Index of the first bar of a row that ends after an instant (seconds).
  function firstAfter(row, instant) {
    let low = 0;
    let high = row.bars.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (row.latest[middle] > instant) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  const inLower = (names) => names.map((name) => (name || "").toLowerCase());
  const searched = {
    hosts: inLower(hosts), outcomes: inLower(outcomes),
    tasks: inLower(tasks.map((task) => [task.name, task.role, task.action].join("\n"))),
  };

  // Which bars a search finds: every word must be in the task's, role's, module's, host's or outcome's name.
  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const found = new Uint8Array(count).fill(1);
    for (const word of words) {
      const having = (names) => Uint8Array.from(names, (name) => name.includes(word));
      const inHost = having(searched.hosts), inTask = having(searched.tasks), inOutcome = having(searched.outcomes);
      for (let bar = 0; bar < count; bar++) {
        if (!inHost[bars.host[bar]] && !inTask[bars.task[bar]] && !inOutcome[bars.outcome[bar]]) found[bar] = 0;
      }
    }
    return found;
  }

  // How many hosts were at work from which instant on.
  function load() {
    const steps = [];
    for (let bar = 0; bar < count; bar++) steps.push([start[bar], 1], [end[bar], -1]);
    steps.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const at = new Float64Array(steps.length);
    const height = new Int32Array(steps.length);
    let now = 0;
    let most = 1;
    steps.forEach(([t, step], index) => {
      now += step;
      at[index] = t;
      height[index] = now;
      most = Math.max(most, now);
    });
    return { at, height, most };
  }

  // Plays, batches, roles and blocks, packed into as few lanes as let none lie over another.
  function lanes(limit) {
    const found = [];
    const sorted = [...data.containers].sort((a, b) => a.depth - b.depth || a.from - b.from);
    for (const each of sorted) {
      let lane = found.find((lane) => lane.depth === each.depth && lane.until <= each.from);
      if (!lane) {
        if (found.length >= limit) continue;
        lane = { depth: each.depth, until: 0, boxes: [] };
        found.push(lane);
      }
      lane.boxes.push(each);
      lane.until = each.to;
    }
    return found;
  }

  return {
    data, bars, hosts, tasks, outcomes, count, start, end, isCritical, criticalInOrder, isBad,
    taskLabel, rowsBy, firstAfter, search, load: load(), lanes: lanes(6), duration: data.duration,
  };
})();

// A duration (seconds) as all of deploytrace writes it.
function inWords(seconds) {
  if (seconds < 0.0995) return `${(seconds * 1e3).toFixed(seconds < 0.00995 ? 1 : 0)}ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)}s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const two = (number) => String(number).padStart(2, "0");
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}
