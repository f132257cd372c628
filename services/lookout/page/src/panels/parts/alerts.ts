import type { AlertInstance, AlertRule, RuleGroups } from '../../api/types';

/** One alert rule with its firing and pending instances, as the list shows it. */
export interface ListedAlert {
  key: string;
  name: string;
  folder: string;
  group: string;
  state: AlertState;
  since?: number;
  instances: AlertInstance[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  error?: string;
}

export type AlertState = 'firing' | 'pending' | 'nodata' | 'error' | 'normal';

export interface ListOptions {
  stateFilter?: { firing?: boolean; pending?: boolean; noData?: boolean; normal?: boolean; error?: boolean; inactive?: boolean; recovering?: boolean };
  alertName?: string;
  alertInstanceLabelFilter?: string;
  folder?: { title?: string } | null;
  maxItems?: number;
  sortOrder?: number;
  viewMode?: 'list' | 'stat';
  groupMode?: 'default' | 'custom';
  showInstances?: boolean;
}

const rank: AlertState[] = ['firing', 'error', 'pending', 'nodata', 'normal'];

/** Grafana's words for a state, `Alerting (NoData)` among them, as one of a few. */
export function stateOf(text: string | undefined): AlertState {
  const word = (text ?? '').toLowerCase();
  if (word.includes('nodata')) {
    return 'nodata';
  }
  if (word.includes('error')) {
    return 'error';
  }
  if (word.startsWith('alerting') || word === 'firing') {
    return 'firing';
  }
  return word.startsWith('pending') ? 'pending' : 'normal';
}

/** Matches labels against Grafana's filter text, such as `{severity="page", team=~"a|b"}`. */
export function labelFilter(text: string | undefined): (labels: Record<string, string>) => boolean {
  const tests = [...(text ?? '').matchAll(/([\w.:-]+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)].map(([, name = '', operator = '=', value = '']) => {
    const regex = operator.includes('~') ? new RegExp(`^(?:${value})$`) : undefined;
    return (labels: Record<string, string>) => {
      const own = labels[name] ?? '';
      return (regex ? regex.test(own) : own === value) !== operator.startsWith('!');
    };
  });
  return (labels) => tests.every((test) => test(labels));
}

function wanted(state: AlertState, filter: ListOptions['stateFilter']): boolean {
  if (!filter) {
    return state !== 'normal';
  }
  const by: Record<AlertState, boolean | undefined> = {
    firing: filter.firing,
    pending: filter.pending,
    nodata: filter.noData,
    error: filter.error,
    normal: filter.normal ?? filter.inactive,
  };
  return by[state] === true;
}

function listed(rule: AlertRule, folder: string, group: string): ListedAlert {
  const instances = rule.alerts ?? [];
  const state = stateOf(rule.state === 'inactive' && rule.health === 'error' ? 'error' : rule.health === 'nodata' && rule.state !== 'firing' ? 'nodata' : rule.state);
  const times = instances.map((one) => Date.parse(one.activeAt ?? '')).filter((time) => time > 0);
  const active = Date.parse(rule.activeAt ?? '');
  return {
    key: `${folder}/${group}/${rule.name}`,
    name: rule.name,
    folder,
    group,
    state,
    since: times.length > 0 ? Math.min(...times) : active > 0 ? active : undefined,
    instances,
    labels: rule.labels ?? {},
    annotations: rule.annotations ?? {},
    error: rule.health === 'error' ? 'The rule could not be evaluated.' : undefined,
  };
}

/** The alerts that a panel lists, of the answers of one or more rulers. */
export function listAlerts(answers: RuleGroups[], options: ListOptions): ListedAlert[] {
  const byLabels = labelFilter(options.alertInstanceLabelFilter);
  const filtered = Boolean(options.alertInstanceLabelFilter?.trim());
  const all = answers
    .flatMap((answer) => answer.data?.groups ?? [])
    .flatMap((group) => group.rules.filter((rule) => rule.type === 'alerting').map((rule) => listed(rule, group.file, group.name)))
    .map((alert) => ({ ...alert, instances: alert.instances.filter((one) => byLabels({ ...alert.labels, ...one.labels })) }))
    .filter((alert) => !filtered || alert.instances.length > 0 || (alert.state === 'normal' && byLabels(alert.labels)))
    .filter((alert) => wanted(alert.state, options.stateFilter))
    .filter((alert) => !options.alertName || alert.name.toLowerCase().includes(options.alertName.toLowerCase()))
    .filter((alert) => !options.folder?.title || alert.folder === options.folder.title);
  const byImportance = (a: ListedAlert, b: ListedAlert) => rank.indexOf(a.state) - rank.indexOf(b.state) || a.name.localeCompare(b.name);
  const orders: Record<number, (a: ListedAlert, b: ListedAlert) => number> = {
    1: (a, b) => a.name.localeCompare(b.name),
    2: (a, b) => b.name.localeCompare(a.name),
    3: byImportance,
    4: (a, b) => (a.since ?? 0) - (b.since ?? 0),
    5: (a, b) => (b.since ?? 0) - (a.since ?? 0),
  };
  return all.sort(orders[options.sortOrder ?? 3] ?? byImportance).slice(0, options.maxItems || 1000);
}
