import { dateTimeFormat, rangeUtil } from '@grafana/data';
import { measureText } from '@grafana/ui';
import { useCallback, useMemo } from 'react';
import type uPlot from 'uplot';
import { useTools } from '../dashboard/context';
import { NoData } from './parts/NoData';
import { TimePlot } from './parts/TimePlot';
import { timelineRows } from './parts/timeline';
import { WithLegend } from './parts/ValueLegend';
import type { PanelProps } from './types';

interface Options {
  mergeValues?: boolean;
  rowHeight?: number;
  showValue?: 'auto' | 'always' | 'never';
  alignValue?: 'left' | 'center' | 'right';
}

const duration = (ms: number) => rangeUtil.secondsToHms(Math.max(1, Math.round(ms / 1000)));

export default function StateTimelinePanel({ frames, options: asked, panel, width, height, range, timeZone, theme }: PanelProps) {
  const options = asked as Options;
  const { dashboard, setRange } = useTools();
  const fill = Number(panel.fieldConfig?.defaults?.custom?.fillOpacity ?? 70) / 100;
  const merge = options.mergeValues !== false;
  const rows = useMemo(
    () => timelineRows(frames, range.to.valueOf(), merge, theme.visualization.getColorByName('green')).reverse(),
    [frames, range, merge, theme],
  );
  const paint = useCallback(
    (u: uPlot, ctx: CanvasRenderingContext2D) => {
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      ctx.font = `${12 * ratio}px ${theme.typography.fontFamily}`;
      ctx.textBaseline = 'middle';
      ctx.textAlign = 'left';
      rows.forEach((row, index) => {
        const top = u.valToPos(index + 1, 'y', true);
        const full = u.valToPos(index, 'y', true) - top;
        const tall = full * (options.rowHeight ?? 0.9);
        const y = top + (full - tall) / 2;
        for (const span of row.spans) {
          const left = Math.max(u.bbox.left, u.valToPos(span.from, 'x', true));
          const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(span.to, 'x', true));
          if (right <= left) {
            continue;
          }
          ctx.globalAlpha = fill;
          ctx.fillStyle = span.color;
          ctx.fillRect(left, y, Math.max(1, right - left - ratio), tall);
          ctx.globalAlpha = 1;
          const wide = measureText(span.text, 12).width * ratio;
          const fits = wide + 8 * ratio < right - left && tall > 14 * ratio;
          if (options.showValue === 'never' || (options.showValue !== 'always' && !fits)) {
            continue;
          }
          ctx.fillStyle = fill > 0.4 ? theme.colors.getContrastText(span.color, 3) : theme.colors.text.primary;
          const x =
            options.alignValue === 'center'
              ? (left + right - wide) / 2
              : options.alignValue === 'right'
                ? right - wide - 4 * ratio
                : left + 4 * ratio;
          ctx.fillText(span.text, x, y + tall / 2);
        }
      });
      ctx.restore();
    },
    [rows, theme, options.rowHeight, options.showValue, options.alignValue, fill],
  );
  const under = useCallback(
    (time: number, index: number) => {
      const row = rows[index];
      const span = row?.spans.find((each) => each.from <= time && time < each.to);
      if (!row || !span) {
        return undefined;
      }
      const at = (ms: number) => dateTimeFormat(ms, { timeZone });
      return {
        title: `${at(span.from)} – ${at(span.to)}`,
        items: [
          { label: row.name, value: span.text, color: span.color },
          { label: 'Duration', value: duration(span.to - span.from) },
        ],
      };
    },
    [rows, timeZone],
  );
  if (rows.length === 0) {
    return <NoData frames={frames} text="Data has no field of times" />;
  }
  const seen = new Map(rows.flatMap((row) => row.spans.map((span) => [span.text, span.color] as const)));
  const entries = [...seen].slice(0, 30).map(([label, color]) => ({ label, color }));
  return (
    <WithLegend width={width} height={height} options={asked} entries={entries}>
      {(w, h) => (
        <TimePlot
          width={w}
          height={h}
          range={range}
          timeZone={timeZone}
          theme={theme}
          rows={rows.map((row) => row.name)}
          names="middle"
          paint={paint}
          under={under}
          onZoom={setRange}
          sync={dashboard.graphTooltip}
        />
      )}
    </WithLegend>
  );
}
