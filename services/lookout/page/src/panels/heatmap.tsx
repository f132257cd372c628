import { css } from '@emotion/css';
import { dateTimeFormat, formattedValueToString, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useCallback, useMemo } from 'react';
import type uPlot from 'uplot';
import { useTools } from '../dashboard/context';
import { calculate, fromBuckets } from './parts/heat';
import { NoData } from './parts/NoData';
import { type ColorOptions, paletteOf } from './parts/schemes';
import { TimePlot } from './parts/TimePlot';
import type { PanelProps } from './types';

interface Options {
  calculate?: boolean;
  calculation?: { xBuckets?: { value?: string }; yBuckets?: { value?: string } };
  color?: ColorOptions & { min?: number; max?: number };
  yAxis?: { unit?: string; decimals?: number; reverse?: boolean; axisPlacement?: string };
  cellValues?: { unit?: string; decimals?: number };
  filterValues?: { le?: number; ge?: number };
  legend?: { show?: boolean };
  cellGap?: number;
  tooltip?: { mode?: string };
}

const formatter = (unit: string | undefined, decimals: number | undefined) => (value: number) => {
  const shown = getValueFormat(unit ?? 'short')(value, decimals ?? (Math.abs(value) < 1 && value !== 0 && !unit ? 3 : undefined));
  return formattedValueToString(shown);
};

function Scale({ colors, min, max, format }: { colors: string[]; min: number; max: number; format: (value: number) => string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.scale}>
      <span>{format(min)}</span>
      <div style={{ background: `linear-gradient(to right, ${colors.filter((_, i) => i % 4 === 0).join(',')})` }} />
      <span>{format(max)}</span>
    </div>
  );
}

export default function HeatmapPanel({ frames, options: asked, panel, width, height, range, timeZone, theme }: PanelProps) {
  const options = asked as Options;
  const { dashboard, setRange } = useTools();
  const unit = options.yAxis?.unit ?? panel.fieldConfig?.defaults?.unit;
  const formatY = useMemo(() => formatter(unit, options.yAxis?.decimals), [unit, options.yAxis?.decimals]);
  const formatCell = useMemo(() => formatter(options.cellValues?.unit, options.cellValues?.decimals), [options.cellValues]);
  const heat = useMemo(() => {
    if (!options.calculate) {
      return fromBuckets(frames, formatY);
    }
    const columns = Math.min(300, Math.max(10, Math.floor(width / 12)));
    const count = Number(options.calculation?.yBuckets?.value) || Math.max(5, Math.min(40, Math.floor(height / 16)));
    return calculate(frames, { from: range.from.valueOf(), to: range.to.valueOf() }, columns, count, formatY);
  }, [frames, options.calculate, options.calculation, formatY, options.calculate ? width : 0, options.calculate ? height : 0]);
  const colors = useMemo(() => paletteOf(options.color ?? {}, theme), [options.color, theme]);
  const low = options.color?.min ?? heat?.min ?? 0;
  const high = options.color?.max ?? heat?.max ?? 1;
  const least = options.filterValues?.le ?? 1e-9;
  const paint = useCallback(
    (u: uPlot, ctx: CanvasRenderingContext2D) => {
      if (!heat) {
        return;
      }
      const gap = (options.cellGap ?? 1) * devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      heat.times.forEach((time, column) => {
        // A bucket at a time counts what happened in the step before it; a counted grid starts at its time.
        const from = options.calculate ? time : time - heat.step;
        const left = Math.round(u.valToPos(from, 'x', true));
        const right = Math.round(u.valToPos(from + heat.step, 'x', true));
        const inner = right - left > gap * 3 ? gap : 0;
        heat.cells[column]?.forEach((value, row) => {
          if (value === null || value <= least) {
            return;
          }
          const top = Math.round(u.valToPos(row + 1, 'y', true));
          const bottom = Math.round(u.valToPos(row, 'y', true));
          const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
          ctx.fillStyle = colors[Math.round(share * (colors.length - 1))] ?? '#888';
          ctx.fillRect(left, top, Math.max(1, right - left - inner), Math.max(1, bottom - top - gap));
        });
      });
      ctx.restore();
    },
    [heat, colors, low, high, least, options.cellGap, options.calculate],
  );
  const under = useCallback(
    (time: number, row: number) => {
      if (!heat || options.tooltip?.mode === 'none') {
        return undefined;
      }
      const column = heat.times.findIndex((at) =>
        options.calculate ? at <= time && time < at + heat.step : at - heat.step < time && time <= at,
      );
      const value = heat.cells[column]?.[row];
      if (value === undefined || value === null) {
        return undefined;
      }
      const below = row > 0 ? `${heat.rows[row - 1]} – ` : '≤ ';
      return {
        title: dateTimeFormat(heat.times[column] ?? 0, { timeZone }),
        items: [
          { label: 'Bucket', value: `${below}${heat.rows[row]}` },
          {
            label: 'Count',
            value: formatCell(value),
            color: colors[Math.round(((value - low) / (high - low || 1)) * (colors.length - 1))],
          },
        ],
      };
    },
    [heat, timeZone, colors, low, high, formatCell, options.calculate, options.tooltip?.mode],
  );
  if (!heat || heat.times.length === 0) {
    return <NoData frames={frames} />;
  }
  const legend = options.legend?.show !== false && height > 140 ? 26 : 0;
  return (
    <>
      <TimePlot
        width={width}
        height={height - legend}
        range={range}
        timeZone={timeZone}
        theme={theme}
        rows={heat.rows}
        names="bounds"
        showNames={options.yAxis?.axisPlacement !== 'hidden'}
        paint={paint}
        under={under}
        onZoom={setRange}
        sync={dashboard.graphTooltip}
      />
      {legend > 0 && <Scale colors={colors} min={low} max={high} format={formatCell} />}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scale: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: 26,
    paddingLeft: theme.spacing(5),
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    div: { width: 240, maxWidth: '50%', height: 8, borderRadius: 2 },
  }),
});
