import type { Binding } from '../variables/types';
import type { GridPos, Panel } from './model';

/** A panel as it is shown: a repeated one comes once per value, each with that value bound. */
export interface PanelInstance {
  key: string;
  panel: Panel;
  bindings: Record<string, Binding>;
  gridPos: GridPos;
}

/** A row with its panels; the panels above the first row are a section without one. */
export interface Section {
  key: string;
  row?: Panel;
  bindings: Record<string, Binding>;
  panels: PanelInstance[];
}

/** The values that a variable stands for now, each with its text; undefined while they are not known. */
export type ValuesOf = (name: string) => Array<{ value: string; text: string }> | undefined;

export const COLUMNS = 24;

interface RawSection {
  row?: Panel;
  panels: Panel[];
}

function split(panels: Panel[]): RawSection[] {
  const sections: RawSection[] = [{ panels: [] }];
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    if (panel.type === 'row') {
      sections.push({ row: panel, panels: [...(panel.panels ?? [])] });
    } else {
      sections.at(-1)?.panels.push(panel);
    }
  }
  return sections.filter((section) => section.row || section.panels.length > 0);
}

const bind = (name: string, one: { value: string; text: string }): Record<string, Binding> => ({
  [name]: { value: one.value, text: one.text, multi: true },
});

function placeRepeats(panel: Panel, at: GridPos, count: number): GridPos[] {
  if (panel.repeatDirection === 'v') {
    return Array.from({ length: count }, (_, i) => ({ ...at, y: at.y + i * at.h }));
  }
  const perRow = Math.min(count, panel.maxPerRow || 4);
  const w = Math.max(1, Math.floor(COLUMNS / perRow));
  return Array.from({ length: count }, (_, i) => ({ x: (i % perRow) * w, y: at.y + Math.floor(i / perRow) * at.h, w, h: at.h }));
}

function repeatPanels(panels: Panel[], top: number, suffix: string, bindings: Record<string, Binding>, valuesOf: ValuesOf): PanelInstance[] {
  const made: PanelInstance[] = [];
  let pushed = 0;
  const pushes: Array<{ below: number; by: number }> = [];
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    pushed = pushes.filter((push) => panel.gridPos.y >= push.below).reduce((sum, push) => sum + push.by, 0);
    const at = { ...panel.gridPos, y: Math.max(0, panel.gridPos.y - top) + pushed };
    const values = panel.repeat ? valuesOf(panel.repeat) : undefined;
    if (!panel.repeat || !values || values.length === 0) {
      made.push({ key: `panel-${panel.id}${suffix}`, panel, bindings, gridPos: at });
      continue;
    }
    const places = placeRepeats(panel, at, values.length);
    values.forEach((one, i) => {
      const key = `panel-${panel.id}${suffix}${i > 0 ? `-clone-${i}` : ''}`;
      made.push({ key, panel, bindings: { ...bindings, ...bind(panel.repeat as string, one) }, gridPos: places[i] as GridPos });
    });
    const bottom = Math.max(...places.map((place) => place.y + place.h));
    pushes.push({ below: panel.gridPos.y + panel.gridPos.h, by: bottom - (at.y + at.h) });
  }
  return made;
}

/** Splits a dashboard into rows and repeats rows and panels by the values of their variables. Places are within a section. */
export function makeSections(panels: Panel[], valuesOf: ValuesOf): Section[] {
  return split(panels).flatMap(({ row, panels: own }, index): Section[] => {
    const key = row ? `row-${row.id}` : `top-${index}`;
    // What a row holds stands below it; without a row, places count from the top panel.
    const top = row && own.length > 0 ? Math.min(...own.map((panel) => panel.gridPos.y)) : 0;
    const values = row?.repeat ? valuesOf(row.repeat) : undefined;
    if (!row?.repeat || !values || values.length === 0) {
      return [{ key, row, bindings: {}, panels: repeatPanels(own, top, '', {}, valuesOf) }];
    }
    return values.map((one, i) => {
      const suffix = i > 0 ? `-row-${i}` : '';
      const bindings = bind(row.repeat as string, one);
      return { key: key + suffix, row, bindings, panels: repeatPanels(own, top, suffix, bindings, valuesOf) };
    });
  });
}
