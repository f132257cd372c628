import type { DataFrame, GrafanaTheme2, InterpolateFunction, TimeRange } from '@grafana/data';
import type { ComponentType } from 'react';
import type { Panel } from '../dashboard/model';

/** What a panel draws from: frames have their field options applied. */
export interface PanelProps {
  panel: Panel;
  options: Record<string, unknown>;
  frames: DataFrame[];
  exemplars: DataFrame[];
  width: number;
  height: number;
  range: TimeRange;
  timeZone: string;
  theme: GrafanaTheme2;
  replace: InterpolateFunction;
}

export interface PanelKind {
  load: () => Promise<{ default: ComponentType<PanelProps> }>;
  /** Colour mode of fields where the dashboard names none. */
  colorMode?: string;
  /** At most this many series are drawn; the rest is said. */
  most?: number;
  padding?: 'none' | 'md';
  /** Draws without data of its own queries. */
  alone?: boolean;
}
