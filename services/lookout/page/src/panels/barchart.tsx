import { formattedValueToString, type GrafanaTheme2 } from '@grafana/data';
import { measureText } from '@grafana/ui';
import { useMemo, useState } from 'react';
import { type Bars, barsOf, extent, ticks } from './parts/bars';
import { useHover } from './parts/hover';
import { NoData } from './parts/NoData';
import { WithLegend } from './parts/ValueLegend';
import type { PanelProps } from './types';

interface Options {
  orientation?: 'auto' | 'horizontal' | 'vertical';
  stacking?: 'none' | 'normal' | 'percent';
  groupWidth?: number;
  barWidth?: number;
  showValue?: 'auto' | 'always' | 'never';
  xTickLabelRotation?: number;
  barRadius?: number;
}

interface Rect {
  key: string;
  category: number;
  from: number;
  to: number;
  across: number;
  thick: number;
  color: string;
  text: string;
}

/** Bars along a value axis of `length` pixels, categories spread over `breadth`. Positions count from the axis' start. */
function rects(bars: Bars, options: Options, [min, max]: [number, number], length: number, breadth: number): Rect[] {
  const slot = breadth / Math.max(1, bars.categories.length);
  const group = slot * (options.groupWidth ?? 0.7);
  const stacked = options.stacking === 'normal' || options.stacking === 'percent';
  const thick = (stacked ? group : group / bars.series.length) * (options.barWidth ?? 0.97);
  const pos = (value: number) => ((Math.min(max, Math.max(min, value)) - min) / (max - min || 1)) * length;
  return bars.categories.flatMap((_, category) => {
    const total = bars.series.reduce((sum, one) => sum + Math.max(0, one.values[category] ?? 0), 0) || 1;
    let up = 0;
    let down = 0;
    return bars.series.flatMap((series, index): Rect[] => {
      const value = series.values[category];
      if (value === null || value === undefined || !Number.isFinite(value)) {
        return [];
      }
      const shown = options.stacking === 'percent' ? value / total : value;
      const base = stacked ? (shown >= 0 ? up : down) : 0;
      if (stacked && shown >= 0) {
        up += shown;
      } else if (stacked) {
        down += shown;
      }
      const start = slot * category + (slot - group) / 2 + (stacked ? 0 : (group / bars.series.length) * index);
      const display = series.field.display?.(value);
      return [
        {
          key: `${category}-${index}`,
          category,
          from: pos(Math.min(base, base + shown)),
          to: pos(Math.max(base, base + shown)),
          across: start + ((stacked ? group : group / bars.series.length) - thick) / 2,
          thick,
          color: series.field.config.color?.mode?.startsWith('palette') || !display?.color ? series.color : display.color,
          text: display ? formattedValueToString(display) : String(value),
        },
      ];
    });
  });
}

const widest = (texts: string[], size: number) => Math.max(0, ...texts.slice(0, 200).map((text) => measureText(text, size).width));
const short = (text: string, room: number, size: number) => {
  const fit = Math.max(1, Math.floor(room / (size * 0.56)));
  return text.length > fit ? `${text.slice(0, Math.max(1, fit - 1))}…` : text;
};

