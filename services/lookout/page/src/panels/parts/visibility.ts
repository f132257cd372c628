import { type DataFrame, FieldType, getFieldDisplayName } from '@grafana/data';
import { SeriesVisibilityChangeMode } from '@grafana/ui';

/** Takes series out of the drawing, by their shown names; they stay in the legend. */
export function hideSeries(frames: DataFrame[], hidden: ReadonlySet<string>): DataFrame[] {
  if (hidden.size === 0) {
    return frames;
  }
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      if (field.type === FieldType.time || !hidden.has(getFieldDisplayName(field, frame, frames))) {
        return field;
      }
      const custom = { ...field.config.custom, hideFrom: { ...field.config.custom?.hideFrom, viz: true } };
      return { ...field, config: { ...field.config, custom } };
    }),
  }));
}

/** What is hidden after a click in the legend: a click shows one series alone, or all again; with Ctrl or ⌘ it adds or takes away one. */
export function nextHidden(
  before: ReadonlySet<string>,
  names: string[],
  label: string | string[] | null,
  mode: SeriesVisibilityChangeMode,
): ReadonlySet<string> {
  if (label === null) {
    return new Set();
  }
  if (Array.isArray(label) || mode === SeriesVisibilityChangeMode.SetExactly) {
    const kept = new Set(Array.isArray(label) ? label : [label]);
    return new Set(names.filter((name) => !kept.has(name)));
  }
  if (mode === SeriesVisibilityChangeMode.AppendToSelection) {
    const next = new Set(before);
    if (!next.delete(label)) {
      next.add(label);
    }
    return next.size === names.length ? new Set() : next;
  }
  const alone = names.every((name) => (name === label) !== before.has(name));
  return alone ? new Set() : new Set(names.filter((name) => name !== label));
}
