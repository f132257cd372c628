import { applyNullInsertThreshold, type DataFrame, type Field, FieldType, sortDataFrame } from '@grafana/data';
import { type LegendDisplayMode, type LegendPlacement, SortOrder, TooltipDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { PanelContextProvider, TimeSeries, type PanelContext } from '@grafana/ui';
import { type ComponentProps, useCallback, useMemo, useRef, useState } from 'react';
import { useTools } from '../dashboard/context';
import { Annotations } from './parts/Annotations';
import { Exemplars } from './parts/Exemplars';
import { hideSeries, nextHidden } from './parts/visibility';
import { PlotTooltip } from './parts/PlotTooltip';
import { useStructureRev } from './parts/structure';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

type ScaleProps = Parameters<NonNullable<ComponentProps<typeof TimeSeries>['tweakScale']>>[0];

/** What can be drawn of a value: NaN and infinity, such as a quantile of no samples, are holes. */
function drawable(value: number | boolean | null | undefined): number | null | undefined {
  if (value === null || value === undefined) {
    return value;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Frames with a time and numbers, in time's order, with holes where samples are missing; booleans become 0 and 1. */
export function graphable(frames: DataFrame[], until: number): DataFrame[] {
  return frames.flatMap((frame) => {
    const timeIndex = frame.fields.findIndex((field) => field.type === FieldType.time);
    if (timeIndex < 0 || frame.length === 0) {
      return [];
    }
    const fields = frame.fields.map((field) =>
      field.type === FieldType.boolean || field.type === FieldType.number
        ? { ...field, type: FieldType.number, values: field.values.map(drawable) }
        : field,
    );
    if (!fields.some((field) => field.type === FieldType.number)) {
      return [];
    }
    const sorted = sortDataFrame({ ...frame, fields }, timeIndex);
    return [applyNullInsertThreshold({ frame: sorted, refFieldName: sorted.fields[timeIndex]?.name, refFieldPseudoMax: until })];
  });
}

/** A share that is 0 all the time has an axis up to 100 %, not up to the 100 (10,000 %) that a plot of nothing has. */
function tweakScale(scale: ScaleProps, field: Field): ScaleProps {
  const flat = field.values.every((value: number | null) => !value);
  return flat && field.config.unit === 'percentunit' && field.config.max === undefined
    ? { ...scale, softMin: scale.softMin ?? 0, softMax: scale.softMax ?? 1 }
    : scale;
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
  const { dashboard, eventBus, setRange } = useTools();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [sort, setSort] = useState<{ sortBy?: string; sortDesc?: boolean }>({});
  const series = useMemo(() => graphable(frames, range.to.valueOf()), [frames]);
  const shown = useMemo(() => hideSeries(series, hidden), [series, hidden]);
  const structureRev = useStructureRev(shown);
  const names = useRef<string[]>([]);
  names.current = shown.flatMap((frame) =>
    frame.fields.filter((field) => field.type === FieldType.number).map((field) => field.state?.displayName ?? field.name),
  );
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
  const legend = useMemo(
    () => ({ ...legendOf(options, width, height), ...(sort.sortBy ? sort : {}) }),
    [options, width > 480, height > 90, sort],
  );
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
        tweakScale={tweakScale}
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
            <Annotations config={config} timeZone={timeZone} />
            <Exemplars config={config} frames={exemplars} aligned={aligned} timeZone={timeZone} />
          </>
        )}
      </TimeSeries>
    </PanelContextProvider>
  );
}
