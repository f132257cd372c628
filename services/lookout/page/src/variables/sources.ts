import type { DataSourceInfo, DataSourceRef, FrontendSettings } from '../api/types';
import { interpolate } from './interpolate';
import type { Scope } from './types';

export const isPrometheus = (type: string) => type === 'prometheus' || type === 'grafana-amazonprometheus-datasource';
export const isCloudWatch = (type: string) => type === 'cloudwatch';
export const isXRay = (type: string) => type === 'grafana-x-ray-datasource';
/** Grafana's names for several data sources in one panel, another panel's data, and its own. */
const special = new Set(['-- Mixed --', '-- Dashboard --', '-- Grafana --', 'grafana']);
export const isSpecial = (uid: string | undefined) => uid !== undefined && special.has(uid);

/** Finds data sources by uid or name, with variables in the reference replaced. */
export class Sources {
  private readonly all: DataSourceInfo[];

  constructor(settings: FrontendSettings) {
    this.all = Object.entries(settings.datasources ?? {})
      .map(([name, info]) => ({ ...info, name: info.name ?? name }))
      .filter((info) => !isSpecial(info.name));
    this.fallback = settings.defaultDatasource;
  }

  private readonly fallback: string | undefined;

  list(type?: string): DataSourceInfo[] {
    return this.all
      .filter((info) => !type || info.type === type || (type === 'prometheus' && isPrometheus(info.type)))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  default(): DataSourceInfo | undefined {
    return this.all.find((info) => info.isDefault) ?? this.all.find((info) => info.name === this.fallback);
  }

  /** @throws Error that names what was asked for, where no such data source is there */
  find(reference: DataSourceRef | string | null | undefined, scope: Scope): DataSourceInfo {
    const asked = typeof reference === 'string' ? reference : (reference?.uid ?? '');
    const uid = interpolate(asked, scope, 'raw');
    const type = typeof reference === 'object' ? reference?.type : undefined;
    const found =
      uid === '' || uid === 'default'
        ? ((uid === '' && type ? this.list(type)[0] : undefined) ?? this.default())
        : (this.all.find((info) => info.uid === uid) ?? this.all.find((info) => info.name === uid));
    if (!found) {
      throw new Error(
        uid === '' || uid === 'default'
          ? 'There is no default data source.'
          : `There is no data source ${uid}${type ? ` of type ${type}` : ''}.`,
      );
    }
    return found;
  }
}
