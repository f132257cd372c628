import type { GridPos } from './model';
import { COLUMNS, type PanelInstance, type Section } from './sections';

/** Pixels: height of a grid row and the gap between panels, as in Grafana. */
export const CELL = 30;
export const GAP = 8;
/** Below this width, in pixels, panels stand one under the other. */
export const NARROW = 769;

export interface Placed {
  key: string;
  kind: 'row' | 'panel';
  section: Section;
  instance?: PanelInstance;
  left: number;
  top: number;
  width: number;
  height: number;
}

const overlap = (a: GridPos, b: GridPos) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Moves panels up into free room, as Grafana's grid does, and down where they would cover one another. */
export function compact<T extends { gridPos: GridPos }>(items: T[]): T[] {
  const placed: T[] = [];
  for (const item of [...items].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    const at = { ...item.gridPos };
    const blocked = () => placed.some((other) => overlap(at, other.gridPos));
    while (blocked()) {
      at.y += 1;
    }
    while (at.y > 0) {
      at.y -= 1;
      if (blocked()) {
        at.y += 1;
        break;
      }
    }
    placed.push({ ...item, gridPos: at });
  }
  return placed;
}

const pixels = (rows: number) => rows * CELL + (rows - 1) * GAP;

function stacked(section: Section, top: number, width: number): { items: Placed[]; bottom: number } {
  let y = top;
  const items = [...section.panels]
    .sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)
    .map((instance): Placed => {
      const height = pixels(instance.gridPos.h);
      const item: Placed = { key: instance.key, kind: 'panel', section, instance, left: 0, top: y, width, height };
      y += height + GAP;
      return item;
    });
  return { items, bottom: y };
}

function gridded(section: Section, top: number, width: number): { items: Placed[]; bottom: number } {
  const column = (width - GAP * (COLUMNS - 1)) / COLUMNS;
  let bottom = top;
  const items = compact(section.panels).map((instance): Placed => {
    const { x, y, w, h } = instance.gridPos;
    const item: Placed = {
      key: instance.key,
      kind: 'panel',
      section,
      instance,
      left: Math.round(x * (column + GAP)),
      top: top + y * (CELL + GAP),
      width: Math.round(w * column + (w - 1) * GAP),
      height: pixels(h),
    };
    bottom = Math.max(bottom, item.top + item.height + GAP);
    return item;
  });
  return { items, bottom };
}

/** Where every row and panel stands, in pixels, in a page `width` pixels wide. */
export function layOut(sections: Section[], collapsed: (section: Section) => boolean, width: number, narrow: boolean): { items: Placed[]; height: number } {
  const items: Placed[] = [];
  let top = 0;
  for (const section of sections) {
    if (section.row) {
      items.push({ key: section.key, kind: 'row', section, left: 0, top, width, height: CELL });
      top += CELL + GAP;
      if (collapsed(section)) {
        continue;
      }
    }
    const part = (narrow ? stacked : gridded)(section, top, width);
    items.push(...part.items);
    top = part.bottom;
  }
  return { items, height: top };
}
