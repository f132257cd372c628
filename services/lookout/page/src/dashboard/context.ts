import type { EventBus, TimeRange } from '@grafana/data';
import { createContext, useContext } from 'react';
import type { Scope, VariableMap } from '../variables/types';
import type { Sources } from '../variables/sources';
import type { AnnotationEvent } from './annotations';
import type { Dashboard } from './model';

/** What every panel of a dashboard shares. */
export interface DashboardState {
  dashboard: Dashboard;
  sources: Sources;
  variables: VariableMap;
  /** Names of the variables that panels have to wait for. */
  waiting: ReadonlySet<string>;
  scope: Scope;
  range: TimeRange;
  timeZone: string;
  /** Counts refreshes: data are asked for anew when it changes. */
  tick: number;
  annotations: AnnotationEvent[];
  eventBus: EventBus;
  /** Everything is drawn at once, for pictures; otherwise a panel waits until it is scrolled to. */
  eager: boolean;
  setRange: (from: string | number, to: string | number) => void;
  /** Opens a trace beside the dashboard. */
  openTrace: (sourceUid: string, traceId: string) => void;
  report: (key: string, state: string | undefined) => void;
  /** The panel under the pointer, which a key opens. */
  hovered: { get: () => string | undefined; set: (key: string | undefined) => void };
}

export const DashboardContext = createContext<DashboardState | undefined>(undefined);

export function useDashboard(): DashboardState {
  const state = useContext(DashboardContext);
  if (!state) {
    throw new Error('useDashboard is used outside of a dashboard.');
  }
  return state;
}
