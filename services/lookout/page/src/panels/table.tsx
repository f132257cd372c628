import { type DataFrame, getFrameDisplayName } from '@grafana/data';
import type { TableCellHeight } from '@grafana/schema';
import { Combobox, type TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useMemo, useState } from 'react';
import { useTools } from '../dashboard/context';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

interface Options {
  showHeader?: boolean;
  cellHeight?: TableCellHeight;
  sortBy?: TableSortByFieldState[];
  frameIndex?: number;
  enablePagination?: boolean;
  footer?: { show?: boolean; reducer?: string[]; fields?: string[] | string; enablePagination?: boolean; countRows?: boolean };
}

/** Older dashboards have one footer for the table, newer ones a footer per field: makes the latter of the former. */
export function withFooters(frame: DataFrame, footer: Options['footer']): DataFrame {
  if (!footer?.show || !footer.reducer?.length) {
    return frame;
  }
  const only = Array.isArray(footer.fields) ? footer.fields : footer.fields ? [footer.fields] : [];
  const fields = frame.fields.map((field) => {
    const wanted =
      only.length === 0 ? field.type === 'number' : only.includes(field.state?.displayName ?? field.name) || only.includes(field.name);
    if (!wanted || field.config.custom?.footer) {
      return field;
    }
    return { ...field, config: { ...field.config, custom: { ...field.config.custom, footer: { reducers: footer.reducer } } } };
  });
  return { ...frame, fields };
}

/** Older names of cell kinds in `custom.displayMode`, as `custom.cellOptions` has them now. */
function withCells(frame: DataFrame): DataFrame {
  const fields = frame.fields.map((field) => {
    const custom = field.config.custom ?? {};
    if (custom.cellOptions || !custom.displayMode) {
      return field;
    }
    const mode = String(custom.displayMode);
    const type = mode.startsWith('color-background')
      ? 'color-background'
      : ['gradient-gauge', 'lcd-gauge', 'basic'].includes(mode)
        ? 'gauge'
        : mode;
    const gauge = mode === 'gradient-gauge' ? 'gradient' : mode === 'lcd-gauge' ? 'lcd' : mode === 'basic' ? 'basic' : undefined;
    const cellOptions = { type, mode: gauge ?? (mode === 'color-background-solid' ? 'basic' : undefined) };
    return { ...field, config: { ...field.config, custom: { ...custom, cellOptions } } };
  });
  return { ...frame, fields };
}

export default function TablePanel({ frames, panel, width, height, range, ...props }: PanelProps) {
  const options = props.options as Options;
  const [index, setIndex] = useState(options.frameIndex ?? 0);
  const { dashboard } = useTools();
  const frame = frames[Math.min(index, frames.length - 1)];
  const data = useMemo(() => (frame ? withFooters(withCells(frame), options.footer) : undefined), [frame, options.footer]);
  if (!data || data.fields.length === 0) {
    return <NoData frames={frames} />;
  }
  const chooser = frames.length > 1 ? 40 : 0;
  return (
    <>
      <TableNG
        key={data.fields.map((field) => field.name).join('\n')}
        ariaLabel={panel.title || 'Table'}
        data={data}
        width={width}
        height={height - chooser}
        noHeader={options.showHeader === false}
        showTypeIcons={false}
        resizable={true}
        sortBy={options.sortBy}
        cellHeight={options.cellHeight}
        enablePagination={options.enablePagination ?? options.footer?.enablePagination}
        timeRange={range}
        enableSharedCrosshair={dashboard.graphTooltip > 0}
        fieldConfig={panel.fieldConfig}
        noValue={panel.fieldConfig?.defaults?.noValue}
        structureRev={1}
        transparent={panel.transparent}
      />
      {chooser > 0 && (
        <div style={{ padding: '4px 8px', height: chooser }}>
          <Combobox
            aria-label="Series"
            value={Math.min(index, frames.length - 1)}
            options={frames.slice(0, 1000).map((each, value) => ({ label: getFrameDisplayName(each, value), value }))}
            onChange={(option) => setIndex(option.value)}
          />
        </div>
      )}
    </>
  );
}
