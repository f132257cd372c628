import { type DisplayValue, type FieldDisplay, formattedValueToString } from '@grafana/data';
import { useMemo, useState } from 'react';
import { arcPath, at } from './parts/arc';
import { useHover } from './parts/hover';
import { Linked } from './parts/Linked';
import { NoData } from './parts/NoData';
import { WithLegend } from './parts/ValueLegend';
import { valuesOf } from './parts/values';
import type { PanelProps } from './types';

interface Slice {
  value: FieldDisplay;
  label: string;
  color: string;
  numeric: number;
  share: number;
}

/** Parts of the whole, in the order of the options; negative and missing values have no part. */
export function slicesOf(values: FieldDisplay[], hidden: ReadonlySet<string>, sort: string, colorAt: (index: number) => string): Slice[] {
  const all = values.map((value, index) => ({
    value,
    label: value.display.title ?? '',
    color: value.display.color ?? colorAt(index),
    numeric: Number.isFinite(value.display.numeric) ? Math.max(0, value.display.numeric) : 0,
  }));
  const total = all.filter((one) => !hidden.has(one.label)).reduce((sum, one) => sum + one.numeric, 0);
  const made = all.map((one) => ({ ...one, share: total > 0 && !hidden.has(one.label) ? one.numeric / total : 0 }));
  return sort === 'none' ? made : made.sort((a, b) => (sort === 'asc' ? a.numeric - b.numeric : b.numeric - a.numeric));
}

const percent = (share: number): DisplayValue => ({ text: `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`, numeric: share * 100, title: 'Percent' });

export default function PiePanel(props: PanelProps) {
  const { width, height, options, theme, frames } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const { show, hide, tooltip } = useHover();
  const values = useMemo(() => valuesOf(props), [frames, options]);
  const colorAt = (index: number) => theme.visualization.getColorByName(theme.visualization.palette[index % theme.visualization.palette.length] ?? 'green');
  const slices = slicesOf(values, hidden, String(options.sort ?? 'desc'), colorAt);
  const usable = slices.filter((slice) => slice.numeric > 0);
  if (usable.length === 0) {
    return <NoData frames={frames} />;
  }
  const legendValues = ((options.legend as { values?: string[] } | undefined)?.values ?? []).map(String);
  const labels = ((options.displayLabels ?? []) as string[]).map(String);
  const entries = slices.map((slice) => ({
    label: slice.label,
    color: slice.color,
    disabled: hidden.has(slice.label),
    values: [
      ...(legendValues.includes('value') ? [{ ...slice.value.display, title: 'Value' }] : []),
      ...(legendValues.includes('percent') ? [percent(slice.share)] : []),
    ],
  }));
  const toggle = (label: string) =>
    setHidden((before) => {
      const next = new Set(before);
      if (!next.delete(label)) {
        next.add(label);
      }
      return next.size >= slices.length ? new Set<string>() : next;
    });
  const labelOf = (slice: Slice) =>
    [labels.includes('name') && slice.label, labels.includes('value') && formattedValueToString(slice.value.display), labels.includes('percent') && percent(slice.share).text]
      .filter(Boolean)
      .join(' ');
  return (
    <>
      <WithLegend width={width} height={height} options={options} entries={entries} onToggle={toggle}>
        {(w, h) => {
          const radius = Math.max(4, Math.min(w, h) / 2 - 6);
          const inner = options.pieType === 'donut' ? radius * 0.62 : 0;
          let from = 0;
          return (
            <svg width={w} height={h} role="img" aria-label={slices.map((s) => `${s.label} ${percent(s.share).text}`).join(', ')} onMouseLeave={hide} style={{ display: 'block' }}>
              {slices.map((slice) => {
                const start = from;
                from += slice.share * 2 * Math.PI;
                const [lx, ly] = at(w / 2, h / 2, inner > 0 ? (inner + radius) / 2 : radius * 0.65, (start + from) / 2);
                return (
                  slice.share > 0 && (
                    <Linked key={slice.label} value={slice.value}>
                      {(onClick) => (
                        <g
                          onClick={onClick as never}
                          style={{ cursor: onClick ? 'pointer' : undefined }}
                          onMouseMove={(event) => show(event, slice.label, [{ label: 'Value', value: `${formattedValueToString(slice.value.display)} (${percent(slice.share).text})`, color: slice.color }])}
                        >
                          <path d={arcPath(w / 2, h / 2, inner, radius, start, from)} fill={slice.color} stroke={theme.colors.background.primary} strokeWidth={usable.length > 1 ? 1.5 : 0} />
                          {slice.share > 0.04 && labelOf(slice) && (
                            <text x={lx} y={ly} textAnchor="middle" dominantBaseline="central" fontSize={Math.max(9, radius * 0.11)} fill={theme.colors.getContrastText(slice.color)}>
                              {labelOf(slice)}
                            </text>
                          )}
                        </g>
                      )}
                    </Linked>
                  )
                );
              })}
            </svg>
          );
        }}
      </WithLegend>
      {tooltip}
    </>
  );
}
