import { type FieldDisplay, getFieldDisplayValues, type ReduceDataOptions, ReducerID } from '@grafana/data';
import type { PanelProps } from '../types';

/** The single values that a panel shows, by its `reduceOptions`. */
export function valuesOf(props: PanelProps, extra: { sparkline?: boolean; percentChange?: boolean } = {}): FieldDisplay[] {
  const asked = (props.options.reduceOptions ?? {}) as Partial<ReduceDataOptions>;
  return getFieldDisplayValues({
    data: props.frames,
    reduceOptions: { values: asked.values ?? false, calcs: asked.calcs?.length ? asked.calcs : [ReducerID.lastNotNull], fields: asked.fields ?? '', limit: asked.limit ?? 100 },
    fieldConfig: props.panel.fieldConfig ?? { defaults: {}, overrides: [] },
    replaceVariables: props.replace,
    theme: props.theme,
    timeZone: props.timeZone,
    ...extra,
  });
}

/** Grafana's choice of direction, where a panel leaves it to the page. */
export const orientationOf = (options: Record<string, unknown>): 'auto' | 'horizontal' | 'vertical' =>
  options.orientation === 'horizontal' || options.orientation === 'vertical' ? options.orientation : 'auto';
