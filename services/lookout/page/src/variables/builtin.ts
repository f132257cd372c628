import { rangeUtil, type TimeRange } from '@grafana/data';
import { chain, type Scope, scopeOf, type VariableMap } from './types';
import { variableParams } from './scope';

/** Asking the browser takes a millisecond. */
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const encode = (pairs: Array<[string, string]>) =>
  pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');

/** Grafana's global variables, of the time range and of the dashboard. */
export function globalScope(options: { range: TimeRange; timeZone: string; uid: string; title: string; variables?: VariableMap }): Scope {
  const { range } = options;
  const from = range.from.valueOf();
  const to = range.to.valueOf();
  const seconds = Math.round((to - from) / 1000);
  const raw: Array<[string, string]> = [
    ['from', typeof range.raw.from === 'string' ? range.raw.from : String(from)],
    ['to', typeof range.raw.to === 'string' ? range.raw.to : String(to)],
  ];
  return scopeOf({
    __from: { value: String(from), verbatim: true },
    __to: { value: String(to), verbatim: true },
    __range: `${seconds}s`,
    __range_s: String(seconds),
    __range_ms: String(to - from),
    __timezone: options.timeZone === 'browser' ? browserZone : options.timeZone,
    __dashboard: { value: options.title, text: options.title, verbatim: true },
    __org: { value: '1', verbatim: true },
    __user: { value: '', verbatim: true },
    __url_time_range: encode(raw),
    __all_variables: options.variables ? encode(variableParams(options.variables)) : undefined,
    timeFilter: `time >= ${from}ms and time <= ${to}ms`,
    __timeFilter: `time >= ${from}ms and time <= ${to}ms`,
  });
}

/** How fine a query's data should be, in milliseconds and in Prometheus' writing. */
export interface Step {
  interval: string;
  intervalMs: number;
}

/** The step that gives at most `points` points over the range, and no finer than `low` (such as `15s` or `>15s`). */
export function stepOf(range: TimeRange, points: number, low?: string): Step {
  const made = rangeUtil.calculateInterval(range, Math.max(1, points), low ? low.replace(/^>/, '') : undefined);
  return { interval: made.interval, intervalMs: made.intervalMs };
}

const inSeconds = (ms: number) => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/**
 * Step variables: `$__interval` and, for Prometheus, `$__rate_interval` = max($__interval + scrape interval, 4 × scrape interval).
 * Source: https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
 */
export function stepScope(step: Step, scrapeMs: number): Scope {
  const rate = Math.max(step.intervalMs + scrapeMs, 4 * scrapeMs);
  return scopeOf({
    __interval: step.interval,
    __interval_ms: String(step.intervalMs),
    __rate_interval: inSeconds(rate),
    __rate_interval_ms: String(rate),
  });
}

/** `$__auto_interval_<name>`: the range cut into as many steps as the variable says, but no finer than its least. */
export function autoIntervals(variables: VariableMap, range: TimeRange): Scope {
  return (name) => {
    const state = name.startsWith('__auto_interval_') ? variables.get(name.slice('__auto_interval_'.length)) : undefined;
    if (!state) {
      return undefined;
    }
    const step = stepOf(range, state.def.auto_count ?? 30, state.def.auto_min ?? '10s');
    return { value: step.interval, verbatim: true };
  };
}

/** An interval variable set to `auto` has a reference for its value: this looks one step further. */
export function followAuto(scope: Scope, auto: Scope): Scope {
  return chain((name, field) => {
    const found = scope(name, field);
    const value = typeof found?.value === 'string' ? found.value : '';
    return value.startsWith('$__auto_interval_') ? auto(value.slice(1)) : found;
  }, auto);
}
