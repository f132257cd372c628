import { dataFrameFromJSON } from '@grafana/data';
import { getResource, runQueries } from '../api/calls';
import type { DataSourceInfo } from '../api/types';
import type { Option } from './types';

interface Answer<T> {
  data?: T;
}

const option = (value: string): Option => ({ text: value, value });

/** What a variable's query asks of Prometheus; the functions are those of Grafana's Prometheus data source. */
export function parsePromQuery(query: string):
  | { kind: 'names' }
  | { kind: 'values'; label: string; match?: string }
  | { kind: 'metrics'; pattern: string }
  | { kind: 'result'; expr: string }
  | { kind: 'series'; match: string } {
  const text = query.trim();
  if (/^label_names\(\)\s*$/.test(text)) {
    return { kind: 'names' };
  }
  const values = /^label_values\((?:(.+),\s*)?([a-zA-Z_$][\w${}:]*|"[^"]+")\s*\)\s*$/s.exec(text);
  if (values) {
    return { kind: 'values', label: (values[2] ?? '').replace(/"/g, ''), match: values[1]?.trim() };
  }
  const metrics = /^metrics\((.*)\)\s*$/s.exec(text);
  if (metrics) {
    return { kind: 'metrics', pattern: metrics[1] ?? '' };
  }
  const result = /^query_result\((.+)\)\s*$/s.exec(text);
  return result ? { kind: 'result', expr: result[1] ?? '' } : { kind: 'series', match: text };
}

function seriesName(labels: Record<string, string>): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
  return `${name}{${pairs.join(',')}}`;
}

async function queryResult(source: DataSourceInfo, expr: string, range: { from: number; to: number }): Promise<Option[]> {
  const answer = await runQueries({
    from: String(range.from),
    to: String(range.to),
    queries: [{ refId: 'V', datasource: { type: source.type, uid: source.uid }, expr, instant: true, range: false, format: 'time_series' }],
  });
  const result = answer.results?.V;
  if (!result || result.error) {
    throw new Error(result?.error ?? answer.message ?? 'The query gave no answer.');
  }
  return (result.frames ?? []).map(dataFrameFromJSON).flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === 'time');
    return frame.fields
      .filter((field) => field.type === 'number' && field.values.length > 0)
      .map((field) => option(`${seriesName(field.labels ?? {})} ${field.values.at(-1)} ${time?.values.at(-1) ?? ''}`.trim()));
  });
}

/** Options that a query variable has from Prometheus. */
export async function promOptions(source: DataSourceInfo, query: string, range: { from: number; to: number }): Promise<Option[]> {
  const asked = parsePromQuery(query);
  const time = { start: Math.floor(range.from / 1000), end: Math.ceil(range.to / 1000) };
  switch (asked.kind) {
    case 'names':
      return ((await getResource<Answer<string[]>>(source.uid, 'api/v1/labels', time)).data ?? []).map(option);
    case 'values': {
      const path = `api/v1/label/${encodeURIComponent(asked.label)}/values`;
      const answer = await getResource<Answer<string[]>>(source.uid, path, { ...time, 'match[]': asked.match });
      return (answer.data ?? []).map(option);
    }
    case 'metrics': {
      const answer = await getResource<Answer<string[]>>(source.uid, 'api/v1/label/__name__/values', time);
      const pattern = new RegExp(asked.pattern);
      return (answer.data ?? []).filter((name) => pattern.test(name)).map(option);
    }
    case 'result':
      return queryResult(source, asked.expr, range);
    case 'series': {
      const answer = await getResource<Answer<Array<Record<string, string>>>>(source.uid, 'api/v1/series', { ...time, 'match[]': asked.match });
      return (answer.data ?? []).map((labels) => option(seriesName(labels)));
    }
  }
}
