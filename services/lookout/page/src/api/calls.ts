import { ask } from './client';
import type { FrontendSettings, QueryRequest, QueryResponse, RuleGroups, SearchHit, StoredAnnotation } from './types';

const encode = encodeURIComponent;

function query(parameters: Record<string, string | number | undefined | string[]>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === undefined ? [] : [String(value)]).map((one) => `${encode(name)}=${encode(one)}`),
  );
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

export interface DashboardAnswer {
  dashboard: unknown;
  meta: { folderTitle?: string; folderUid?: string; url?: string; slug?: string };
}

/** `GET /api/dashboards/uid/:uid` */
export const getDashboard = (uid: string) => ask<DashboardAnswer>(`/api/dashboards/uid/${encode(uid)}`);

let settings: Promise<FrontendSettings> | undefined;

/** `GET /api/frontend/settings`, asked once per page; a failure is asked again. */
export function getSettings(): Promise<FrontendSettings> {
  settings ??= ask<FrontendSettings>('/api/frontend/settings').catch((error: unknown) => {
    settings = undefined;
    throw error;
  });
  return settings;
}

/** `POST /api/ds/query`; 207 and 400 carry results by refId too, some of them errors. */
export const runQueries = (request: QueryRequest, signal?: AbortSignal) =>
  ask<QueryResponse>('/api/ds/query', { method: 'POST', body: request, signal, accept: [207, 400, 500, 502, 504] });

/** `GET /api/datasources/uid/:uid/resources/…` */
export const getResource = <T>(uid: string, path: string, parameters: Record<string, string | number | undefined | string[]> = {}) =>
  ask<T>(`/api/datasources/uid/${encode(uid)}/resources/${path}${query(parameters)}`);

/** `GET /api/search` */
export const search = (parameters: { query?: string; type?: string; tag?: string[]; limit?: number }) =>
  ask<SearchHit[]>(`/api/search${query(parameters)}`);

/** `GET /api/annotations`; times in milliseconds. */
export const getAnnotations = (parameters: Record<string, string | number | undefined | string[]>, signal?: AbortSignal) =>
  ask<StoredAnnotation[]>(`/api/annotations${query(parameters)}`, { signal });

/** Alert rules with their state: Grafana's own (`grafana`) or those of a data source's ruler, by its uid. */
export const getRules = (source: string, signal?: AbortSignal) =>
  ask<RuleGroups>(`/api/prometheus/${encode(source)}/api/v1/rules`, { signal });
