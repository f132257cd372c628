import { VizTooltipContainer, VizTooltipContent, VizTooltipHeader, type VizTooltipItem, VizTooltipWrapper, Portal } from '@grafana/ui';
import { type MouseEvent, useState } from 'react';

export interface Hovered {
  x: number;
  y: number;
  title: string;
  items: VizTooltipItem[];
}

/** A tooltip that follows the pointer, for panels that are drawn in SVG or HTML. */
export function useHover() {
  const [hovered, setHovered] = useState<Hovered>();
  const show = (event: MouseEvent, title: string, items: VizTooltipItem[]) => setHovered({ x: event.clientX, y: event.clientY, title, items });
  const tooltip = hovered && (
    <Portal>
      <VizTooltipContainer position={{ x: hovered.x, y: hovered.y }} offset={{ x: 12, y: 12 }}>
        <VizTooltipWrapper>
          <VizTooltipHeader item={{ label: hovered.title, value: '' }} />
          {hovered.items.length > 0 && <VizTooltipContent items={hovered.items} />}
        </VizTooltipWrapper>
      </VizTooltipContainer>
    </Portal>
  );
  return { show, hide: () => setHovered(undefined), tooltip };
}
