import { rangeUtil, type TimeRange } from '@grafana/data';
import type { DataSourceInfo, Query, QueryRequest } from '../api/types';
import { type Step, stepOf, stepScope } from '../variables/builtin';
import { promFormat } from '../variables/formats';
import { type Fallback, interpolate, interpolateAll } from '../variables/interpolate';
import { isCloudWatch, isPrometheus, isSpecial, isXRay, type Sources } from '../variables/sources';
import { chain, type Scope } from '../variables/types';
import type { Panel } from './model';

/** A panel's queries as they are sent, with what is needed to read the answer. */
export interface Built {
  request?: QueryRequest;
  /** Format of each Prometheus query by refId: `time_series`, `table` or `heatmap`. */
  formats: Map<string, string>;
  sourceOf: Map<string, DataSourceInfo>;
  step: Step;
  /** Queries that cannot be sent, by refId. */
  errors: Map<string, string>;
}

const toMs = (text: unknown): number | undefined => {
  if (typeof text !== 'string' || text === '') {
    return undefined;
  }
  try {
    return rangeUtil.intervalToMs(text.replace(/^>/, ''));
  } catch {
    return undefined;
  }
};

/** A data source's least step: its `timeInterval`, 15 s for Prometheus where it says nothing. */
function scrapeInterval(source: DataSourceInfo): string | undefined {
  const set = source.jsonData?.timeInterval;
  return typeof set === 'string' && set ? set : isPrometheus(source.type) ? '15s' : undefined;
}

function promQuery(target: Query, scope: Scope, range: TimeRange): Query {
  const by: Record<string, Fallback> = { expr: promFormat };
  const query = interpolateAll(target, scope, 'raw', (key) => by[key]);
  const instant = query.instant === true;
  return {
    ...query,
    instant,
    range: query.range === true || !instant,
    exemplar: query.exemplar === true && !(instant && query.range !== true),
    format: query.format ?? 'time_series',
    utcOffsetSec: range.to.utcOffset() * 60,
  };
}

/** The values of a text that is one variable, each by itself; else the text with its variables filled in. */
function expand(one: unknown, scope: Scope): unknown[] {
  if (typeof one !== 'string') {
    return [one];
  }
  const whole = /^(?:\$(\w+)|\$\{(\w+)\}|\[\[(\w+)\]\])$/.exec(one.trim());
  const name = whole?.[1] ?? whole?.[2] ?? whole?.[3];
  const binding = name ? scope(name) : undefined;
  return Array.isArray(binding?.value) ? binding.value : [interpolate(one, scope, 'raw')];
}

/** A dimension set to a variable of several values becomes those values. */
function dimensions(value: unknown, scope: Scope): unknown {
  if (!value || typeof value !== 'object' || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const list = (Array.isArray(each) ? each : [each]).flatMap((one) => expand(one, scope));
      return [interpolate(key, scope, 'raw'), list];
    }),
  );
}

/** Log groups likewise: a variable's values are their ARNs. */
function logGroups(value: unknown, scope: Scope): unknown {
  if (!Array.isArray(value)) {
    return value;
  }
  return value.flatMap((one) =>
    typeof one === 'string' ? expand(one, scope) : expand(one?.arn || one?.name, scope).map((arn) => ({ arn, name: arn })),
  );
}

function cloudWatchQuery(target: Query, scope: Scope): Query {
  const query = interpolateAll(target, scope, 'csv') as Query;
  const expanded = {
    dimensions: dimensions(target.dimensions, scope),
    logGroups: logGroups(target.logGroups, scope),
    logGroupNames: logGroups(target.logGroupNames, scope),
  };
  return { ...query, ...Object.fromEntries(Object.entries(expanded).filter(([, value]) => value !== undefined)) };
}

function sendable(target: Query, source: DataSourceInfo, scope: Scope, range: TimeRange): Query {
  if (isPrometheus(source.type)) {
    return promQuery(target, scope, range);
  }
  if (isCloudWatch(source.type)) {
    return cloudWatchQuery(target, scope);
  }
  return interpolateAll(target, scope, isXRay(source.type) ? 'csv' : 'glob') as Query;
}

const uidOf = (target: Query) => (typeof target.datasource === 'object' ? target.datasource?.uid : target.datasource);

/** A hidden query is still sent where an expression, or CloudWatch's metric math by its id, may compute with it. */
const needed = (target: Query, computing: boolean) => computing || (typeof target.id === 'string' && target.id !== '');

const count = (list: unknown) => (Array.isArray(list) ? list.length : 0);

/** A query that asks for nothing, such as for a trace that nobody has chosen yet, is not sent. */
function isEmpty(target: Query, query: Query, source: DataSourceInfo): boolean {
  if (isPrometheus(source.type)) {
    return String(query.expr ?? '').trim() === '';
  }
  if (isCloudWatch(source.type)) {
    const groups = (one: Query) => count(one.logGroups) + count(one.logGroupNames);
    return groups(target) > 0 && groups(query) === 0;
  }
  return isXRay(source.type) && query.queryType === 'getTrace' && String(query.query ?? '').trim() === '';
}

/**
 * Makes the one request that asks for everything a panel shows.
 *
 * @param points how many points fit in the panel, about its width in pixels
 */
export function buildRequest(panel: Panel, sources: Sources, scope: Scope, range: TimeRange, points: number): Built {
  const errors = new Map<string, string>();
  const formats = new Map<string, string>();
  const sourceOf = new Map<string, DataSourceInfo>();
  const queries: Query[] = [];
  const maxDataPoints = panel.maxDataPoints || Math.max(50, Math.round(points));
  const panelLow = panel.interval ? interpolate(panel.interval, scope, 'raw') : '';
  let first: Step | undefined;
  const computing = (panel.targets ?? []).some((target) => !target.hide && uidOf(target) === '__expr__');
  for (const target of panel.targets ?? []) {
    if (target.hide && !needed(target, computing)) {
      continue;
    }
    try {
      const own = uidOf(target);
      const panelUid = typeof panel.datasource === 'object' ? panel.datasource?.uid : (panel.datasource ?? undefined);
      if (own === '__expr__') {
        queries.push({ ...interpolateAll(target, scope, 'raw'), datasource: { type: '__expr__', uid: '__expr__' } });
        continue;
      }
      const reference = own ? target.datasource : panel.datasource;
      if (isSpecial(own ?? panelUid)) {
        throw new Error(`Queries of ${own ?? panelUid} are not supported here.`);
      }
      const source = sources.find(reference, scope);
      const scrape = scrapeInterval(source);
      const step = stepOf(range, maxDataPoints, panelLow || interpolate(String(target.interval ?? ''), scope, 'raw') || scrape);
      first ??= step;
      const scrapeMs = toMs(interpolate(String(target.interval ?? ''), scope, 'raw')) ?? toMs(scrape) ?? 15_000;
      const query = sendable(target, source, chain(stepScope(step, scrapeMs), scope), range);
      if (isEmpty(target, query, source)) {
        continue;
      }
      formats.set(target.refId, String(query.format ?? ''));
      sourceOf.set(target.refId, source);
      queries.push({ ...query, datasource: { type: source.type, uid: source.uid }, intervalMs: step.intervalMs, maxDataPoints });
    } catch (error) {
      errors.set(target.refId, error instanceof Error ? error.message : String(error));
    }
  }
  const request = { from: String(range.from.valueOf()), to: String(range.to.valueOf()), queries };
  return { request: queries.length > 0 ? request : undefined, formats, sourceOf, step: first ?? stepOf(range, maxDataPoints), errors };
}
