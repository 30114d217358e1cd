// Draws the rows of a dashboard from its JSON, with data that a Prometheus answers its panels' queries with.

import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import {
  applyFieldOverrides, createTheme, dateTime, FieldType, getFieldDisplayValues, getFieldDisplayName, standardFieldConfigEditorRegistry, standardTransformers,
  standardTransformersRegistry, ThemeContext, transformDataFrame, VizOrientation,
} from '@grafana/data';
import { locationUtil } from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import React from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';

import { answersOf, exemplarsOf } from './answers.js';
import { Heatmap, StateTimeline } from './drawn.jsx';

const CELL = 30;
const GAP = 8;
const theme = createTheme({ colors: { mode: 'dark' } });

const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'color', 'links'];
const CUSTOM = ['cellOptions', 'width', 'minWidth', 'align'];
const option = (id, path, isCustom) => ({ id, path, isCustom, name: id, process: (value) => value, shouldApply: () => true });
standardFieldConfigEditorRegistry.setInit(() => [
  ...STANDARD.map((id) => option(id, id, false)),
  ...CUSTOM.map((id) => option(`custom.${id}`, id, true)),
]);
standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((one) => ({ id: one.id, name: one.name, transformation: () => Promise.resolve(one) }))
);

locationUtil.initialize({ config: { appSubUrl: '' }, getVariablesUrlParams: () => ({}), getTimeRangeForUrl: () => ({}) });

const GRAPH = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', showPoints: 'auto', pointSize: 5, spanNulls: false,
  stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisColorMode: 'text', axisLabel: '', scaleDistribution: { type: 'linear' },
  thresholdsStyle: { mode: 'off' }, barAlignment: 0, barWidthFactor: 0.6, hideFrom: { legend: false, tooltip: false, viz: false }, insertNulls: false,
};

/** What a kind of panel takes where the dashboard's JSON says nothing. */
function configured(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const mode = panel.type === 'timeseries' ? 'palette-classic' : 'thresholds';
  const thresholds = defaults.thresholds && { ...defaults.thresholds, steps: defaults.thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })) };
  return { defaults: { color: { mode }, ...defaults, ...(thresholds && { thresholds }) }, overrides: overrides.map((one) => ({ ...one, properties: one.properties.map(lowest) })) };
}

function lowest(property) {
  if (property.id !== 'thresholds') {
    return property;
  }
  return { ...property, value: { ...property.value, steps: property.value.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })) } };
}

async function dataOf(panel, prometheus, range, width) {
  const several = panel.type === 'table' && panel.targets.length > 1;
  const asked = { ...panel, targets: panel.targets.map((target) => ({ ...target, several })) };
  const frames = await answersOf(asked, prometheus, range, width);
  if (panel.type === 'heatmap') {
    return { frames, exemplars: await exemplarsOf(panel, prometheus, range) };
  }
  const transformed = panel.transformations ? await lastValueFrom(transformDataFrame(panel.transformations, frames)) : frames;
  const fieldConfig = configured(panel);
  const data = applyFieldOverrides({ data: transformed, fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'browser' });
  for (const frame of data) {
    for (const field of frame.fields) {
      field.config.custom = { ...(panel.type === 'timeseries' ? GRAPH : {}), ...fieldConfig.defaults.custom, ...field.config.custom };
      field.state.displayName = getFieldDisplayName(field, frame, data);
    }
  }
  return { frames: data, fieldConfig };
}

