import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';

const bound = (text: string | undefined): number => {
  const value = text === undefined || text === '' ? Number.NaN : Number(text.replace('+Inf', 'Infinity').replace('Inf', 'Infinity'));
  return value;
};

/** The upper bound of a Prometheus bucket, from its label `le` or from the name that a legend gave it. */
export function upperBound(field: Field, frame: DataFrame): number {
  const le = bound(field.labels?.le);
  return Number.isNaN(le) ? bound(getFieldDisplayName(field, frame)) : le;
}

/** Prometheus' buckets count everything below their bound: makes each count what is in it alone, lowest first. */
export function bucketsOf(frames: DataFrame[]): DataFrame[] {
  const known = frames
    .flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number).map((field) => ({ frame, field, at: upperBound(field, frame) })))
    .filter(({ at }) => !Number.isNaN(at))
    .sort((a, b) => a.at - b.at);
  if (known.length === 0) {
    return frames;
  }
  const below = new Map<number, number>();
  return known.map(({ frame, field, at }) => {
    const time = frame.fields.find((each) => each.type === FieldType.time);
    const values = field.values.map((value: number | null, row: number) => {
      const key = Number(time?.values[row] ?? row);
      const own = Number.isFinite(value) ? Number(value) : 0;
      const least = below.get(key) ?? 0;
      below.set(key, Math.max(own, least));
      return Math.max(0, own - least);
    });
    const name = at === Number.POSITIVE_INFINITY ? '+Inf' : String(at);
    const made: Field = { ...field, name, values, config: { ...field.config, displayNameFromDS: name }, state: null };
    return { ...frame, name, fields: time ? [time, made] : [made], length: values.length, meta: { ...frame.meta, custom: { ...(frame.meta?.custom as object), le: at } } };
  });
}
