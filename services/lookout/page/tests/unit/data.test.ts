import { createDataFrame, createTheme, type DataFrame, FieldColorModeId, FieldType, formattedValueToString } from '@grafana/data';
import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../src/dashboard/annotations';
import { bucketsOf } from '../../src/dashboard/buckets';
import { MOST_FRAMES, readAnswer } from '../../src/dashboard/frames';
import { interpolator } from '../../src/dashboard/macros';
import type { Panel } from '../../src/dashboard/model';
import { applyFields, cutSeries, transform, unsupportedOptions } from '../../src/dashboard/process';
import { buildRequest } from '../../src/dashboard/request';
import { makeRange } from '../../src/dashboard/time';
import { graphable } from '../../src/panels/timeseries';
import { Sources } from '../../src/variables/sources';
import { scopeOf } from '../../src/variables/types';

const theme = createTheme({ colors: { mode: 'dark' } });
const replace = interpolator(scopeOf({}));
const frame = (name: string, labels: Record<string, string>, times: number[], values: Array<number | null>): DataFrame =>
  createDataFrame({
    name,
    refId: 'A',
    fields: [
      { name: 'Time', type: FieldType.time, values: times },
      { name: 'Value', type: FieldType.number, values, labels },
    ],
  });
const json = (name: string, labels: Record<string, string>, times: number[], values: number[], custom?: object) => ({
  schema: {
    name,
    meta: custom ? { custom } : undefined,
    fields: [
      { name: 'Time', type: FieldType.time },
      { name: 'Value', type: FieldType.number, labels },
    ],
  },
  data: { values: [times, values] },
});
const panel = (more: Partial<Panel>): Panel => ({ id: 1, type: 'timeseries', gridPos: { x: 0, y: 0, w: 1, h: 1 }, ...more });