function Content({ panel, data, range, width, height }) {
  const { frames, fieldConfig } = data;
  const timeRange = { from: dateTime(range.from), to: dateTime(range.to), raw: { from: dateTime(range.from), to: dateTime(range.to) } };
  const displayed = () => getFieldDisplayValues({ fieldConfig, reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '', ...panel.options.reduceOptions }, replaceVariables: (text) => text, theme, data: frames, timeZone: 'browser' });
  if (panel.type === 'heatmap') {
    return <Heatmap data={frames[0]} exemplars={data.exemplars} unit={panel.options.yAxis.unit} {...{ width, height, range }} />;
  }
  if (!frames.length || !frames.some((frame) => frame.length)) {
    if (panel.type !== 'stat') {
      return <div style={{ height, display: 'flex', alignItems: 'center', justifyContent: 'center', color: theme.colors.text.secondary }}>{fieldConfig.defaults.noValue ?? 'No data'}</div>;
    }
  }
  if (panel.type === 'timeseries') {
    return <TimeSeries frames={frames} timeRange={timeRange} timeZone="browser" width={width} height={height} legend={{ showLegend: true, ...panel.options.legend }} />;
  }
  if (panel.type === 'state-timeline') {
    const legend = Object.values(fieldConfig.defaults.mappings[0].options);
    return <StateTimeline {...{ frames, width, height, range, legend }} />;
  }
  if (panel.type === 'table') {
    const sortBy = panel.options.sortBy?.map(({ displayName, desc }) => ({ displayName, desc }));
    return <TableNG data={frames[0]} width={width} height={height} initialSortBy={sortBy} cellHeight="sm" enableVirtualization={false} getActions={() => []} fieldConfig={fieldConfig} />;
  }
  if (panel.type === 'stat') {
    return <VizRepeater source={[]} getValues={displayed} width={width} height={height} orientation={VizOrientation.Auto} renderCounter={0}
      renderValue={({ value, width, height }) => <BigValue value={value.display} width={width} height={height} theme={theme} colorMode={panel.options.colorMode} graphMode="none" textMode="auto" justifyMode="auto" />} />;
  }
  const sizes = displayed();
  return <VizRepeater source={[]} getValues={() => sizes} width={width} height={height} orientation={VizOrientation.Horizontal} renderCounter={0} minVizHeight={panel.options.minVizHeight} maxVizHeight={panel.options.maxVizHeight} itemSpacing={8}
    renderValue={({ value, width, height, alignmentFactors }) => <BarGauge value={value.display} width={width} height={height} theme={theme} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      orientation={VizOrientation.Horizontal} displayMode={panel.options.displayMode} showUnfilled={panel.options.showUnfilled} alignmentFactors={alignmentFactors} text={panel.options.text} itemSpacing={8} />}
    getAlignmentFactors={(values) => values.reduce((most, one) => ({ title: longer(most.title, one.display.title), text: longer(most.text, one.display.text), prefix: longer(most.prefix, one.display.prefix), suffix: longer(most.suffix, one.display.suffix) }), { title: '', text: '' })} />;
}

const longer = (one, other) => ((other ?? '').length > (one ?? '').length ? other : one);

/** The panels of one row, as they lie; resolves when they are drawn. */
window.draw = async ({ board, row, prometheus, range, width }) => {
  const panels = rowOf(board, row);
  const top = Math.min(...panels.map((panel) => panel.gridPos.y));
  const column = (width - 23 * GAP) / 24;
  const across = (cells) => cells * column + (cells - 1) * GAP;
  const down = (cells) => cells * CELL + (cells - 1) * GAP;
  const all = await Promise.all(panels.map((panel) => dataOf(panel, prometheus, range, across(panel.gridPos.w))));
  const height = Math.max(...panels.map(({ gridPos }) => down(gridPos.y - top + gridPos.h)));
  const root = document.getElementById('root');
  root.style.cssText = `position: relative; width: ${width}px; height: ${height}px`;
  createRoot(root).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      {panels.map((panel, at) => {
        const { x, y, w, h } = panel.gridPos;
        return (
          <div key={panel.id} style={{ position: 'absolute', left: x * (column + GAP), top: (y - top) * (CELL + GAP), width: across(w), height: down(h) }}>
            <PanelChrome title={panel.title} width={across(w)} height={down(h)}>
              {(width, height) => <Content {...{ panel, range, width, height }} data={all[at]} />}
            </PanelChrome>
          </div>
        );
      })}
    </ThemeContext.Provider>
  );
  await document.fonts.ready;
  await new Promise((done) => setTimeout(done, 1500));
  return [Math.ceil(width), Math.ceil(height)];
};

function rowOf(board, title) {
  const start = board.panels.findIndex((panel) => panel.type === 'row' && panel.title === title);
  const rest = board.panels.slice(start + 1);
  const end = rest.findIndex((panel) => panel.type === 'row');
  return end < 0 ? rest : rest.slice(0, end);
}
