import type { DisplayValue } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement, type VizLegendOptions } from '@grafana/schema';
import { VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import type { ReactElement, ReactNode } from 'react';

export interface LegendEntry {
  label: string;
  color: string;
  values?: DisplayValue[];
  disabled?: boolean;
}

/** Lays a drawing and the legend of its parts out as the panel's options say. */
export function WithLegend(props: {
  width: number;
  height: number;
  options: Record<string, unknown>;
  entries: LegendEntry[];
  onToggle?: (label: string) => void;
  /** Whether the legend shows where the options say nothing. */
  byDefault?: boolean;
  children: (width: number, height: number) => ReactNode;
}) {
  const { width, height, entries, onToggle, children } = props;
  const asked = (props.options.legend ?? {}) as Partial<VizLegendOptions>;
  const placement = (asked.placement === 'right' && width > 360 ? 'right' : 'bottom') as LegendPlacement;
  const shown = (asked.showLegend ?? props.byDefault ?? true) && height > 90 && entries.length > 0;
  const items = entries.map(
    (entry): VizLegendItem => ({ label: entry.label, color: entry.color, yAxis: 1, disabled: entry.disabled, getDisplayValues: () => entry.values ?? [] }),
  );
  const legend: ReactElement<never> | null = shown
    ? ((
        <VizLayout.Legend placement={placement} maxHeight="40%" maxWidth="60%" width={asked.width}>
          <VizLegend
            items={items}
            placement={placement}
            displayMode={(asked.displayMode ?? LegendDisplayMode.List) as LegendDisplayMode}
            onLabelClick={onToggle ? (item) => onToggle(item.label) : undefined}
            isSortable={true}
          />
        </VizLayout.Legend>
      ) as ReactElement<never>)
    : null;
  return (
    <VizLayout width={width} height={height} legend={legend}>
      {(w, h) => children(w, h)}
    </VizLayout>
  );
}
