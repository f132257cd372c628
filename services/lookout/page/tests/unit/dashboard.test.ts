import { describe, expect, it } from 'vitest';
import { compact, layOut } from '../../src/dashboard/layout';
import { loadDashboard, NEWEST, SchemaError } from '../../src/dashboard/load';
import { showLink, withContext } from '../../src/dashboard/links';
import type { Panel } from '../../src/dashboard/model';
import { makeSections, type ValuesOf } from '../../src/dashboard/sections';
import { findPanel } from '../../src/dashboard/SinglePanel';
import { makeRange, panelRange, shift, zoomOut } from '../../src/dashboard/time';
import { nothing } from '../../src/variables/types';

const panel = (id: number, x: number, y: number, w: number, h: number, more: Partial<Panel> = {}): Panel => ({ id, type: 'stat', title: `p${id}`, gridPos: { x, y, w, h }, ...more });
const row = (id: number, y: number, more: Partial<Panel> = {}) => panel(id, 0, y, 24, 1, { type: 'row', ...more });
const values: ValuesOf = (name) => (name === 'v' ? ['a', 'b', 'c'].map((value) => ({ value, text: value.toUpperCase() })) : undefined);
const places = (panels: Panel[]) => makeSections(panels, values).flatMap((section) => section.panels.map((one) => [one.key, one.gridPos.x, one.gridPos.y, one.gridPos.w]));

describe('loading', () => {
  it('takes classic dashboards, and mends what is missing', () => {
    const made = loadDashboard({ title: 'T', schemaVersion: 41, panels: [{ type: 'stat', gridPos: { x: 20, w: 12 }, targets: [{}, {}] }, { id: 7, type: 'text' }] });
    expect(made.panels.map((one) => one.id)).toEqual([8, 7]);
    expect(made.panels[0]?.gridPos).toEqual({ x: 12, y: 0, w: 12, h: 8 });
    expect(made.panels[0]?.targets?.map((one) => one.refId)).toEqual(['A', 'B']);
    expect(made.time).toEqual({ from: 'now-6h', to: 'now' });
  });

  it.each([
    ['a v2 resource', { apiVersion: 'dashboard.grafana.app/v2beta1', spec: {} }, /dashboard.grafana.app\/v2beta1/],
    ['a v2 spec', { title: 'x', elements: {}, layout: {} }, /schema v2/],
    ['a newer schema', { schemaVersion: NEWEST + 1 }, /schemaVersion 43/],
    ['an older schema', { schemaVersion: 6 }, /schemaVersion 6/],
    ['no schema', { title: 'x' }, /no "schemaVersion"/],
    ['no object', [], /not an object/],
  ])('refuses %s', (_, json, message) => {
    expect(() => loadDashboard(json)).toThrow(SchemaError);
    expect(() => loadDashboard(json)).toThrow(message);
  });
});

describe('rows and repeats', () => {
  it('puts panels below their row, whether it is open or closed', () => {
    const sections = makeSections([panel(1, 0, 0, 12, 4), row(2, 4), panel(3, 0, 5, 12, 4), row(4, 9, { collapsed: true, panels: [panel(5, 0, 10, 6, 3)] }), panel(6, 0, 11, 6, 3)], values);
    expect(sections.map((one) => [one.row?.id, one.panels.map((each) => each.panel.id)])).toEqual([[undefined, [1]], [2, [3]], [4, [5]], [undefined, [6]]]);
    expect(sections[1]?.panels[0]?.gridPos.y).toBe(0);
  });

  it('repeats a panel across, as many in a row as it says, and pushes down what is below', () => {
    expect(places([panel(1, 0, 0, 6, 4, { repeat: 'v', maxPerRow: 2 }), panel(2, 0, 4, 6, 4)])).toEqual([
      ['panel-1', 0, 0, 12],
      ['panel-1-clone-1', 12, 0, 12],
      ['panel-1-clone-2', 0, 4, 12],
      ['panel-2', 0, 8, 6],
    ]);
  });

  it('repeats a panel downwards in its own width', () => {
    expect(places([panel(1, 6, 0, 6, 4, { repeat: 'v', repeatDirection: 'v' })])).toEqual([
      ['panel-1', 6, 0, 6],
      ['panel-1-clone-1', 6, 4, 6],
      ['panel-1-clone-2', 6, 8, 6],
    ]);
  });

  it('repeats a row with its panels, each with the value', () => {
    const sections = makeSections([row(1, 0, { repeat: 'v' }), panel(2, 0, 1, 6, 4)], values);
    expect(sections.map((one) => one.key)).toEqual(['row-1', 'row-1-row-1', 'row-1-row-2']);
    expect(sections[1]?.panels[0]?.bindings.v).toMatchObject({ value: 'b', text: 'B' });
    expect(findPanel(sections, '2')?.key).toBe('panel-2');
    expect(findPanel(sections, 'panel-2-row-2')?.bindings.v?.value).toBe('c');
  });

  it('shows a repeated panel once while its values are not known', () => {
    expect(places([panel(1, 0, 0, 6, 4, { repeat: 'unknown' })])).toEqual([['panel-1', 0, 0, 6]]);
  });
});

