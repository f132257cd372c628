import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, type VizTooltipItem } from '@grafana/ui';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import { useHover } from './hover';

/** What is under the pointer, for the tooltip. */
export interface Under {
  title: string;
  items: VizTooltipItem[];
}

interface Props {
  width: number;
  height: number;
  range: TimeRange;
  timeZone: string;
  theme: GrafanaTheme2;
  /** Names of the rows, from the bottom; row i reaches from i to i + 1 on the y scale. */
  rows: string[];
  /** Where a row's name stands: in its middle, or at its upper bound, as for buckets. */
  names: 'middle' | 'bounds';
  showNames?: boolean;
  paint: (u: uPlot, ctx: CanvasRenderingContext2D) => void;
  under: (time: number, row: number) => Under | undefined;
  onZoom: (from: number, to: number) => void;
  sync: number;
  children?: (config: UPlotConfigBuilder) => ReactNode;
}

/** The names that fit when each needs `room` pixels: every one, every second, … */
function splitsOf(count: number, offset: number, height: number, room: number): number[] {
  const every = Math.max(1, Math.ceil((count * room) / Math.max(1, height)));
  return Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0).map((i) => i + offset);
}

/** A plot over time with rows of its own making: the axes, zoom, crosshair and tooltip are the time series', what is drawn is the caller's. */
export function TimePlot(props: Props) {
  const { width, height, theme, timeZone, names, rows, sync } = props;
  const latest = useRef(props);
  latest.current = props;
  const { show, hide, tooltip } = useHover();
  const [plot, setPlot] = useState<uPlot>();
  const rowsKey = rows.join('\n');
  const config = useMemo(() => {
    const builder = new UPlotConfigBuilder(timeZone);
    const now = () => latest.current;
    builder.addScale({
      scaleKey: 'x',
      isTime: true,
      orientation: ScaleOrientation.Horizontal,
      direction: ScaleDirection.Right,
      range: () => [now().range.from.valueOf(), now().range.to.valueOf()],
    });
    builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [0, Math.max(1, now().rows.length)] });
    builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme, grid: { show: names === 'bounds' } });
    const offset = names === 'middle' ? 0.5 : 1;
    builder.addAxis({
      scaleKey: 'y',
      placement: AxisPlacement.Left,
      theme,
      show: props.showNames !== false,
      grid: { show: false },
      ticks: { show: false },
      splits: (u: uPlot) => splitsOf(now().rows.length, offset, u.bbox.height / devicePixelRatio, 16),
      values: (_u: uPlot, splits: number[]) => splits.map((split) => now().rows[Math.round(split - offset)] ?? ''),
    });
    builder.addSeries({ scaleKey: 'y', theme, pathBuilder: () => null, pointsBuilder: () => undefined } as never);
    builder.addHook('drawAxes', (u) => now().paint(u, u.ctx));
    builder.addHook('setSelect', (u) => {
      if (u.select.width > 5) {
        now().onZoom(Math.round(u.posToVal(u.select.left, 'x')), Math.round(u.posToVal(u.select.left + u.select.width, 'x')));
      }
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    });
    builder.addHook('ready', setPlot);
    builder.setCursor({ drag: { x: true, y: false, setScale: false }, points: { show: false }, ...(sync > 0 ? { sync: { key: 'dashboard', scales: ['x', null] } } : {}) } as never);
    return builder;
  }, [theme, timeZone, names, rowsKey, sync, props.showNames]);
  useEffect(() => {
    if (!plot) {
      return;
    }
    const move = (event: MouseEvent) => {
      const box = plot.over.getBoundingClientRect();
      const time = plot.posToVal(event.clientX - box.left, 'x');
      const row = Math.floor(plot.posToVal(event.clientY - box.top, 'y'));
      const found = latest.current.under(time, row);
      if (found) {
        show(event as never, found.title, found.items);
      } else {
        hide();
      }
    };
    plot.over.addEventListener('mousemove', move);
    plot.over.addEventListener('mouseleave', hide);
    return () => {
      plot.over.removeEventListener('mousemove', move);
      plot.over.removeEventListener('mouseleave', hide);
    };
  }, [plot]);
  // New data make uPlot draw again, with the range as it is now.
  const data = useMemo((): [number[], number[]] => [[props.range.from.valueOf(), props.range.to.valueOf()], [0, rows.length]], [props.range, props.paint, rowsKey]);
  return (
    <>
      <UPlotChart config={config} data={data} width={width} height={height}>
        {props.children?.(config)}
      </UPlotChart>
      {tooltip}
    </>
  );
}