describe('requests', () => {
  const sources = new Sources({
    datasources: {
      amp: { uid: 'amp', name: 'amp', type: 'grafana-amazonprometheus-datasource', isDefault: true, jsonData: { timeInterval: '15s' } },
      cw: { uid: 'cw', name: 'cw', type: 'cloudwatch' },
      xray: { uid: 'xray', name: 'xray', type: 'grafana-x-ray-datasource' },
    },
  });
  const range = makeRange('1700000000000', '1700021600000', 'utc');
  const scope = scopeOf({ amp: { value: 'amp' }, ep: { value: ['a', 'b'], multi: true }, none: { value: '' }, empty: { value: [] } });
  const build = (more: Partial<Panel>, points = 600) => buildRequest(panel(more), sources, scope, range, points);

  it('asks for everything in one request, each query with its own data source and step', () => {
    const { request } = build({
      datasource: { uid: '${amp}' },
      targets: [
        { refId: 'A', expr: 'rate(x{e=~"$ep"}[$__rate_interval])', exemplar: true },
        { refId: 'B', datasource: { uid: 'cw' }, namespace: 'N', dimensions: { Name: '$ep', Fixed: 'x' } },
        { refId: 'C', expr: 'hidden', hide: true },
      ],
    });
    expect(request?.queries.map((query) => query.refId)).toEqual(['A', 'B']);
    expect(request?.queries[0]).toMatchObject({
      expr: 'rate(x{e=~"(a|b)"}[60s])',
      exemplar: true,
      range: true,
      instant: false,
      intervalMs: 30_000,
      maxDataPoints: 600,
      datasource: { uid: 'amp', type: 'grafana-amazonprometheus-datasource' },
    });
    expect(request?.queries[1]).toMatchObject({ dimensions: { Name: ['a', 'b'], Fixed: ['x'] } });
  });

  it('asks for each log group that a variable stands for', () => {
    const asked = (more: object) => build({ targets: [{ refId: 'A', datasource: { uid: 'cw' }, expression: 'x', ...more }] }).request?.queries[0];
    const chosen = [
      { arn: 'a', name: 'a' },
      { arn: 'b', name: 'b' },
    ];
    expect(asked({ logGroups: [{ arn: '$ep', name: '$ep' }] })).toMatchObject({ logGroups: chosen });
    expect(asked({ logGroups: [{ arn: '', name: '${ep}' }] })).toMatchObject({ logGroups: chosen });
    expect(asked({ logGroupNames: ['$ep', '/c'] })).toMatchObject({ logGroupNames: ['a', 'b', '/c'] });
  });

  it('is no finer than the scrape interval, or than the panel says', () => {
    const at = (more: Partial<Panel>) => build({ targets: [{ refId: 'A', expr: 'x[$__interval]' }], ...more }, 100_000).request?.queries[0];
    expect(at({})).toMatchObject({ expr: 'x[15s]', intervalMs: 15_000 });
    expect(at({ interval: '>5m' })).toMatchObject({ expr: 'x[5m]' });
    expect(at({ maxDataPoints: 6 })).toMatchObject({ expr: 'x[1h]' });
  });

  it('sends hidden queries only where something may compute with them', () => {
    const ids = (targets: object[]) =>
      build({ targets: targets as never }).request?.queries.map((query) => [query.refId, query.hide ?? false]);
    const hidden = { refId: 'A', expr: 'x', hide: true };
    expect(ids([hidden, { refId: 'B', expr: 'y' }])).toEqual([['B', false]]);
    expect(ids([hidden, { refId: 'C', datasource: { uid: '__expr__' }, type: 'math', expression: '$A * 2' }])).toEqual([
      ['A', true],
      ['C', false],
    ]);
    expect(ids([{ refId: 'M', datasource: { uid: 'cw' }, id: 'm1', hide: true }])).toEqual([['M', true]]);
  });

  it('does not send queries for nothing, and names what it cannot send', () => {
    expect(build({ targets: [{ refId: 'A', expr: ' ' }] }).request).toBeUndefined();
    expect(
      build({ targets: [{ refId: 'A', datasource: { uid: 'xray' }, queryType: 'getTrace', query: '$none' }] }).request,
    ).toBeUndefined();
    expect(
      build({ targets: [{ refId: 'A', datasource: { uid: 'cw' }, logGroups: [{ arn: '$empty', name: '$empty' }] }] }).request,
    ).toBeUndefined();
    expect([...build({ datasource: { uid: 'gone' }, targets: [{ refId: 'A', expr: 'x' }] }).errors]).toEqual([
      ['A', 'There is no data source gone.'],
    ]);
    expect(build({ datasource: { uid: '-- Dashboard --' }, targets: [{ refId: 'A' }] }).errors.get('A')).toMatch(/-- Dashboard --/);
  });
});