describe('layout', () => {
  it('moves panels up into free room, and apart where they overlap', () => {
    const made = compact([panel(1, 0, 5, 12, 4), panel(2, 0, 5, 12, 4), panel(3, 12, 9, 12, 4)]);
    expect(made.map((one) => [one.id, one.gridPos.y])).toEqual([[1, 0], [2, 4], [3, 0]]);
  });

  it('leaves out what is in a closed row', () => {
    const sections = makeSections([row(1, 0), panel(2, 0, 1, 12, 4), row(3, 5), panel(4, 0, 6, 12, 4)], values);
    const made = layOut(sections, (section) => section.row?.id === 1, 1000, false);
    expect(made.items.map((one) => one.key)).toEqual(['row-1', 'row-3', 'panel-4']);
    expect(made.items.map((one) => one.top)).toEqual([0, 38, 76]);
  });

  it('fills the width with 24 columns, and stacks on a phone', () => {
    const sections = makeSections([panel(1, 0, 0, 12, 4), panel(2, 12, 0, 12, 4)], values);
    const wide = layOut(sections, () => false, 1000, false).items;
    expect([wide[0]?.width, wide[1]?.left, (wide[1]?.left ?? 0) + (wide[1]?.width ?? 0)]).toEqual([496, 504, 1000]);
    const phone = layOut(sections, () => false, 360, true).items;
    expect(phone.map((one) => [one.left, one.top, one.width])).toEqual([[0, 0, 360], [0, 152, 360]]);
  });
});

describe('time', () => {
  it('reads relative, absolute and ISO times, and falls back to six hours', () => {
    expect(makeRange('1700000000000', '1700003600000', 'utc').from.valueOf()).toBe(1700000000000);
    expect(makeRange('2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', 'utc').to.valueOf()).toBe(Date.UTC(2024, 0, 2));
    const relative = makeRange('now-1h', 'now', 'utc');
    expect(relative.to.valueOf() - relative.from.valueOf()).toBe(3600_000);
    expect(makeRange('nonsense', 'now', 'utc').raw.from).toBe('now-6h');
    expect(makeRange('now', 'now-1h', 'utc').raw.from).toBe('now-6h');
  });

  it('shifts by half and zooms out to twice', () => {
    const range = makeRange('1700000000000', '1700000060000', 'utc');
    expect(shift(range, -1)).toEqual({ from: '1699999970000', to: '1700000030000' });
    expect(zoomOut(range)).toEqual({ from: '1699999970000', to: '1700000090000' });
  });

  it('gives a panel its own range', () => {
    const range = makeRange('1700000000000', '1700003600000', 'utc');
    const shifted = panelRange(range, undefined, '1h', 'utc');
    expect(shifted.range.from.valueOf()).toBe(1700000000000 - 3600_000);
    expect(shifted.note).toBe('timeshift -1h');
    const own = panelRange(range, '30m', undefined, 'utc').range;
    expect(own.to.valueOf() - own.from.valueOf()).toBe(1800_000);
  });
});

describe('links', () => {
  const range = { from: 'now-1h', to: 'now' };

  it('keep time and variables where they ask for it', () => {
    expect(withContext('/d/x?from=1&a=b#c', { keepTime: true }, range, new Map())).toBe('/d/x?a=b&from=now-1h&to=now#c');
    expect(withContext('/d/x', {}, range, new Map())).toBe('/d/x');
  });

  it('never run script', () => {
    expect(showLink({ url: 'javascript:alert(1)', title: 'x' }, '0', nothing, range, new Map()).href).toBe('about:blank');
  });
});
