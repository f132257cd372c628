import { type DataFrame, type Field, FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, getFieldSeriesColor, type GrafanaTheme2 } from '@grafana/data';

export interface BarSeries {
  name: string;
  field: Field;
  color: string;
  values: Array<number | null>;
}

export interface Bars {
  categories: string[];
  series: BarSeries[];
}

/** As many categories as a reader can tell apart. */
export const MOST_CATEGORIES = 500;

/** Makes bars of a frame: its first text (or time) names the categories, its numbers are the series. */
export function barsOf(frames: DataFrame[], options: Record<string, unknown>, theme: GrafanaTheme2): Bars | undefined {
  const frame = frames.find((each) => each.fields.some((field) => field.type === FieldType.number) && each.length > 0);
  if (!frame) {
    return undefined;
  }
  const named = (field: Field) => getFieldDisplayName(field, frame, frames);
  const wanted = options.xField as string | undefined;
  const x =
    (wanted ? frame.fields.find((field) => field.name === wanted || named(field) === wanted) : undefined) ??
    frame.fields.find((field) => field.type === FieldType.string) ??
    frame.fields.find((field) => field.type === FieldType.time);
  const rows = Math.min(frame.length, MOST_CATEGORIES);
  const categories = Array.from({ length: rows }, (_, row) => {
    const value: unknown = x?.values[row];
    return x ? formattedValueToString((x.display ?? getDisplayProcessor({ field: x, theme }))(value)) : String(row + 1);
  });
  // Frames of one value each, such as an instant query gives, are one category after another.
  if (!x || (frames.length > 1 && frames.every((each) => each.length === 1))) {
    const singles = frames.flatMap((each) => each.fields.filter((field) => field.type === FieldType.number && field.values.length > 0).map((field) => ({ each, field })));
    const first = singles[0];
    if (singles.length > 1 && first) {
      const values = singles.map(({ field }) => field.values.at(-1) as number | null);
      const color = getFieldSeriesColor(first.field, theme).color;
      return { categories: singles.map(({ each, field }) => getFieldDisplayName(field, each, frames)), series: [{ name: 'Value', field: first.field, color, values }] };
    }
  }
  const series = frame.fields
    .filter((field) => field.type === FieldType.number && field !== x && !field.config.custom?.hideFrom?.viz)
    .map((field): BarSeries => ({ name: named(field), field, color: getFieldSeriesColor(field, theme).color, values: field.values.slice(0, rows) }));
  return series.length > 0 ? { categories, series } : undefined;
}

/** Round steps for an axis from `min` to `max`. */
export function ticks(min: number, max: number, most: number): number[] {
  const span = max - min || 1;
  const rough = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? power * 10;
  const made: number[] = [];
  for (let value = Math.ceil(min / step) * step; value <= max + step / 1000; value += step) {
    made.push(Number(value.toPrecision(12)));
  }
  return made;
}

/** What the value axis has to reach from and to. */
export function extent(bars: Bars, stacked: boolean, percent: boolean): [number, number] {
  if (percent) {
    return [0, 1];
  }
  let min = 0;
  let max = 0;
  bars.categories.forEach((_, row) => {
    let up = 0;
    let down = 0;
    for (const series of bars.series) {
      const value = series.values[row] ?? 0;
      if (stacked) {
        up += Math.max(0, value);
        down += Math.min(0, value);
      } else {
        up = Math.max(up, value);
        down = Math.min(down, value);
      }
    }
    min = Math.min(min, down);
    max = Math.max(max, up);
  });
  const config = bars.series[0]?.field.config;
  const soft = config?.custom as { axisSoftMin?: number; axisSoftMax?: number } | undefined;
  return [config?.min ?? Math.min(min, soft?.axisSoftMin ?? min), config?.max ?? Math.max(max === 0 && min === 0 ? 1 : max, soft?.axisSoftMax ?? max)];
}
