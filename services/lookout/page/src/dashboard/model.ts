import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';
import type { DataSourceRef, Query } from '../api/types';
import type { VariableDef } from '../variables/types';

/** Place on a grid of 24 columns, heights in rows of 30 pixels. */
export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface DashboardLink {
  title?: string;
  type?: 'link' | 'dashboards' | string;
  url?: string;
  tags?: string[];
  tooltip?: string;
  icon?: string;
  targetBlank?: boolean;
  keepTime?: boolean;
  includeVars?: boolean;
  asDropdown?: boolean;
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: GridPos;
  datasource?: DataSourceRef | string | null;
  targets?: Query[];
  options?: Record<string, unknown>;
  fieldConfig?: FieldConfigSource;
  transformations?: DataTransformerConfig[];
  transparent?: boolean;
  links?: DashboardLink[];
  interval?: string;
  maxDataPoints?: number | null;
  timeFrom?: string | null;
  timeShift?: string | null;
  hideTimeOverride?: boolean;
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  collapsed?: boolean;
  panels?: Panel[];
}

export interface AnnotationDef {
  name: string;
  enable?: boolean;
  hide?: boolean;
  builtIn?: number;
  type?: string;
  iconColor?: string;
  datasource?: DataSourceRef | string | null;
  target?: Record<string, unknown>;
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
  filter?: { exclude?: boolean; ids?: number[] };
  [key: string]: unknown;
}

export interface Dashboard {
  uid: string;
  title: string;
  description?: string;
  schemaVersion: number;
  tags: string[];
  panels: Panel[];
  templating: { list: VariableDef[] };
  annotations: { list: AnnotationDef[] };
  links: DashboardLink[];
  time: { from: string; to: string };
  timezone: string;
  weekStart?: string;
  refresh?: string | false;
  /** 0 nothing shared, 1 a crosshair, 2 a crosshair and the tooltip. */
  graphTooltip: number;
  timepicker?: { refresh_intervals?: string[]; hidden?: boolean; nowDelay?: string };
  fiscalYearStartMonth?: number;
}
