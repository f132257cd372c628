import { type DataFrame, dataFrameFromJSON, FieldType, type TimeRange } from '@grafana/data';
import { useEffect, useState } from 'react';
import { getAnnotations, runQueries } from '../api/calls';
import { stepOf } from '../variables/builtin';
import { promFormat } from '../variables/formats';
import { interpolateAll } from '../variables/interpolate';
import { isPrometheus, type Sources } from '../variables/sources';
import type { Scope } from '../variables/types';
import type { AnnotationDef, Dashboard } from './model';

/** Something that happened, drawn over the time series; times in milliseconds. */
export interface AnnotationEvent {
  source: string;
  color: string;
  time: number;
  timeEnd?: number;
  title: string;
  text: string;
  tags: string[];
}

/** More than this many marks would cover the graph. */
const MOST = 500;

const isBuiltIn = (def: AnnotationDef) =>
  def.builtIn === 1 || (typeof def.datasource === 'object' ? def.datasource?.uid : def.datasource) === '-- Grafana --';

const fill = (template: string | undefined, labels: Record<string, string>) =>
  (template ?? '').replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (_, name: string) => labels[name] ?? '');

/** Times at which a Prometheus series is above 0, near ones joined to one region. */
export function eventsOf(frames: DataFrame[], def: AnnotationDef, stepMs: number): AnnotationEvent[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    return frame.fields
      .filter((field) => field.type === FieldType.number)
      .flatMap((field) => {
        const labels = field.labels ?? {};
        const about = {
          source: def.name,
          color: def.iconColor ?? 'rgba(0, 211, 255, 1)',
          title: fill(def.titleFormat, labels) || def.name,
          text: fill(def.textFormat, labels),
          tags: (def.tagKeys ?? '').split(',').map((key) => labels[key.trim()]).filter((tag): tag is string => !!tag),
        };
        const events: AnnotationEvent[] = [];
        field.values.forEach((value: number | null, row: number) => {
          if (!value) {
            return;
          }
          const at = def.useValueForTime ? Number(value) : Number(time?.values[row]);
          const last = events.at(-1);
          if (last && !def.useValueForTime && at - (last.timeEnd ?? last.time) <= stepMs) {
            last.timeEnd = at;
          } else {
            events.push({ ...about, time: at });
          }
        });
        return events;
      });
  });
}

async function stored(def: AnnotationDef, dashboard: Dashboard, range: TimeRange, signal: AbortSignal): Promise<AnnotationEvent[]> {
  const target = def.target ?? {};
  const byTags = target.type === 'tags' || def.type === 'tags';
  const tags = (target.tags ?? def.tags) as string[] | undefined;
  const answer = await getAnnotations(
    {
      from: range.from.valueOf(),
      to: range.to.valueOf(),
      limit: Number(target.limit ?? 100),
      dashboardUID: byTags ? undefined : dashboard.uid,
      tags: byTags ? tags : undefined,
      matchAny: byTags && target.matchAny ? 'true' : undefined,
    },
    signal,
  );
  return (answer ?? []).map((one) => ({
    source: def.name,
    color: def.iconColor ?? 'rgba(0, 211, 255, 1)',
    time: one.time,
    timeEnd: one.timeEnd && one.timeEnd !== one.time ? one.timeEnd : undefined,
    title: one.title ?? '',
    text: one.text ?? '',
    tags: one.tags ?? [],
  }));
}

async function queried(def: AnnotationDef, sources: Sources, scope: Scope, range: TimeRange, signal: AbortSignal): Promise<AnnotationEvent[]> {
  const source = sources.find(def.datasource, scope);
  const step = stepOf(range, 300, def.step || '60s');
  const target = { ...(def.target ?? {}), ...(def.expr ? { expr: def.expr } : {}) };
  const query = interpolateAll(target, scope, isPrometheus(source.type) ? promFormat : 'csv') as Record<string, unknown>;
  const answer = await runQueries(
    {
      from: String(range.from.valueOf()),
      to: String(range.to.valueOf()),
      queries: [{ range: true, ...query, refId: 'Anno', datasource: { type: source.type, uid: source.uid }, intervalMs: step.intervalMs, maxDataPoints: 300 }],
    },
    signal,
  );
  const result = answer.results?.Anno;
  if (!result || result.error) {
    throw new Error(result?.error ?? answer.message ?? 'no answer');
  }
  return eventsOf((result.frames ?? []).map(dataFrameFromJSON), def, step.intervalMs);
}

/** Annotations of a dashboard for its range. One that cannot be had is told in the console and leaves the others alone. */
export function useAnnotations(dashboard: Dashboard, sources: Sources | undefined, scope: Scope, range: TimeRange, ready: boolean, shown: ReadonlySet<string>): AnnotationEvent[] {
  const [events, setEvents] = useState<AnnotationEvent[]>([]);
  const key = [...shown].join('\n');
  useEffect(() => {
    if (!sources || !ready) {
      return;
    }
    const stop = new AbortController();
    const defs = dashboard.annotations.list.filter((def) => shown.has(def.name));
    const one = async (def: AnnotationDef) => {
      try {
        return await (isBuiltIn(def) ? stored(def, dashboard, range, stop.signal) : queried(def, sources, scope, range, stop.signal));
      } catch (error) {
        if (!stop.signal.aborted) {
          console.warn(`Annotations "${def.name}" cannot be had: ${error instanceof Error ? error.message : String(error)}`);
        }
        return [];
      }
    };
    void Promise.all(defs.map(one)).then((all) => {
      if (!stop.signal.aborted) {
        setEvents(all.flat().sort((a, b) => a.time - b.time).slice(0, MOST));
      }
    });
    return () => stop.abort();
  }, [dashboard, sources, ready, key, range]);
  return events;
}

/** Names of the annotations that are on at first. */
export const enabledAnnotations = (dashboard: Dashboard): Set<string> =>
  new Set(dashboard.annotations.list.filter((def) => def.enable !== false).map((def) => def.name));