function Chart({ bars, options, width, height, theme }: { bars: Bars; options: Options; width: number; height: number; theme: GrafanaTheme2 }) {
  const { show, hide, tooltip } = useHover();
  const size = 12;
  const auto = widest(bars.categories, size) * bars.categories.length > width - 60;
  const across = options.orientation === 'horizontal' || (options.orientation !== 'vertical' && auto && bars.categories.length * 18 < height);
  const percent = options.stacking === 'percent';
  const range = extent(bars, options.stacking === 'normal', percent);
  const field = bars.series[0]?.field;
  const format = (value: number) => (percent ? `${Math.round(value * 100)}%` : field?.display ? formattedValueToString(field.display(value)) : String(value));
  const steps = ticks(range[0], range[1], Math.max(2, Math.floor((across ? width : height) / (across ? 90 : 45))));
  const category = Math.min(widest(bars.categories, size) + 8, (across ? width : height) * 0.4);
  const slot = (width - 60) / Math.max(1, bars.categories.length);
  const slanted = !across && (options.xTickLabelRotation ? true : widest(bars.categories, size) > slot - 4);
  const left = across ? category : Math.min(width / 3, widest(steps.map(format), size) + 10);
  const bottom = across ? 22 : slanted ? Math.min(category * 0.75 + 14, height * 0.4) : 22;
  const plot = { w: Math.max(10, width - left - 12), h: Math.max(10, height - bottom - 8), x: left, y: 8 };
  const length = across ? plot.w : plot.h;
  const breadth = across ? plot.h : plot.w;
  const boxes = rects(bars, options, range, length, breadth);
  const at = (value: number) => ((value - range[0]) / (range[1] - range[0] || 1)) * length;
  const grid = theme.colors.mode === 'dark' ? 'rgba(240,250,255,0.09)' : 'rgba(0,10,23,0.09)';
  const cell = breadth / Math.max(1, bars.categories.length);
  const every = across ? Math.max(1, Math.ceil(16 / cell)) : Math.max(1, Math.ceil(14 / cell));
  const box = (one: Rect) =>
    across
      ? { x: plot.x + one.from, y: plot.y + one.across, width: Math.max(0.5, one.to - one.from), height: one.thick }
      : { x: plot.x + one.across, y: plot.y + plot.h - one.to, width: one.thick, height: Math.max(0.5, one.to - one.from) };
  const hover = (index: number) =>
    bars.series.map((series) => ({ label: series.name, value: series.field.display ? formattedValueToString(series.field.display(series.values[index])) : String(series.values[index]), color: series.color }));
  const roomy = (one: Rect) => (across ? one.thick > 11 : one.thick > measureText(one.text, 11).width);
  return (
    <>
      <svg width={width} height={height} role="img" aria-label="Bar chart" onMouseLeave={hide} style={{ display: 'block' }} fontSize={size} fill={theme.colors.text.primary}>
        {steps.map((value) =>
          across ? (
            <g key={value}>
              <line x1={plot.x + at(value)} x2={plot.x + at(value)} y1={plot.y} y2={plot.y + plot.h} stroke={grid} />
              <text x={plot.x + at(value)} y={plot.y + plot.h + 15} textAnchor="middle">{format(value)}</text>
            </g>
          ) : (
            <g key={value}>
              <line x1={plot.x} x2={plot.x + plot.w} y1={plot.y + plot.h - at(value)} y2={plot.y + plot.h - at(value)} stroke={grid} />
              <text x={plot.x - 6} y={plot.y + plot.h - at(value)} textAnchor="end" dominantBaseline="central">{format(value)}</text>
            </g>
          ),
        )}
        {boxes.map((one) => (
          <rect key={one.key} {...box(one)} fill={one.color} fillOpacity={0.85} stroke={one.color} rx={options.barRadius ? 3 : 0} />
        ))}
        {options.showValue !== 'never' &&
          boxes.filter((one) => options.showValue === 'always' || roomy(one)).map((one) => {
            const b = box(one);
            const stacked = options.stacking === 'normal' || percent;
            const inside = stacked || (across ? one.to > length - 50 : one.to > length - 14);
            const fill = inside ? theme.colors.getContrastText(one.color) : theme.colors.text.primary;
            if (stacked && one.to - one.from < 14) {
              return null;
            }
            return across ? (
              <text key={one.key} x={inside ? b.x + b.width - 5 : b.x + b.width + 5} y={b.y + b.height / 2} textAnchor={inside ? 'end' : 'start'} dominantBaseline="central" fontSize={11} fill={fill}>{one.text}</text>
            ) : (
              <text key={one.key} x={b.x + b.width / 2} y={inside ? b.y + 12 : b.y - 4} textAnchor="middle" fontSize={11} fill={fill}>{one.text}</text>
            );
          })}
        {bars.categories.map((name, i) => {
          if (i % every !== 0) {
            return null;
          }
          const middle = cell * (i + 0.5);
          if (across) {
            return <text key={i} x={plot.x - 6} y={plot.y + middle} textAnchor="end" dominantBaseline="central">{short(name, category - 8, size)}</text>;
          }
          const x = plot.x + middle;
          const y = plot.y + plot.h + 15;
          return slanted ? (
            <text key={i} x={x} y={y - 3} textAnchor="end" transform={`rotate(-45 ${x} ${y - 3})`}>{short(name, (bottom - 10) / 0.72, size)}</text>
          ) : (
            <text key={i} x={x} y={y} textAnchor="middle">{name}</text>
          );
        })}
        {bars.categories.map((name, i) => (
          <rect
            key={i}
            x={across ? plot.x : plot.x + cell * i}
            y={across ? plot.y + cell * i : plot.y}
            width={across ? plot.w : cell}
            height={across ? cell : plot.h}
            fill="transparent"
            onMouseMove={(event) => show(event, name, hover(i))}
          />
        ))}
      </svg>
      {tooltip}
    </>
  );
}

export default function BarChartPanel({ frames, options, width, height, theme }: PanelProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => barsOf(frames, options, theme), [frames, options, theme]);
  if (!all) {
    return <NoData frames={frames} />;
  }
  const bars = { ...all, series: all.series.filter((series) => !hidden.has(series.name)) };
  const entries = all.series.map((series) => ({ label: series.name, color: series.color, disabled: hidden.has(series.name) }));
  const toggle = (label: string) =>
    setHidden((before) => {
      const alone = all.series.every((series) => (series.name === label) !== before.has(series.name));
      return alone ? new Set<string>() : new Set(all.series.map((series) => series.name).filter((name) => name !== label));
    });
  return (
    <WithLegend width={width} height={height} options={options} entries={entries} onToggle={toggle} byDefault={all.series.length > 1}>
      {(w, h) => <Chart bars={bars} options={options as Options} width={w} height={h} theme={theme} />}
    </WithLegend>
  );
}
