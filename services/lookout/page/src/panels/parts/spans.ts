import type { DataFrame } from '@grafana/data';

/** One span of a trace; times in milliseconds. */
export interface Span {
  id: string;
  parent?: string;
  service: string;
  operation: string;
  start: number;
  duration: number;
  failed: boolean;
  tags: Array<[string, string]>;
  logs: Array<{ time: number; text: string }>;
  depth: number;
  children: number;
}

export interface Trace {
  id: string;
  spans: Span[];
  start: number;
  duration: number;
  services: string[];
}

interface KeyValue {
  key?: string;
  value?: unknown;
}

const asText = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''));

/** JSON in a text field, or what it is already. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') {
    return value;
  }
  try {
    return JSON.parse(value);
  } catch {
    return [];
  }
}

const pairs = (value: unknown): Array<[string, string]> => {
  const list = parsed(value);
  return Array.isArray(list) ? (list as KeyValue[]).map((one) => [String(one.key ?? ''), asText(one.value)]) : [];
};

function logsOf(value: unknown): Span['logs'] {
  const list = parsed(value);
  return Array.isArray(list)
    ? (list as Array<{ timestamp?: number; name?: string; fields?: KeyValue[] }>).map((one) => ({
        time: Number(one.timestamp ?? 0),
        text: [one.name, ...(one.fields ?? []).map((field) => `${field.key}=${asText(field.value)}`)].filter(Boolean).join(' '),
      }))
    : [];
}

const failedBy = (tags: Array<[string, string]>) =>
  tags.some(([key, value]) => (['error', 'fault', 'otel.status_code'].includes(key) && /^(?:true|error|1)$/i.test(value)) || (/^http\.(?:response\.)?status(?:_code)?$/.test(key) && /^5/.test(value)));

/** Whether a frame is a trace in Grafana's form: one row per span, with the columns traceID, spanID, … */
export const isTraceFrame = (frame: DataFrame) =>
  frame.fields.some((field) => field.name === 'spanID') && frame.fields.some((field) => field.name === 'startTime');

/** Orders spans as a tree: each below the span that called it, brothers by their start. */
function ordered(spans: Span[]): Span[] {
  const known = new Set(spans.map((span) => span.id));
  const below = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.duration - a.duration)) {
    if (span.parent && known.has(span.parent) && span.parent !== span.id) {
      below.set(span.parent, [...(below.get(span.parent) ?? []), span]);
    } else {
      roots.push(span);
    }
  }
  const made: Span[] = [];
  const seen = new Set<string>();
  const stack = roots.reverse().map((span) => ({ span, depth: 0 }));
  while (stack.length > 0) {
    const { span, depth } = stack.pop() as { span: Span; depth: number };
    if (seen.has(span.id)) {
      continue;
    }
    seen.add(span.id);
    const children = below.get(span.id) ?? [];
    made.push({ ...span, depth, children: children.length });
    stack.push(...[...children].reverse().map((child) => ({ span: child, depth: depth + 1 })));
  }
  // Spans that only call one another have no root: they follow as they come.
  return [...made, ...spans.filter((span) => !seen.has(span.id))];
}

/** Reads a trace from Grafana's frame of spans; times there are milliseconds. */
export function traceOf(frame: DataFrame): Trace {
  const column = (name: string) => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [ids, parents, services, operations] = ['spanID', 'parentSpanID', 'serviceName', 'operationName'].map(column);
  const [starts, durations, tags, serviceTags, logs, codes] = ['startTime', 'duration', 'tags', 'serviceTags', 'logs', 'statusCode'].map(column);
  const spans = Array.from({ length: frame.length }, (_, row): Span => {
    const own = pairs(tags?.[row]);
    return {
      id: String(ids?.[row] ?? row),
      parent: parents?.[row] ? String(parents[row]) : undefined,
      service: String(services?.[row] ?? ''),
      operation: String(operations?.[row] ?? ''),
      start: Number(starts?.[row] ?? 0),
      duration: Math.max(0, Number(durations?.[row] ?? 0)),
      failed: failedBy(own) || Number(codes?.[row] ?? 0) === 2,
      tags: [...own, ...pairs(serviceTags?.[row]).map(([key, value]): [string, string] => [key, value])],
      logs: logsOf(logs?.[row]),
      depth: 0,
      children: 0,
    };
  });
  const start = spans.reduce((least, span) => Math.min(least, span.start), Number.POSITIVE_INFINITY);
  const end = spans.reduce((most, span) => Math.max(most, span.start + span.duration), Number.NEGATIVE_INFINITY);
  return {
    id: String(column('traceID')[0] ?? ''),
    spans: ordered(spans),
    start: spans.length > 0 ? start : 0,
    duration: spans.length > 0 ? end - start : 0,
    services: [...new Set(spans.map((span) => span.service))],
  };
}

/** A duration in milliseconds, as short as it can be said. */
export function formatDuration(ms: number): string {
  if (ms >= 60_000) {
    return `${Math.floor(ms / 60_000)}m ${((ms % 60_000) / 1000).toFixed(0)}s`;
  }
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(2)}s`;
  }
  return ms >= 1 ? `${ms.toFixed(ms < 10 ? 2 : 1)}ms` : `${(ms * 1000).toFixed(0)}µs`;
}
