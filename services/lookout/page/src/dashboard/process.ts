import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type Field,
  type FieldConfigSource,
  FieldType,
  type GrafanaTheme2,
  type InterpolateFunction,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import { fieldConfigRegistry, knownTransformation } from '../boot/registries';
import type { Panel } from './model';

/** As many series as a graph can show and a reader can tell apart. */
export const MOST_SERIES = 100;

/** Applies a panel's transformations; those that are not known here are named, and left out. */
export async function transform(panel: Panel, frames: DataFrame[], replace: InterpolateFunction): Promise<{ frames: DataFrame[]; notices: string[] }> {
  const asked = (panel.transformations ?? []).filter((one) => !one.disabled);
  const notices = asked.filter((one) => !knownTransformation(one.id)).map((one) => `The transformation "${one.id}" is not supported here.`);
  const known = asked.filter((one) => knownTransformation(one.id));
  if (known.length === 0 || frames.length === 0) {
    return { frames, notices };
  }
  const made = await firstValueFrom(transformDataFrame(known, frames, { interpolate: (text: string) => replace(text) }));
  return { frames: made, notices };
}

const isValue = (field: Field) => field.type === FieldType.number || field.type === FieldType.enum || field.type === FieldType.boolean;

/** Keeps the first `most` series of frames, of any number of value fields each. */
export function cutSeries(frames: DataFrame[], most = MOST_SERIES): { frames: DataFrame[]; total: number } {
  const total = frames.reduce((sum, frame) => sum + frame.fields.filter(isValue).length, 0);
  if (total <= most) {
    return { frames, total };
  }
  let left = most;
  const kept: DataFrame[] = [];
  for (const frame of frames) {
    if (left <= 0) {
      break;
    }
    const fields = frame.fields.filter((field) => !isValue(field) || left-- > 0);
    kept.push({ ...frame, fields });
  }
  return { frames: kept, total };
}

/** Grafana's default thresholds: green, and red from 80. JSON has null for the base's value. */
function withDefaults(config: FieldConfigSource | undefined): FieldConfigSource {
  const defaults = structuredClone(config?.defaults ?? {});
  defaults.thresholds ??= { mode: 'absolute', steps: [{ value: null as unknown as number, color: 'green' }, { value: 80, color: 'red' }] } as never;
  for (const step of defaults.thresholds?.steps ?? []) {
    step.value ??= Number.NEGATIVE_INFINITY;
  }
  return { defaults, overrides: config?.overrides ?? [] };
}

export interface FieldOptions {
  fieldConfig?: FieldConfigSource;
  theme: GrafanaTheme2;
  timeZone: string;
  replace: InterpolateFunction;
  /** The colour mode of a panel type where a dashboard names none. */
  colorMode?: string;
}

/** Applies a panel's field options: units, thresholds, mappings, names, colours, links. */
export function applyFields(frames: DataFrame[], options: FieldOptions): DataFrame[] {
  const config = withDefaults(options.fieldConfig);
  config.defaults.color ??= { mode: options.colorMode ?? 'thresholds' };
  const made = applyFieldOverrides({
    data: frames,
    fieldConfig: config,
    fieldConfigRegistry,
    replaceVariables: options.replace,
    theme: options.theme,
    timeZone: options.timeZone,
  });
  cacheFieldDisplayNames(made);
  return made;
}

/** Options of a panel that are not honoured here, by what is known to be left out. */
export function unsupportedOptions(panel: Panel): string[] {
  const notes: string[] = [];
  for (const rule of panel.fieldConfig?.overrides ?? []) {
    for (const property of rule.properties) {
      if (!fieldConfigRegistry.getIfExists(property.id)) {
        notes.push(`The field option "${property.id}" is not supported here.`);
      }
    }
  }
  return [...new Set(notes)];
}
