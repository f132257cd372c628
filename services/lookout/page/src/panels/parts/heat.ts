import { type DataFrame, FieldType, getFieldDisplayName } from '@grafana/data';
import { upperBound } from '../../dashboard/buckets';

/** A grid of counts: `cells[x][y]`, x by time in milliseconds, y by row from the bottom. */
export interface Heat {
  times: number[];
  /** Length of a column in milliseconds. */
  step: number;
  rows: string[];
  cells: Array<Array<number | null>>;
  min: number;
  max: number;
}

function finish(times: number[], rows: string[], cells: Array<Array<number | null>>): Heat {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of cells.flat()) {
    if (value !== null && value !== 0) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const step = gaps.length > 0 ? Math.min(...gaps) : 60_000;
  return { times, step, rows, cells, min: Number.isFinite(min) ? min : 0, max: Number.isFinite(max) ? max : 1 };
}

/** One row per series that is a bucket already. */
export function fromBuckets(frames: DataFrame[], format: (bound: number) => string): Heat | undefined {
  const series = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    return time
      ? frame.fields.filter((field) => field.type === FieldType.number).map((field) => ({ time, field, bound: upperBound(field, frame), name: getFieldDisplayName(field, frame, frames) }))
      : [];
  });
  if (series.length === 0) {
    return undefined;
  }
  if (series.every((one) => !Number.isNaN(one.bound))) {
    series.sort((a, b) => a.bound - b.bound);
  }
  const times = [...new Set(series.flatMap(({ time }) => time.values as number[]))].sort((a, b) => a - b);
  const place = new Map(times.map((time, i) => [time, i]));
  const cells = times.map(() => series.map((): number | null => null));
  series.forEach(({ time, field }, row) => {
    field.values.forEach((value: number | null, i: number) => {
      const column = cells[place.get(time.values[i]) ?? -1];
      if (column) {
        column[row] = Number.isFinite(value) ? value : null;
      }
    });
  });
  const rows = series.map(({ bound, name }) => (Number.isNaN(bound) ? name : bound === Number.POSITIVE_INFINITY ? '+Inf' : format(bound)));
  return finish(times, rows, cells);
}

/** Counts values of plain series into a grid of `columns` by `count`. */
export function calculate(frames: DataFrame[], range: { from: number; to: number }, columns: number, count: number, format: (bound: number) => string): Heat | undefined {
  const points = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    return frame.fields
      .filter((field) => field.type === FieldType.number)
      .flatMap((field) => field.values.map((value: number, i: number): [number, number] => [Number(time?.values[i]), value]))
      .filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value));
  });
  if (points.length === 0) {
    return undefined;
  }
  const low = points.reduce((least, [, value]) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = points.reduce((most, [, value]) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const step = (range.to - range.from) / columns;
  const tall = (high - low) / count || 1;
  const cells = Array.from({ length: columns }, () => Array.from({ length: count }, (): number | null => 0));
  for (const [at, value] of points) {
    const column = cells[Math.min(columns - 1, Math.floor((at - range.from) / step))];
    const row = Math.min(count - 1, Math.floor((value - low) / tall));
    if (column) {
      column[row] = (column[row] ?? 0) + 1;
    }
  }
  const times = cells.map((_, i) => range.from + i * step);
  return finish(times, Array.from({ length: count }, (_, i) => format(low + tall * (i + 1))), cells);
}
