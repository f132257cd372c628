import type { EventBus, TimeRange } from '@grafana/data';
import { type Context, createContext, useContext } from 'react';
import type { Scope, VariableMap } from '../variables/types';
import type { Sources } from '../variables/sources';
import type { AnnotationEvent } from './annotations';
import type { Dashboard } from './model';

/** What every panel of a dashboard shares and what stays as it is while time passes: whoever asks for it alone is not drawn anew. */
export interface DashboardTools {
  dashboard: Dashboard;
  sources: Sources;
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

/** What every panel of a dashboard shares. */
export interface DashboardState extends DashboardTools {
  variables: VariableMap;
  /** Names of the variables that panels have to wait for. */
  waiting: ReadonlySet<string>;
  scope: Scope;
  range: TimeRange;
  timeZone: string;
  /** Counts refreshes: data are asked for anew when it changes. */
  tick: number;
}

export const ToolsContext = createContext<DashboardTools | undefined>(undefined);
export const DashboardContext = createContext<DashboardState | undefined>(undefined);
export const AnnotationsContext = createContext<AnnotationEvent[]>([]);

function useWithin<T>(context: Context<T | undefined>): T {
  const value = useContext(context);
  if (!value) {
    throw new Error('This is used outside of a dashboard.');
  }
  return value;
}

export const useTools = (): DashboardTools => useWithin(ToolsContext);
export const useDashboard = (): DashboardState => useWithin(DashboardContext);
