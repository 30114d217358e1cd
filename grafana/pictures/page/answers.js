// Puts a panel's queries to Prometheus, and makes data frames of the answers, as Grafana's data source does.

import { FieldType, rangeUtil, toDataFrame } from '@grafana/data';

const NUMBER = (text) => (text === '+Inf' ? Infinity : text === 'NaN' ? null : Number(text));

/** The answers to all queries of a panel, before transformations. `range` is {from, to} in ms, `width` the panel's. */
export async function answersOf(panel, prometheus, range, width) {
  const lowest = panel.interval ? rangeUtil.intervalToMs(panel.interval) : 15_000;
  const exact = Math.max(lowest, (range.to - range.from) / width);
  const step = Math.max(lowest, rangeUtil.roundInterval(exact));
  const frames = [];
  for (const target of panel.targets ?? []) {
    const expression = filled(target.expr, range, step);
    frames.push(...(target.instant ? await atTheEnd(prometheus, target, expression, range) : await overTime(prometheus, target, expression, range, step)));
  }
  return frames;
}

/** The exemplars of a panel's first query: time (ms), value, trace id. */
export async function exemplarsOf(panel, prometheus, range) {
  const expression = filled(panel.targets[0].expr, range, 3_600_000);
  const series = await asked(prometheus, 'query_exemplars', { query: expression, start: range.from / 1000, end: range.to / 1000 });
  return series.flatMap((one) => one.exemplars.map((each) => ({ time: each.timestamp * 1000, value: NUMBER(each.value), trace: each.labels.trace_id })));
}

function filled(expression, range, step) {
  const known = { __range: `${Math.round((range.to - range.from) / 1000)}s`, __interval: `${Math.round(step / 1000)}s`, __rate_interval: `${Math.round(step / 1000)}s` };
  return expression.replace(/\$(\w+)|\$\{(\w+)\}/g, (_, bare, braced) => known[bare ?? braced] ?? '.+');
}

async function asked(prometheus, what, parameters) {
  const answer = await fetch(`${prometheus}/api/v1/${what}?${new URLSearchParams(parameters)}`);
  const said = await answer.json();
  if (said.status !== 'success') {
    throw new Error(`${parameters.query}: ${said.error}`);
  }
  return what === 'query_exemplars' ? said.data : said.data.result;
}

async function atTheEnd(prometheus, target, expression, range) {
  const found = await asked(prometheus, 'query', { query: expression, time: range.to / 1000, lookback_delta: '60s' });
  const series = found.map((one) => ({ labels: one.metric ?? {}, values: [one.value ?? one] }));
  return target.format === 'table' ? [asTable(target, series)] : asSeries(target, series);
}

async function overTime(prometheus, target, expression, range, step) {
  const start = Math.ceil(range.from / step) * step;
  const found = await asked(prometheus, 'query_range', { query: expression, start: start / 1000, end: range.to / 1000, step: step / 1000 });
  const series = found.map((one) => ({ labels: one.metric, values: one.values }));
  return target.format === 'heatmap' ? [asBuckets(target, series, start, range.to, step)] : asSeries(target, series.map((one) => dense(one, start, range.to, step)));
}

/** Nothing is a value too: without it, lines would not show their gaps, and bars would be drawn too wide. */
function dense(series, start, end, step) {
  const known = new Map(series.values.map(([t, text]) => [Math.round(t * 1000), text]));
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step);
  return { ...series, values: times.map((t) => [t / 1000, known.get(t) ?? null]) };
}

function named(target, labels) {
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  return target.legendFormat === '' ? target.refId : Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(', ') || target.refId;
}

function asSeries(target, series) {
  return series.map((one) =>
    toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: one.values.map(([t]) => t * 1000), config: { interval: undefined } },
        { name: 'Value', type: FieldType.number, labels: one.labels, values: one.values.map(([, text]) => (text === null ? null : NUMBER(text))), config: { displayNameFromDS: named(target, one.labels) } },
      ],
    })
  );
}

function asTable(target, series) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map((one) => one.values[0][0] * 1000) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: series.map((one) => one.labels[label] ?? '') })),
      { name: target.several ? `Value #${target.refId}` : 'Value', type: FieldType.number, values: series.map((one) => NUMBER(one.values[0][1])) },
    ],
  });
}

/** Buckets by their upper bounds, each counted by itself. */
function asBuckets(target, series, start, end, step) {
  const all = series.map((one) => ({ bound: NUMBER(one.labels.le), ...dense(one, start, end, step) })).sort((a, b) => a.bound - b.bound);
  return {
    refId: target.refId,
    step,
    times: all.length ? all[0].values.map(([t]) => t * 1000) : [],
    buckets: all.map((one, i) => ({
      bound: one.bound,
      counts: one.values.map(([, text], at) => Math.max(0, NUMBER(text ?? 0) - (i ? NUMBER(all[i - 1].values[at][1] ?? 0) : 0))),
    })),
  };
}
