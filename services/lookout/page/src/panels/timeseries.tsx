import { applyNullInsertThreshold, type DataFrame, FieldType, sortDataFrame } from '@grafana/data';
import { type LegendDisplayMode, type LegendPlacement, SortOrder, TooltipDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { PanelContextProvider, TimeSeries, type PanelContext } from '@grafana/ui';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useDashboard } from '../dashboard/context';
import { Annotations } from './parts/Annotations';
import { Exemplars } from './parts/Exemplars';
import { hideSeries, nextHidden } from './parts/visibility';
import { PlotTooltip } from './parts/PlotTooltip';
import { useStructureRev } from './parts/structure';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

/** Frames with a time and numbers, in time's order, with holes where samples are missing; booleans become 0 and 1. */
export function graphable(frames: DataFrame[], until: number): DataFrame[] {
  return frames.flatMap((frame) => {
    const timeIndex = frame.fields.findIndex((field) => field.type === FieldType.time);
    if (timeIndex < 0 || frame.length === 0) {
      return [];
    }
    const fields = frame.fields.map((field) =>
      field.type === FieldType.boolean
        ? { ...field, type: FieldType.number, values: field.values.map((value: boolean | null) => (value === null || value === undefined ? value : Number(value))) }
        : field,
    );
    if (!fields.some((field) => field.type === FieldType.number)) {
      return [];
    }
    const sorted = sortDataFrame({ ...frame, fields }, timeIndex);
    return [applyNullInsertThreshold({ frame: sorted, refFieldName: sorted.fields[timeIndex]?.name, refFieldPseudoMax: until })];
  });
}

function legendOf(options: Record<string, unknown>, width: number, height: number): VizLegendOptions {
  const asked = (options.legend ?? {}) as Partial<VizLegendOptions>;
  const right = asked.placement === 'right' && width > 480;
  return {
    showLegend: asked.showLegend !== false && asked.displayMode !== ('hidden' as LegendDisplayMode) && height > 90,
    displayMode: (asked.displayMode ?? 'list') as LegendDisplayMode,
    placement: (right ? 'right' : 'bottom') as LegendPlacement,
    calcs: asked.calcs ?? [],
    sortBy: asked.sortBy,
    sortDesc: asked.sortDesc,
    width: right ? asked.width : undefined,
  };
}

export default function TimeSeriesPanel({ frames, exemplars, options, width, height, range, timeZone }: PanelProps) {
  const { annotations, dashboard, eventBus, setRange } = useDashboard();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [sort, setSort] = useState<{ sortBy?: string; sortDesc?: boolean }>({});
  const series = useMemo(() => graphable(frames, range.to.valueOf()), [frames]);
  const shown = useMemo(() => hideSeries(series, hidden), [series, hidden]);
  const structureRev = useStructureRev(shown);
  const names = useRef<string[]>([]);
  names.current = shown.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number).map((field) => field.state?.displayName ?? field.name));
  const context = useMemo(
    (): PanelContext => ({
      eventsScope: 'dashboard',
      eventBus,
      sync: () => dashboard.graphTooltip,
      onToggleSeriesVisibility: (label, mode) => setHidden((before) => nextHidden(before, names.current, label, mode)),
      onToggleLegendSort: (by) => setSort((before) => ({ sortBy: by, sortDesc: before.sortBy === by ? !before.sortDesc : true })),
    }),
    [eventBus, dashboard.graphTooltip],
  );
  const legend = useMemo(() => ({ ...legendOf(options, width, height), ...(sort.sortBy ? sort : {}) }), [options, width > 480, height > 90, sort]);
  const zoom = useCallback(({ from, to }: { from: number; to: number }) => setRange(Math.round(from), Math.round(to)), [setRange]);
  const tooltip = (options.tooltip ?? {}) as { mode?: TooltipDisplayMode; sort?: SortOrder; maxHeight?: number; hideZeros?: boolean };
  if (shown.length === 0) {
    return <NoData frames={frames} text="Data has no field of times and numbers" />;
  }
  return (
    <PanelContextProvider value={context}>
      <TimeSeries
        frames={shown}
        structureRev={structureRev}
        width={width}
        height={height}
        timeRange={range}
        timeZone={timeZone}
        legend={legend}
        options={options}
      >
        {(config, aligned) => (
          <>
            <PlotTooltip
              config={config}
              aligned={aligned}
              mode={tooltip.mode ?? TooltipDisplayMode.Single}
              sortOrder={tooltip.sort ?? SortOrder.None}
              maxHeight={tooltip.maxHeight}
              hideZeros={tooltip.hideZeros}
              sync={dashboard.graphTooltip}
              onZoom={zoom}
            />
            <Annotations config={config} events={annotations} timeZone={timeZone} />
            <Exemplars config={config} frames={exemplars} aligned={aligned} timeZone={timeZone} />
          </>
        )}
      </TimeSeries>
    </PanelContextProvider>
  );
}
