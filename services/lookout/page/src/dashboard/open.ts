import { type DashboardAnswer, getDashboard, getSettings } from '../api/calls';
import { kindOf } from '../panels/kinds';
import { resolveVariables } from '../variables/resolve';
import { Sources } from '../variables/sources';
import type { Option } from '../variables/types';
import { environmentOf } from '../variables/useVariables';
import { loadDashboard } from './load';
import type { Dashboard } from './model';
import { makeRange } from './time';
import { askedTime } from './useTime';

/** A dashboard with what it is shown with. */
export interface Opened {
  dashboard: Dashboard;
  sources: Sources;
  meta: DashboardAnswer['meta'];
  /** What data sources answered, or will, to its variables. */
  options: Map<string, Promise<Option[]>>;
}

/** Asks for the options of a dashboard's variables, as its view is going to. */
function askForOptions(dashboard: Dashboard, sources: Sources): Map<string, Promise<Option[]>> {
  const options = new Map<string, Promise<Option[]>>();
  const params = new URLSearchParams(window.location.search);
  const { from, to, timeZone, rangeKey } = askedTime(params, dashboard);
  const about = { uid: dashboard.uid, title: dashboard.title, timeZone };
  const environment = environmentOf(sources, makeRange(from, to, timeZone), rangeKey, about, options);
  const asked = (name: string) => (params.has(`var-${name}`) ? params.getAll(`var-${name}`) : undefined);
  void resolveVariables(dashboard.templating.list, asked, environment, () => undefined);
  return options;
}

async function open(uid: string): Promise<Opened> {
  const [answer, settings] = await Promise.all([getDashboard(uid), getSettings()]);
  const dashboard = { ...loadDashboard(answer.dashboard), uid };
  const sources = new Sources(settings);
  const options = askForOptions(dashboard, sources);
  for (const type of new Set(dashboard.panels.map((panel) => panel.type))) {
    // A panel whose code does not come says so itself.
    kindOf(type)
      ?.load()
      .catch(() => undefined);
  }
  return { dashboard, sources, meta: answer.meta ?? {}, options };
}

let early: { uid: string; opened: Promise<Opened> } | undefined;

/** Opens a dashboard before there is a page to show it: while that is drawn, its data are on their way. */
export function openEarly(uid: string): void {
  const opened = open(uid);
  // Whoever takes it sees its failure; one that nobody takes is nobody's.
  opened.catch(() => undefined);
  early = { uid, opened };
}

/**
 * Loads a dashboard, and begins to fetch what its view needs.
 *
 * @throws SchemaError for a dashboard that cannot be shown, ApiError for one that cannot be had
 */
export function openDashboard(uid: string): Promise<Opened> {
  const taken = early?.uid === uid ? early.opened : undefined;
  early = undefined;
  return taken ?? open(uid);
}