describe('answers', () => {
  it('keep errors by query beside what the others gave', () => {
    const made = readAnswer({ results: { A: { error: 'parse error' }, B: { frames: [json('b', {}, [1], [2])] } } }, ['A', 'B'], new Map());
    expect([...made.errors]).toEqual([['A', 'parse error']]);
    expect(made.frames.map((one) => one.refId)).toEqual(['B']);
  });

  it('set exemplars apart', () => {
    const made = readAnswer(
      { results: { A: { frames: [json('a', {}, [1], [2]), json('exemplar', {}, [1], [2], { resultType: 'exemplar' })] } } },
      ['A'],
      new Map(),
    );
    expect([made.frames.length, made.exemplars.length]).toEqual([1, 1]);
  });

  it('become one table where that is asked for', () => {
    const frames = [json('a', { job: 'x', env: 'p' }, [1], [2]), json('b', { job: 'y' }, [1], [3])];
    const made = readAnswer({ results: { A: { frames } } }, ['A'], new Map([['A', 'table']])).frames[0];
    expect(made?.fields.map((field) => [field.name, field.values])).toEqual([
      ['Time', [1, 1]],
      ['env', ['p', '']],
      ['job', ['x', 'y']],
      ['Value', [2, 3]],
    ]);
    const two = readAnswer(
      { results: { A: { frames }, B: { frames } } },
      ['A', 'B'],
      new Map([
        ['A', 'table'],
        ['B', 'table'],
      ]),
    );
    expect(two.frames.map((one) => one.fields.at(-1)?.name)).toEqual(['Value #A', 'Value #B']);
  });

  it('of too many series are cut, and said', () => {
    const frames = Array.from({ length: 10_000 }, (_, i) => json(`s${i}`, {}, [1], [i]));
    const made = readAnswer({ results: { A: { frames } } }, ['A'], new Map());
    expect([made.frames.length, made.total]).toEqual([MOST_FRAMES, 10_000]);
    expect(made.notices[0]).toMatch(/10,000 series/);
    expect(cutSeries(made.frames).frames.length).toBe(100);
  });

  it('of cumulative buckets count each bucket alone', () => {
    const made = bucketsOf([
      frame('+Inf', { le: '+Inf' }, [1, 2], [10, 12]),
      frame('0.1', { le: '0.1' }, [1, 2], [4, 4]),
      frame('1', { le: '1' }, [1, 2], [9, Number.NaN]),
    ]);
    expect(made.map((one) => [one.name, one.fields[1]?.values])).toEqual([
      ['0.1', [4, 4]],
      ['1', [5, 0]],
      ['+Inf', [1, 8]],
    ]);
  });

  it('have holes where nothing was measured, and where a quantile is of nothing', () => {
    const one = frame('a', {}, [0, 15_000, 60_000], [1, Number.NaN, 3]);
    const time = one.fields[0];
    if (time) {
      time.config = { interval: 15_000 };
    }
    const made = graphable([one], 60_000)[0];
    expect(made?.fields[1]?.values).toEqual([1, null, null, null, 3]);
  });
});

describe('field options', () => {
  const fields = (config: object, overrides: object[] = []) =>
    applyFields([frame('cpu', { host: 'a' }, [1], [0.5]), frame('mem', { host: 'b' }, [1], [90])], {
      fieldConfig: { defaults: config, overrides } as never,
      theme,
      timeZone: 'utc',
      replace,
    });
  const shown = (frames: DataFrame[], i: number) => {
    const field = frames[i]?.fields[1];
    return field?.display ? formattedValueToString(field.display(field.values[0])) : '';
  };

  it('give units and decimals, and by override another', () => {
    const made = fields({ unit: 'percentunit', decimals: 1 }, [
      { matcher: { id: 'byFrameRefID', options: 'A' }, properties: [] },
      { matcher: { id: 'byRegexp', options: '/mem/' }, properties: [{ id: 'unit', value: 'bytes' }] },
    ]);
    expect([shown(made, 0), shown(made, 1)]).toEqual(['50.0%', '90.0 B']);
  });

  it('map values to text and colour', () => {
    const made = fields({ mappings: [{ type: 'range', options: { from: 80, to: 100, result: { text: 'High', color: 'red' } } }] });
    expect(shown(made, 1)).toBe('High');
    expect(made[1]?.fields[1]?.display?.(90).color).toBe(theme.visualization.getColorByName('red').toUpperCase() || undefined);
  });

  it('colour by thresholds whose base is null in JSON', () => {
    const made = fields({
      color: { mode: FieldColorModeId.Thresholds },
      thresholds: {
        mode: 'absolute',
        steps: [
          { value: null, color: 'green' },
          { value: 80, color: 'red' },
        ],
      },
    });
    const color = (i: number) => made[i]?.fields[1]?.display?.(made[i]?.fields[1]?.values[0]).color?.toLowerCase();
    expect([color(0), color(1)]).toEqual([
      theme.visualization.getColorByName('green').toLowerCase(),
      theme.visualization.getColorByName('red').toLowerCase(),
    ]);
  });

  it('say noValue for nothing, and name a label', () => {
    const made = fields({ noValue: 'none yet', displayName: '${__field.labels.host}' });
    expect(formattedValueToString(made[0]?.fields[1]?.display?.(null) ?? { text: '' })).toBe('none yet');
    expect(made[0]?.fields[1]?.state?.displayName).toBe('a');
  });

  it('do not put an axis label on the time', () => {
    const made = fields({ custom: { axisLabel: 'duration' } });
    expect(made[0]?.fields.map((field) => field.config.custom?.axisLabel)).toEqual([undefined, 'duration']);
  });

  it('fill data links from the row, the labels and the values', () => {
    const made = fields({
      links: [
        { title: '${__series.name}', url: '/d/x?var-h=${__field.labels.host}&t=${__value.time}&v=${__value.raw}&c=${__data.fields.Value}' },
      ],
    });
    const link = made[0]?.fields[1]?.getLinks?.({ valueRowIndex: 0 })[0];
    expect(link).toMatchObject({ title: 'cpu', href: '/d/x?var-h=a&t=1&v=0.5&c=0.500' });
  });

  it('never let a data link run script', () => {
    const made = fields({ links: [{ title: 'x', url: 'javascript:alert(1)' }] });
    expect(made[0]?.fields[1]?.getLinks?.({ valueRowIndex: 0 })[0]?.href).toBe('about:blank');
  });

  it('name overrides that are not known', () => {
    const rule = { matcher: { id: 'byName', options: 'x' }, properties: [{ id: 'custom.nosuch', value: 1 }] };
    expect(unsupportedOptions(panel({ fieldConfig: { defaults: {}, overrides: [rule] } as never }))).toEqual([
      'The field option "custom.nosuch" is not supported here.',
    ]);
  });
});

