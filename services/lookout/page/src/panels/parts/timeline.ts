import {
  applyNullInsertThreshold,
  type DataFrame,
  type DisplayValue,
  type Field,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
} from '@grafana/data';

/** A time for which a row had one value; times in milliseconds. */
export interface Span {
  from: number;
  to: number;
  text: string;
  color: string;
  value: unknown;
}

export interface TimelineRow {
  name: string;
  spans: Span[];
}

/** As many rows as stay apart. */
export const MOST_ROWS = 100;

function spansOf(times: number[], field: Field, end: number, merge: boolean, fallback: string): Span[] {
  const spans: Span[] = [];
  field.values.forEach((value: unknown, row: number) => {
    const from = times[row];
    const last = spans.at(-1);
    if (from === undefined || value === undefined) {
      return;
    }
    if (last && last.to === end) {
      last.to = from;
    }
    if (value === null) {
      return;
    }
    const shown: DisplayValue | undefined = field.display?.(value);
    const text = shown ? formattedValueToString(shown) : String(value);
    const color = shown?.color ?? fallback;
    if (merge && last && last.to === from && last.text === text && last.color === color) {
      last.to = end;
    } else {
      spans.push({ from, to: end, text, color, value });
    }
  });
  return spans;
}

/**
 * Rows of a state timeline: one per field that is no time. A value lasts until the next one, the last until the range ends;
 * where the times have an interval, no longer than that.
 */
export function timelineRows(frames: DataFrame[], end: number, merge: boolean, fallback: string): TimelineRow[] {
  return frames
    .flatMap((given) => {
      const refFieldName = given.fields.find((field) => field.type === FieldType.time)?.name;
      const frame = applyNullInsertThreshold({ frame: given, refFieldName, refFieldPseudoMax: end });
      const time = frame.fields.find((field) => field.type === FieldType.time);
      if (!time) {
        return [];
      }
      return frame.fields
        .filter((field) => field.type !== FieldType.time && !field.config.custom?.hideFrom?.viz)
        .map((field) => ({ name: getFieldDisplayName(field, frame, frames), spans: spansOf(time.values, field, end, merge, fallback) }));
    })
    .slice(0, MOST_ROWS);
}
