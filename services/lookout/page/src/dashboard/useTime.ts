import { rangeUtil, type TimeRange } from '@grafana/data';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { setParams, usePlace } from '../app/location';
import type { Dashboard } from './model';
import { makeRange } from './time';

export interface TimeState {
  range: TimeRange;
  /** The range as the address writes it. */
  rangeKey: string;
  timeZone: string;
  refresh: string;
  tick: number;
  refreshNow: () => void;
  setRange: (from: string | number, to: string | number) => void;
}

/** No dashboard asks for data more often than this, in milliseconds. */
const LEAST = 1000;

/** What an address asks for, else the dashboard. */
export function askedTime(params: URLSearchParams, dashboard: Dashboard): { from: string; to: string; timeZone: string; rangeKey: string } {
  const from = params.get('from') ?? dashboard.time.from;
  const to = params.get('to') ?? dashboard.time.to;
  const timeZone = params.get('timezone') || params.get('tz') || dashboard.timezone;
  return { from, to, timeZone, rangeKey: `${from} ${to}` };
}

/** The dashboard's time range, time zone and refresh: the address', else the dashboard's own. A hidden page does not refresh. */
export function useTime(dashboard: Dashboard): TimeState {
  const { params } = usePlace();
  const { from, to, timeZone, rangeKey } = askedTime(params, dashboard);
  const refresh = params.get('refresh') ?? (dashboard.refresh || '');
  const [tick, setTick] = useState(0);
  const refreshNow = useCallback(() => setTick((n) => n + 1), []);
  const range = useMemo(() => makeRange(from, to, timeZone), [from, to, timeZone, tick]);
  useEffect(() => {
    let ms: number;
    try {
      ms = refresh ? rangeUtil.intervalToMs(refresh) : 0;
    } catch {
      ms = 0;
    }
    if (ms <= 0) {
      return;
    }
    const timer = setInterval(() => document.visibilityState === 'visible' && refreshNow(), Math.max(LEAST, ms));
    return () => clearInterval(timer);
  }, [refresh, refreshNow]);
  const setRange = useCallback((start: string | number, end: string | number) => setParams({ from: String(start), to: String(end) }), []);
  return { range, rangeKey, timeZone, refresh, tick, refreshNow, setRange };
}
