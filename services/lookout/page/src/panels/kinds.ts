import { lazy, memo } from 'react';
import { MOST_SERIES } from '../dashboard/process';
import StatPanel from './stat';
import TimeSeriesPanel from './timeseries';
import type { PanelKind } from './types';

const series = { colorMode: 'palette-classic', most: MOST_SERIES };

/** The panel types that are drawn here. Any other shows its name. Those that are on every dashboard are there at once. */
export const kinds: Record<string, PanelKind> = {
  timeseries: { ...series, load: async () => ({ default: TimeSeriesPanel }) },
  stat: { load: async () => ({ default: StatPanel }), most: MOST_SERIES },
  gauge: { load: () => import('./gauge'), most: MOST_SERIES },
  bargauge: { load: () => import('./bargauge'), most: MOST_SERIES },
  barchart: { ...series, load: () => import('./barchart') },
  piechart: { ...series, load: () => import('./piechart') },
  table: { load: () => import('./table'), padding: 'none' },
  heatmap: { load: () => import('./heatmap'), most: MOST_SERIES },
  'state-timeline': { load: () => import('./state-timeline'), colorMode: 'continuous-GrYlRd', most: MOST_SERIES },
  logs: { load: () => import('./logs'), padding: 'none' },
  text: { load: () => import('./text'), alone: true },
  alertlist: { load: () => import('./alertlist'), alone: true, padding: 'none' },
  traces: { load: () => import('./traces'), padding: 'none' },
  nodeGraph: { load: () => import('./nodeGraph'), padding: 'none' },
};

export const kindOf = (type: string): PanelKind | undefined => (Object.hasOwn(kinds, type) ? kinds[type] : undefined);

/** Each kind's component, its code loaded when the first panel of the kind is drawn; drawn anew only with other data. */
export const components = Object.fromEntries(Object.entries(kinds).map(([type, kind]) => [type, memo(lazy(kind.load))]));
