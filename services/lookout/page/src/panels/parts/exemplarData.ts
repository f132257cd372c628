import { type DataFrame, FieldType } from '@grafana/data';
import type { DataSourceInfo } from '../../api/types';
import { isXRay, type Sources } from '../../variables/sources';

/** One measured value with the labels that were kept for it, among them the id of its trace. Time in milliseconds. */
export interface Exemplar {
  key: string;
  time: number;
  value: number;
  labels: Record<string, string>;
  /** A link that the frame itself has (`internal` or a URL), where it has one. */
  sourceUid?: string;
  traceId?: string;
}

/** As many marks as stay apart on a graph. */
const MOST = 300;

interface Destination {
  name?: string;
  datasourceUid?: string;
  url?: string;
}

/** Exemplars of frames that have the fields Time, Value and one per label. */
export function exemplarsOf(frames: DataFrame[]): Exemplar[] {
  const all = frames.flatMap((frame, index) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    const value = frame.fields.find((field) => field.type === FieldType.number);
    const rest = frame.fields.filter((field) => field !== time && field !== value);
    if (!time || !value) {
      return [];
    }
    return Array.from({ length: frame.length }, (_, row): Exemplar => {
      const labels = Object.fromEntries(rest.map((field) => [field.name, String(field.values[row] ?? '')]).filter(([, text]) => text !== ''));
      const linked = rest.find((field) => field.config.links?.some((link) => link.internal?.datasourceUid) && field.values[row]);
      return {
        key: `${index}-${row}-${time.values[row]}`,
        time: Number(time.values[row]),
        value: Number(value.values[row]),
        labels,
        sourceUid: linked?.config.links?.find((link) => link.internal)?.internal?.datasourceUid,
        traceId: linked ? String(linked.values[row]) : undefined,
      };
    });
  });
  const every = Math.ceil(all.length / MOST);
  return every > 1 ? all.filter((_, i) => i % every === 0) : all;
}

/** The trace that an exemplar leads to: by its own link, else by its data source's `exemplarTraceIdDestinations`. */
export function traceOf(exemplar: Exemplar, sources: Sources): { sourceUid: string; traceId: string } | undefined {
  if (exemplar.sourceUid && exemplar.traceId) {
    return { sourceUid: exemplar.sourceUid, traceId: exemplar.traceId };
  }
  const destinations = sources.list().flatMap((source) => (source.jsonData?.exemplarTraceIdDestinations ?? []) as Destination[]);
  for (const { name = 'trace_id', datasourceUid } of destinations) {
    const traceId = exemplar.labels[name];
    if (traceId && datasourceUid) {
      return { sourceUid: datasourceUid, traceId };
    }
  }
  // Where nothing says where traces are, a label that names one leads to the only data source that has any.
  const named = exemplar.labels.trace_id ?? exemplar.labels.traceID ?? exemplar.labels.traceId;
  const only = sources.list().filter((source) => isXRay(source.type));
  return named && only.length === 1 && only[0] ? { sourceUid: only[0].uid, traceId: named } : undefined;
}

/** X-Ray writes a trace's id `1-<8 hex digits>-<24 hex digits>`; OpenTelemetry the same 32 digits without dashes. */
export function xrayTraceId(id: string): string {
  const plain = /^([0-9a-f]{8})([0-9a-f]{24})$/i.exec(id.trim());
  return plain ? `1-${plain[1]}-${plain[2]}` : id.trim();
}

/** The query by which a data source gives one trace. */
export const traceQuery = (source: DataSourceInfo, traceId: string): Record<string, unknown> =>
  isXRay(source.type)
    ? { queryType: 'getTrace', query: xrayTraceId(traceId), region: 'default' }
    : { queryType: 'traceId', query: traceId };

