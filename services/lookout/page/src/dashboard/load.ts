import type { VariableDef } from '../variables/types';
import type { AnnotationDef, Dashboard, DashboardLink, GridPos, Panel } from './model';

/** The dashboard's JSON is of a form that this page does not know; the message says which. */
export class SchemaError extends Error {}

/** The oldest and newest `schemaVersion` of classic (v1) dashboards that are known here: Grafana 5 to 13. */
export const OLDEST = 16;
export const NEWEST = 42;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);

function gridPos(value: unknown): GridPos {
  const made = isObject(value) ? value : {};
  const number = (name: string, fallback: number, least: number) => {
    const one = Number(made[name] ?? fallback);
    return Number.isFinite(one) ? Math.max(least, Math.floor(one)) : fallback;
  };
  const w = Math.min(24, number('w', 12, 1));
  return { x: Math.min(24 - w, number('x', 0, 0)), y: number('y', 0, 0), w, h: number('h', 8, 1) };
}

function loadPanel(json: Json, nextId: () => number): Panel {
  const panel = {
    ...json,
    id: typeof json.id === 'number' ? json.id : nextId(),
    type: text(json.type) || (isObject(json.libraryPanel) ? 'library panel' : 'unknown'),
    title: text(json.title),
    gridPos: gridPos(json.gridPos),
    targets: objects(json.targets),
    panels: objects(json.panels).map((each) => loadPanel(each, nextId)),
  } as unknown as Panel;
  panel.targets = panel.targets?.map((target, index) => ({ ...target, refId: text(target.refId) || String.fromCharCode(65 + index) }));
  return panel;
}

function refuse(json: Json): void {
  if (isObject(json.spec) || text(json.apiVersion).includes('/v2')) {
    throw new SchemaError(
      `This dashboard is of schema ${text(json.apiVersion, 'v2')} (elements and layout). Lookout shows classic (v1) dashboards: export it as "Classic" from Grafana.`,
    );
  }
  if (isObject(json.elements) || isObject(json.layout)) {
    throw new SchemaError(
      'This dashboard is of schema v2 (it has "elements" and "layout"). Lookout shows classic (v1) dashboards: export it as "Classic" from Grafana.',
    );
  }
  const version = json.schemaVersion;
  if (typeof version !== 'number') {
    throw new SchemaError('This dashboard has no "schemaVersion" (a number), so it is not a classic (v1) dashboard of Grafana.');
  }
  if (version < OLDEST || version > NEWEST) {
    throw new SchemaError(
      `This dashboard has schemaVersion ${version}; Lookout knows ${OLDEST} to ${NEWEST}. ` +
        (version < OLDEST ? 'Import it into Grafana and export it again.' : 'It comes from a newer Grafana than this page knows.'),
    );
  }
}

/**
 * Reads a classic dashboard's JSON.
 *
 * @throws SchemaError for a v2 dashboard, an unknown schemaVersion, and for what is no dashboard at all
 */
export function loadDashboard(json: unknown): Dashboard {
  if (!isObject(json)) {
    throw new SchemaError('This is no dashboard: its JSON is not an object.');
  }
  refuse(json);
  let highest = Math.max(0, ...objects(json.panels).map((panel) => Number(panel.id) || 0));
  const nextId = () => ++highest;
  const time = isObject(json.time) ? json.time : {};
  return {
    uid: text(json.uid),
    title: text(json.title, 'Untitled'),
    description: text(json.description),
    schemaVersion: json.schemaVersion as number,
    tags: Array.isArray(json.tags) ? json.tags.map(String) : [],
    panels: objects(json.panels).map((panel) => loadPanel(panel, nextId)),
    templating: {
      list: (isObject(json.templating) ? objects(json.templating.list) : []).filter((v) => text(v.name)) as unknown as VariableDef[],
    },
    annotations: { list: (isObject(json.annotations) ? objects(json.annotations.list) : []) as unknown as AnnotationDef[] },
    links: objects(json.links) as DashboardLink[],
    time: { from: String(time.from ?? 'now-6h'), to: String(time.to ?? 'now') },
    timezone: text(json.timezone) || 'browser',
    weekStart: text(json.weekStart),
    refresh: typeof json.refresh === 'string' ? json.refresh : '',
    graphTooltip: Number(json.graphTooltip ?? 0),
    timepicker: (isObject(json.timepicker) ? json.timepicker : {}) as Dashboard['timepicker'],
    fiscalYearStartMonth: Number(json.fiscalYearStartMonth ?? 0),
  };
}