describe('transformations', () => {
  const input = [frame('a', { host: 'x' }, [1, 2], [3, 4]), frame('b', { host: 'y' }, [1, 2], [5, 6])];
  const run = (transformations: object[]) => transform(panel({ transformations: transformations as never }), input, replace);

  it.each([
    ['reduce', { reducers: ['max'] }],
    ['joinByField', { byField: 'Time', mode: 'outer' }],
    ['seriesToRows', {}],
    ['labelsToFields', {}],
    ['merge', {}],
    ['organize', { renameByName: { Time: 't' } }],
    ['filterFieldsByName', { include: { names: ['Time'] } }],
    ['sortBy', { sort: [{ field: 'Time', desc: true }] }],
    ['calculateField', { mode: 'reduceRow', reduce: { reducer: 'sum' } }],
    ['renameByRegex', { regex: '(.+)', renamePattern: 'x $1' }],
    ['groupBy', { fields: { Time: { operation: 'groupby', aggregations: [] } } }],
    ['limit', { limitField: 1 }],
  ])('%s is known and changes the frames', async (id, options) => {
    const made = await run([{ id, options }]);
    expect(made.notices).toEqual([]);
    expect(made.frames).not.toEqual(input);
  });

  it('that are not known are named and left out', async () => {
    const made = await run([{ id: 'spatial', options: {} }]);
    expect(made.notices).toEqual(['The transformation "spatial" is not supported here.']);
    expect(made.frames).toBe(input);
  });

  it('that are off do nothing', async () => {
    expect((await run([{ id: 'limit', disabled: true, options: { limitField: 1 } }])).frames).toBe(input);
  });
});

describe('annotations', () => {
  it('join neighbouring samples above 0 to a region', () => {
    const events = eventsOf(
      [frame('', { version: '2' }, [0, 10, 20, 100], [0, 1, 1, 1])],
      { name: 'Deployments', titleFormat: 'v{{version}}', tagKeys: 'version' },
      10,
    );
    expect(events.map((one) => [one.time, one.timeEnd, one.title, one.tags])).toEqual([
      [10, 20, 'v2', ['2']],
      [100, undefined, 'v2', ['2']],
    ]);
  });
});
