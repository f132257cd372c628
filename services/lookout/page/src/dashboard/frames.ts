import { createDataFrame, type DataFrame, dataFrameFromJSON, type DataFrameJSON, type Field, FieldType } from '@grafana/data';
import type { QueryResponse } from '../api/types';
import { bucketsOf } from './buckets';

/** More frames than this are not even taken apart: the rest is said, and left out. */
export const MOST_FRAMES = 1000;

export interface Answer {
  frames: DataFrame[];
  /** Points that link to traces, from queries with `exemplar: true`. */
  exemplars: DataFrame[];
  errors: Map<string, string>;
  notices: string[];
}

export function isExemplar(frame: DataFrame): boolean {
  const custom = frame.meta?.custom as { resultType?: string } | undefined;
  return custom?.resultType === 'exemplar' || frame.name === 'exemplar';
}

/** One table of several series: the time, a column per label, the value. What Grafana's Prometheus data source does for `format: table`. */
export function toTable(frames: DataFrame[], refId: string, single: boolean): DataFrame | undefined {
  const series = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    return frame.fields.filter((field) => field.type === FieldType.number).map((value) => ({ time, value }));
  });
  if (series.length === 0) {
    return undefined;
  }
  const names = [...new Set(series.flatMap(({ value }) => Object.keys(value.labels ?? {})))].sort();
  const times: number[] = [];
  const values: number[] = [];
  const labels = names.map((): string[] => []);
  for (const { time, value } of series) {
    for (let row = 0; row < value.values.length; row++) {
      times.push(time?.values[row] ?? 0);
      values.push(value.values[row]);
      names.forEach((name, i) => labels[i]?.push(value.labels?.[name] ?? ''));
    }
  }
  const fields: Array<Partial<Field> & { name: string; type: FieldType; values: unknown[]; config: object }> = [
    { name: 'Time', type: FieldType.time, values: times, config: {} },
    ...names.map((name, i) => ({ name, type: FieldType.string, values: labels[i] ?? [], config: { filterable: true } })),
    { name: single ? 'Value' : `Value #${refId}`, type: FieldType.number, values, config: {} },
  ];
  return { ...createDataFrame({ refId, fields }), meta: { ...frames[0]?.meta, preferredVisualisationType: 'table' } };
}

const isTabular = (frame: DataFrame) => frame.fields.length > 2 && frame.fields.some((field) => field.type === FieldType.string);

function shape(frames: DataFrame[], refId: string, format: string | undefined, single: boolean): DataFrame[] {
  if (format === 'table' && !frames.some(isTabular)) {
    const table = toTable(frames, refId, single);
    return table ? [table] : [];
  }
  return format === 'heatmap' ? bucketsOf(frames) : frames;
}

/** Takes the answer to a panel's request apart into frames, exemplars and errors, in the order of the queries. */
export function readAnswer(response: QueryResponse, order: string[], formats: Map<string, string>): Answer {
  const answer: Answer = { frames: [], exemplars: [], errors: new Map(), notices: [] };
  const results = response.results ?? {};
  const tables = [...formats.values()].filter((format) => format === 'table').length;
  let left = MOST_FRAMES;
  let total = 0;
  for (const refId of [...new Set([...order, ...Object.keys(results)])]) {
    const result = results[refId];
    if (!result) {
      continue;
    }
    if (result.error) {
      answer.errors.set(refId, result.error);
    }
    const json: DataFrameJSON[] = result.frames ?? [];
    total += json.length;
    const read = json.slice(0, left).map((one) => {
      const frame = dataFrameFromJSON(one);
      return { ...frame, refId: frame.refId ?? refId };
    });
    left -= read.length;
    answer.exemplars.push(...read.filter((frame) => isExemplar(frame)));
    const kept = read.filter((frame) => !isExemplar(frame) && (frame.fields.length > 0 || frame.meta));
    answer.notices.push(...kept.flatMap((frame) => frame.meta?.notices ?? []).map((notice) => notice.text));
    answer.frames.push(...shape(kept, refId, formats.get(refId), tables < 2));
  }
  if (total > MOST_FRAMES) {
    answer.notices.push(`${total.toLocaleString('en')} series; the first ${MOST_FRAMES.toLocaleString('en')} are looked at.`);
  }
  return answer;
}

/** Whether frames hold anything to show. */
export const hasRows = (frames: DataFrame[]): boolean => frames.some((frame) => frame.length > 0 && frame.fields.length > 0);
