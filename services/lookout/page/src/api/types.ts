import type { DataFrameJSON } from '@grafana/data';

/** Which data source: `uid` may be a variable such as `${amp}`. */
export interface DataSourceRef {
  type?: string;
  uid?: string;
}

/** One data source in `/api/frontend/settings`, by name. */
export interface DataSourceInfo {
  uid: string;
  name: string;
  type: string;
  isDefault?: boolean;
  jsonData?: Record<string, unknown>;
  meta?: { id?: string; name?: string };
}

export interface FrontendSettings {
  datasources: Record<string, DataSourceInfo>;
  defaultDatasource?: string;
  buildInfo?: { version?: string; commit?: string };
}

/** One query of a panel, in the form its data source has; `refId` names it. */
export interface Query {
  refId: string;
  hide?: boolean;
  datasource?: DataSourceRef | string | null;
  [key: string]: unknown;
}

export interface QueryRequest {
  from: string;
  to: string;
  queries: Query[];
}

export interface QueryResult {
  status?: number;
  error?: string;
  frames?: DataFrameJSON[];
}

export interface QueryResponse {
  results: Record<string, QueryResult>;
  message?: string;
}

export interface SearchHit {
  uid: string;
  title: string;
  type: 'dash-db' | 'dash-folder';
  url: string;
  tags: string[];
  folderUid?: string;
  folderTitle?: string;
}

export interface StoredAnnotation {
  id: number;
  time: number;
  timeEnd?: number;
  text?: string;
  title?: string;
  tags?: string[];
}

export interface AlertInstance {
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  state: string;
  activeAt?: string;
  value?: string;
}

export interface AlertRule {
  name: string;
  state?: string;
  type: string;
  query?: string;
  health?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  activeAt?: string;
  alerts?: AlertInstance[];
}

export interface RuleGroups {
  data?: { groups?: Array<{ name: string; file: string; rules: AlertRule[] }> };
}
