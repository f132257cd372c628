import { getResource } from '../api/calls';
import type { DataSourceInfo } from '../api/types';
import type { Option } from './types';

type Query = Record<string, unknown>;

/** Turns the older text form, such as `dimension_values(us-east-1, AWS/EC2, CPUUtilization, InstanceId)`, into the query's object. */
export function parseCloudWatchQuery(query: unknown): Query {
  if (typeof query !== 'string') {
    return (query ?? {}) as Query;
  }
  const call = /^(\w+)\((.*)\)\s*$/s.exec(query.trim());
  if (!call) {
    throw new Error(`CloudWatch has no variable query ${query}.`);
  }
  const braces = (call[2] ?? '').indexOf('{');
  const plain = braces < 0 ? (call[2] ?? '') : (call[2] ?? '').slice(0, braces);
  const [a, b, c, d] = plain.split(',').map((part) => part.trim());
  const filters: unknown = braces < 0 ? undefined : JSON.parse((call[2] ?? '').slice(braces));
  switch (call[1]) {
    case 'regions':
      return { queryType: 'regions' };
    case 'namespaces':
      return { queryType: 'namespaces' };
    case 'metrics':
      return { queryType: 'metrics', namespace: a, region: b };
    case 'dimension_keys':
      return { queryType: 'dimensionKeys', namespace: a, region: b };
    case 'dimension_values':
      return { queryType: 'dimensionValues', region: a, namespace: b, metricName: c, dimensionKey: d, dimensionFilters: filters };
    default:
      throw new Error(`CloudWatch has no variable query ${call[1]}.`);
  }
}

const paths: Record<string, string> = {
  regions: 'regions',
  namespaces: 'namespaces',
  metrics: 'metrics',
  dimensionKeys: 'dimension-keys',
  dimensionValues: 'dimension-values',
  logGroups: 'log-groups',
};

type Item = { value?: unknown; text?: unknown; label?: unknown; name?: unknown } | string;

/** A resource answers with names, `{text, value}`, or `{value: {name, arn}}`, by kind and version; a log group's value is its ARN. */
export function toOption(item: Item): Option {
  if (typeof item === 'string') {
    return { text: item, value: item };
  }
  const inner = (item.value ?? item.name) as unknown;
  const { name, arn } = inner && typeof inner === 'object' ? (inner as { name?: unknown; arn?: unknown }) : { name: inner };
  return { value: String(arn ?? name ?? ''), text: String(item.text ?? item.label ?? name ?? arn ?? '') };
}

/** Options that a query variable has from CloudWatch: regions, namespaces, metrics, dimensions, log groups. */
export async function cloudWatchOptions(source: DataSourceInfo, asked: unknown): Promise<Option[]> {
  const query = parseCloudWatchQuery(asked);
  const kind = String(query.queryType ?? '');
  const path = paths[kind];
  if (!path) {
    throw new Error(`A CloudWatch variable of kind "${kind}" is not supported here.`);
  }
  const filters = query.dimensionFilters;
  const region = String(query.region || 'default');
  const items = await getResource<Item[]>(source.uid, path, {
    region,
    namespace: (query.namespace as string | undefined) || undefined,
    metricName: (query.metricName as string | undefined) || undefined,
    dimensionKey: (query.dimensionKey as string | undefined) || undefined,
    dimensionFilters: filters && Object.keys(filters).length > 0 ? JSON.stringify(filters) : undefined,
    logGroupNamePrefix: kind === 'logGroups' ? ((query.logGroupPrefix as string | undefined) ?? undefined) : undefined,
  });
  return (items ?? []).map((item) => {
    const option = toOption(item);
    // A metric is known by its name; its text may name the namespace too.
    return kind === 'metrics' ? { value: option.value, text: option.value } : option;
  });
}
