import type { DataFrame, TimeRange } from '@grafana/data';
import { useEffect, useMemo, useRef, useState } from 'react';
import { runQueries } from '../api/calls';
import { autoIntervals, followAuto, globalScope } from '../variables/builtin';
import { referencedNames } from '../variables/interpolate';
import { variableScope } from '../variables/scope';
import { chain, type Scope, scopeOf } from '../variables/types';
import { type DashboardState, useDashboard } from './context';
import { hasRows, readAnswer } from './frames';
import { interpolator } from './macros';
import type { Panel } from './model';
import { transform } from './process';
import { buildRequest } from './request';
import type { PanelInstance } from './sections';
import { panelRange } from './time';

export type DataState = 'loading' | 'done' | 'error' | 'empty';

export interface PanelData {
  state: DataState;
  /** Data are on their way, while older ones may still be shown. */
  busy: boolean;
  frames: DataFrame[];
  exemplars: DataFrame[];
  error?: string;
  notices: string[];
  /** How many series came, where those are too many to look at all; else 0. */
  total: number;
  range: TimeRange;
}

/** Panels that ask for nothing, or ask by themselves. */
const withoutQueries = new Set(['text', 'alertlist', 'row']);

/** The names that a panel's text and queries can use: repeated values first, then the dashboard's variables, then Grafana's own. */
export function panelScope(state: DashboardState, instance: PanelInstance, range: TimeRange): Scope {
  const { dashboard, variables, timeZone } = state;
  const own = variableScope(variables);
  const auto = autoIntervals(variables, range);
  const repeated: Scope = (name, field) => {
    const binding = scopeOf(instance.bindings)(name);
    return binding && field === 'text' ? { value: binding.text ?? '', verbatim: true } : binding;
  };
  return chain(repeated, followAuto(own, auto), globalScope({ range, timeZone, uid: dashboard.uid, title: dashboard.title, variables }));
}

const asking = (panel: Panel) => !withoutQueries.has(panel.type) && (panel.targets ?? []).length > 0;

/** Names of the variables that a panel's data depend on. */
const namesIn = (panel: Panel): string[] => [
  ...referencedNames([
    panel.targets,
    panel.datasource,
    panel.interval,
    panel.transformations,
    panel.fieldConfig,
    panel.options,
    panel.title,
  ]),
];

/** A short word for what failed; a proxy's page of HTML says nothing. */
const plain = (text: string) => (text.trim().startsWith('<') ? 'The data source answered with a page instead of data.' : text);

/** The data of one panel, asked for in one request and anew on every refresh. */
export function usePanelData(instance: PanelInstance, width: number): { data: PanelData; scope: Scope; shownScope: Scope; note?: string } {
  const state = useDashboard();
  const { panel } = instance;
  const timed = useMemo(
    () => panelRange(state.range, panel.timeFrom, panel.timeShift, state.timeZone),
    [state.range, panel.timeFrom, panel.timeShift, state.timeZone],
  );
  const { dashboard, variables, timeZone, waiting } = state;
  const scope = useMemo(() => panelScope(state, instance, timed.range), [dashboard, variables, timeZone, instance.bindings, timed.range]);
  const asks = asking(panel);
  const [data, setData] = useState<PanelData>({
    state: asks ? 'loading' : withoutQueries.has(panel.type) ? 'done' : 'empty',
    busy: asks,
    frames: [],
    exemplars: [],
    notices: [],
    total: 0,
    range: timed.range,
  });
  const latest = useRef({ scope, range: timed.range });
  latest.current = { scope, range: timed.range };
  // A few pixels more or less ask for the same: a request is made anew only where the number of points would differ much.
  const points = Math.max(100, Math.ceil(width / 100) * 100);
  const used = useMemo(() => namesIn(panel), [panel]);
  const waits = waiting.size > 0 && used.some((name) => waiting.has(name) || name.startsWith('__auto_interval_'));
  const ready = width > 0 && asks && !waits;
  const built = useMemo(
    () => (ready ? buildRequest(panel, state.sources, scope, timed.range, points) : undefined),
    [ready, panel, state.sources, scope, timed.range, points],
  );
  const queryKey = built ? JSON.stringify([built.request, [...built.errors]]) : undefined;
  useEffect(() => {
    if (!ready || !built) {
      if (asks) {
        setData((before) => (before.busy ? before : { ...before, busy: true, state: before.frames.length > 0 ? before.state : 'loading' }));
      }
      return;
    }
    const stop = new AbortController();
    const { range } = latest.current;
    const finish = (made: Omit<PanelData, 'busy' | 'range'>) => {
      if (!stop.signal.aborted) {
        setData({ ...made, busy: false, range });
      }
    };
    const run = async () => {
      if (!built.request) {
        const error = [...built.errors.values()][0];
        finish({ state: error ? 'error' : 'empty', frames: [], exemplars: [], error, notices: [], total: 0 });
        return;
      }
      setData((before) => ({
        ...before,
        busy: true,
        state: before.frames.length > 0 || before.state === 'empty' ? before.state : 'loading',
      }));
      try {
        const response = await runQueries(built.request, stop.signal);
        if (!response?.results && response?.message) {
          throw new Error(response.message);
        }
        const answer = readAnswer(
          response,
          built.request.queries.filter((query) => !query.hide).map((query) => query.refId),
          built.formats,
        );
        const made = await transform(panel, answer.frames, interpolator(latest.current.scope));
        const errors = [...built.errors, ...answer.errors].map(([, text]) => plain(text));
        const error = errors.length > 0 ? [...new Set(errors)].join('\n') : undefined;
        finish({
          state: error ? 'error' : hasRows(made.frames) ? 'done' : 'empty',
          frames: made.frames,
          exemplars: answer.exemplars,
          error,
          notices: [...new Set([...answer.notices, ...made.notices])],
          total: answer.total,
        });
      } catch (error) {
        finish({
          state: 'error',
          frames: [],
          exemplars: [],
          error: plain(error instanceof Error ? error.message : String(error)),
          notices: [],
          total: 0,
        });
      }
    };
    void run();
    return () => stop.abort();
  }, [ready, queryKey, state.tick]);
  // What is drawn speaks of the range that its data are of, also while newer ones are on their way.
  const shownScope = useMemo(
    () => (asks && data.range !== timed.range ? panelScope(state, instance, data.range) : scope),
    [dashboard, variables, timeZone, instance.bindings, asks && data.range !== timed.range ? data.range : scope],
  );
  return { data, scope, shownScope, note: panel.hideTimeOverride ? undefined : timed.note };
}
