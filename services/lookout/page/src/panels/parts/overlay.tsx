import type { UPlotConfigBuilder } from '@grafana/ui';
import { type ReactNode, useLayoutEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import type uPlot from 'uplot';

/** Draws React elements over a plot's area; `children` is called again after every draw of the plot. */
export function Overlay({ config, children }: { config: UPlotConfigBuilder; children: (u: uPlot) => ReactNode }) {
  const [plot, setPlot] = useState<uPlot>();
  const [, setDraws] = useState(0);
  useLayoutEffect(() => {
    let live = true;
    setPlot(undefined);
    config.addHook('ready', (u) => live && setPlot(u));
    // Only what moves marks counts: the scales' ends and the size of the plot.
    let before = '';
    config.addHook('draw', (u) => {
      const scales = Object.values(u.scales).map((scale) => [scale.min, scale.max]);
      const now = JSON.stringify([scales, u.over.clientWidth, u.over.clientHeight]);
      if (live && now !== before) {
        before = now;
        queueMicrotask(() => live && setDraws((n) => n + 1));
      }
    });
    return () => {
      live = false;
    };
  }, [config]);
  return plot ? createPortal(children(plot), plot.over) : null;
}

/** Keeps the plot from taking a press on a mark for the start of a zoom or the pinning of its tooltip. */
export function own(element: HTMLElement | null): void {
  for (const type of ['mousedown', 'mouseup']) {
    element?.addEventListener(type, (event) => event.stopPropagation());
  }
}
