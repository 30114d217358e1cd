// The two kinds of panels that @grafana/ui has no components for, drawn after Grafana's: heatmap and state timeline.

import { dateTimeFormat, getValueFormat, formattedValueToString } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React from 'react';

const ORANGES = ['#3d1a05', '#7f2704', '#a63603', '#d94801', '#f16913', '#fd8d3c', '#fdae6b', '#fdd0a2'];
const DAY = 86_400_000;

/** Counts by time and bucket, the darker the fewer; diamonds are exemplars. */
export function Heatmap({ data, exemplars, unit, width, height, range }) {
  const theme = useTheme2();
  const left = 54;
  const bottom = 22;
  const used = data.buckets.filter((one) => one.counts.some((count) => count > 0));
  const first = Math.max(0, data.buckets.indexOf(used[0]) - 1);
  const last = Math.min(data.buckets.length - 1, data.buckets.indexOf(used[used.length - 1]) + 1);
  const shown = data.buckets.slice(first, last + 1);
  const most = Math.max(1, ...shown.flatMap((one) => one.counts));
  const x = (t) => left + ((t - range.from) / (range.to - range.from)) * (width - left - 8);
  const row = (height - bottom - 6) / Math.max(1, shown.length);
  const y = (place) => height - bottom - row * place;
  const label = (bound) => (bound === Infinity ? '' : formattedValueToString(getValueFormat(unit)(bound)));
  const size = Math.max(3, (x(range.from + data.step) - x(range.from)) - 1);
  const placeOf = (value) => {
    const found = shown.findIndex((one) => value <= one.bound);
    const low = found > 0 ? shown[found - 1].bound : first > 0 ? data.buckets[first - 1].bound : 0;
    const high = shown[found].bound === Infinity ? low * 2 : shown[found].bound;
    return found + (value - low) / (high - low);
  };
  return (
    <svg width={width} height={height} style={{ display: 'block', fontFamily: theme.typography.fontFamily, fontSize: 12 }}>
      <TimeAxis range={range} x={x} top={6} bottom={height - bottom} theme={theme} />
      {shown.map((one, place) => (
        <g key={place}>
          <line x1={left} x2={width - 8} y1={y(place)} y2={y(place)} stroke={theme.colors.border.weak} />
          <text x={left - 8} y={y(place + 1) + 4} textAnchor="end" fill={theme.colors.text.secondary}>{label(one.bound)}</text>
          {one.counts.map((count, at) =>
            count > 0.05 ? (
              <rect key={at} x={x(data.times[at] - data.step)} y={y(place + 1) + 1} width={size} height={row - 2}
                fill={ORANGES[Math.min(ORANGES.length - 1, 1 + Math.round(Math.sqrt(count / most) * (ORANGES.length - 2)))]} />
            ) : null
          )}
        </g>
      ))}
      {exemplars.filter((each) => each.time >= range.from).map((each, at) => (
        <rect key={at} x={-4} y={-4} width={8} height={8} fill={theme.visualization.getColorByName('blue')} stroke={theme.colors.background.primary}
          transform={`translate(${x(each.time)} ${y(placeOf(each.value))}) rotate(45)`} />
      ))}
    </svg>
  );
}

/** A bar for each series, in the colours of the states that it was in. */
export function StateTimeline({ frames, width, height, range, legend }) {
  const theme = useTheme2();
  const names = frames.map((frame) => frame.fields[1].config.displayNameFromDS);
  const left = 12 + 6.6 * Math.max(0, ...names.map((name) => name.length));
  const bottom = 22;
  const row = (height - bottom - 34) / Math.max(1, frames.length);
  const x = (t) => left + ((t - range.from) / (range.to - range.from)) * (width - left - 8);
  return (
    <svg width={width} height={height} style={{ display: 'block', fontFamily: theme.typography.fontFamily, fontSize: 12 }}>
      <TimeAxis range={range} x={x} top={6} bottom={height - bottom - 26} theme={theme} />
      {frames.map((frame, place) => {
        const field = frame.fields[1];
        return (
          <g key={place}>
            <text x={left - 8} y={6 + row * (place + 0.5) + 4} textAnchor="end" fill={theme.colors.text.secondary}>{names[place]}</text>
            {stretches(frame).map(([from, to, value], at) => (
              <rect key={at} x={x(from)} y={6 + row * (place + 0.1)} width={Math.max(1, x(to) - x(from))} height={row * 0.8} fill={field.display(value).color} />
            ))}
          </g>
        );
      })}
      {legend.map(({ text, color }, at) => (
        <g key={text} transform={`translate(${12 + at * 90} ${height - 12})`}>
          <rect width={14} height={4} y={-6} rx={2} fill={theme.visualization.getColorByName(color)} />
          <text x={20} fill={theme.colors.text.primary}>{text}</text>
        </g>
      ))}
    </svg>
  );
}

/** From when to when a value was the same. */
function stretches(frame) {
  const [times, values] = frame.fields.map((field) => field.values);
  const found = [];
  times.forEach((t, at) => {
    const latest = found[found.length - 1];
    if (latest && latest[2] === values[at]) {
      latest[1] = t;
    } else {
      if (latest) {
        latest[1] = t;
      }
      found.push([t, t, values[at]]);
    }
  });
  return found.filter(([, , value]) => value !== null);
}

function TimeAxis({ range, x, top, bottom, theme }) {
  const midnight = new Date(range.from);
  midnight.setHours(24, 0, 0, 0);
  const apart = range.to - range.from > 3 * DAY ? DAY : DAY / 4;
  const ticks = [];
  for (let t = midnight.getTime(); t < range.to; t += apart) {
    ticks.push(t);
  }
  return ticks.map((t) => (
    <g key={t}>
      <line x1={x(t)} x2={x(t)} y1={top} y2={bottom} stroke={theme.colors.border.weak} />
      <text x={x(t)} y={bottom + 16} textAnchor="middle" fill={theme.colors.text.secondary}>{dateTimeFormat(t, { format: apart === DAY ? 'MM/DD' : 'MM/DD HH:mm' })}</text>
    </g>
  ));
}
