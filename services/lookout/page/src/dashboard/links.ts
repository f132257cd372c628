import { textUtil } from '@grafana/data';
import { interpolate } from '../variables/interpolate';
import { variableParams } from '../variables/scope';
import type { Scope, VariableMap } from '../variables/types';
import type { DashboardLink } from './model';

export interface ShownLink {
  key: string;
  title: string;
  href: string;
  tooltip: string;
  blank: boolean;
  icon: string;
}

/** Adds a dashboard's time range and variables to an address, where a link asks for them. */
export function withContext(href: string, link: DashboardLink, range: { from: string; to: string }, variables: VariableMap): string {
  const pairs: Array<[string, string]> = [];
  if (link.keepTime) {
    pairs.push(['from', range.from], ['to', range.to]);
  }
  if (link.includeVars) {
    pairs.push(...variableParams(variables));
  }
  if (pairs.length === 0) {
    return href;
  }
  const [before = '', hash] = href.split('#', 2);
  const [path = '', query = ''] = before.split('?', 2);
  const params = new URLSearchParams(query);
  for (const name of new Set(pairs.map(([each]) => each))) {
    params.delete(name);
  }
  for (const [name, value] of pairs) {
    params.append(name, value);
  }
  return `${path}?${params.toString()}${hash === undefined ? '' : `#${hash}`}`;
}

/** A link as it is shown: its texts filled in, its address one that cannot run script. */
export function showLink(link: DashboardLink, key: string, scope: Scope, range: { from: string; to: string }, variables: VariableMap): ShownLink {
  const href = interpolate(link.url ?? '', scope, 'uriencode');
  return {
    key,
    title: interpolate(link.title ?? '', scope, 'text'),
    href: textUtil.sanitizeUrl(withContext(href, link, range, variables)),
    tooltip: interpolate(link.tooltip ?? '', scope, 'text'),
    blank: link.targetBlank === true,
    icon: link.icon ?? 'external link',
  };
}
