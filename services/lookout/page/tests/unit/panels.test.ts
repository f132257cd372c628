import { createDataFrame, createTheme, type DataFrame, FieldType, getDisplayProcessor } from '@grafana/data';
import { SeriesVisibilityChangeMode } from '@grafana/ui';
import { describe, expect, it } from 'vitest';
import { labelFilter, listAlerts, stateOf } from '../../src/panels/parts/alerts';
import { arcPath } from '../../src/panels/parts/arc';
import { barsOf, extent, ticks } from '../../src/panels/parts/bars';
import { exemplarsOf, traceOf as exemplarTrace, traceQuery, xrayTraceId } from '../../src/panels/parts/exemplarData';
import { graphOf, place } from '../../src/panels/parts/graph';
import { calculate, fromBuckets } from '../../src/panels/parts/heat';
import { levelOf, logRows } from '../../src/panels/parts/logRows';
import { formatDuration, traceOf } from '../../src/panels/parts/spans';
import { timelineRows } from '../../src/panels/parts/timeline';
import { nextHidden } from '../../src/panels/parts/visibility';
import { labelPlace, visibleSpans } from '../../src/panels/parts/Waterfall';
import { slicesOf } from '../../src/panels/piechart';
import { textHtml } from '../../src/panels/text';
import { Sources } from '../../src/variables/sources';

const theme = createTheme({ colors: { mode: 'dark' } });

function frame(columns: Record<string, unknown[]>, types: Record<string, FieldType> = {}): DataFrame {
  const made = createDataFrame({
    fields: Object.entries(columns).map(([name, values]) => ({ name, values, type: types[name] ?? FieldType.other })),
  });
  for (const field of made.fields) {
    field.display = getDisplayProcessor({ field, theme });
  }
  return made;
}

describe('exemplars', () => {
  const exemplar = () =>
    exemplarsOf([
      frame(
        { Time: [5], Value: [0.2], trace_id: ['6b0a8bf3a275734959bda4243adaea11'], pod: ['x'] },
        { Time: FieldType.time, Value: FieldType.number },
      ),
    ])[0];
  const xray = { uid: 'xray', name: 'xray', type: 'grafana-x-ray-datasource' };

  it('have a time, a value and their labels', () => {
    expect(exemplar()).toMatchObject({ time: 5, value: 0.2, labels: { pod: 'x' } });
  });

  it('lead to the trace that their data source says', () => {
    const prom = {
      uid: 'p',
      name: 'p',
      type: 'prometheus',
      jsonData: { exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'other' }] },
    };
    const one = exemplar();
    expect(one && exemplarTrace(one, new Sources({ datasources: { p: prom, xray } }))).toEqual({
      sourceUid: 'other',
      traceId: '6b0a8bf3a275734959bda4243adaea11',
    });
    expect(one && exemplarTrace(one, new Sources({ datasources: { xray } }))?.sourceUid).toBe('xray');
    expect(one && exemplarTrace(one, new Sources({ datasources: {} }))).toBeUndefined();
  });

  it('ask X-Ray by its own form of the id', () => {
    expect(xrayTraceId('6b0a8bf3a275734959bda4243adaea11')).toBe('1-6b0a8bf3-a275734959bda4243adaea11');
    expect(traceQuery(xray, '1-6b0a8bf3-a275734959bda4243adaea11')).toMatchObject({
      queryType: 'getTrace',
      query: '1-6b0a8bf3-a275734959bda4243adaea11',
    });
  });
});

describe('traces', () => {
  const spans = frame({
    traceID: ['t', 't', 't', 't'],
    spanID: ['c', 'a', 'b', 'd'],
    parentSpanID: ['b', '', 'a', 'gone'],
    serviceName: ['s', 'web', 's', 's'],
    operationName: ['3', '1', '2', '4'],
    startTime: [12, 10, 11, 40],
    duration: [3, 20, 10, 5],
    tags: [[], [{ key: 'a', value: 1 }], '[{"key":"error","value":true}]', []],
  });

  it('are a tree in the order of calls, with what failed', () => {
    const made = traceOf(spans);
    expect(made.spans.map((one) => [one.id, one.depth, one.children])).toEqual([
      ['a', 0, 1],
      ['b', 1, 1],
      ['c', 2, 0],
      ['d', 0, 0],
    ]);
    expect(made.spans.map((one) => one.failed)).toEqual([false, true, false, false]);
    expect([made.start, made.duration, made.services]).toEqual([10, 35, ['s', 'web']]);
    expect(visibleSpans(made.spans, new Set(['a'])).map((one) => one.id)).toEqual(['a', 'd']);
  });

  it('with spans that call one another in a circle end', () => {
    const made = traceOf(frame({ traceID: ['t', 't'], spanID: ['a', 'b'], parentSpanID: ['b', 'a'], startTime: [1, 2], duration: [1, 1] }));
    expect(made.spans.length).toBe(2);
  });

  it.each([
    [0, 20, 'right'],
    [60, 30, 'left'],
    [5, 90, 'inside'],
    [0, 100, 'inside'],
  ] as const)('have the duration of a bar from %d, %d long, %s', (start, duration, place) => {
    expect(labelPlace(start, duration, 100)).toBe(place);
  });

  it.each([
    [0.25, '250µs'],
    [1.5, '1.50ms'],
    [120, '120.0ms'],
    [2500, '2.50s'],
    [90_000, '1m 30s'],
  ])('write %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('the node graph', () => {
  const edge = (source: string, target: string) => ({ id: `${source}${target}`, source, target, main: '', secondary: '' });
  const node = (id: string) => ({ id, title: id, subtitle: '', main: '', secondary: '', arcs: [], details: [], x: 0, y: 0 });

  it('puts each node right of those that call it, and ends with circles', () => {
    const made = place(['a', 'b', 'c'].map(node), [edge('a', 'b'), edge('b', 'c'), edge('a', 'c'), edge('c', 'a'), edge('b', 'b')]);
    expect(made.map((one) => [one.id, one.x > 0])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
    ]);
    expect((made[2]?.x ?? 0) > (made[1]?.x ?? 0)).toBe(true);
  });

  it('reads frames of nodes and edges, and leaves edges to nowhere out', () => {
    const made = graphOf(
      [
        frame({ id: ['1', '2'], title: ['A', ''], arc__success: [1, 0.5] }),
        frame({ id: ['e', 'f'], source: ['1', '1'], target: ['2', '9'] }),
      ],
      theme,
    );
    expect(made?.nodes.map((one) => [one.title, one.arcs.length])).toEqual([
      ['A', 1],
      ['2', 1],
    ]);
    expect(made?.edges.map((one) => one.id)).toEqual(['e']);
  });
});

describe('logs', () => {
  it('know a level by a field or by the text', () => {
    expect(['ERROR x', '{"level":"warn"}', 'all is well'].map((text) => levelOf(text))).toEqual(['error', 'warning', 'unknown']);
    expect(levelOf('an error in the text', 'info')).toBe('info');
  });

  it('are sorted, and have the other fields as details', () => {
    const input = frame(
      { '@timestamp': [1, 2], '@message': ['a', 'b'], '@ptr': ['x', 'y'], service: ['s', ''] },
      { '@timestamp': FieldType.time, '@message': FieldType.string, '@ptr': FieldType.string, service: FieldType.string },
    );
    expect(logRows([input], 'Descending').rows.map((row) => [row.text, row.fields])).toEqual([
      ['b', []],
      ['a', [['service', 's']]],
    ]);
  });
});

describe('the state timeline', () => {
  it('joins equal neighbours, ends a value where the next begins, and leaves holes', () => {
    const input = frame({ Time: [0, 10, 20, 30], up: [1, 1, null, 0] }, { Time: FieldType.time, up: FieldType.number });
    expect(timelineRows([input], 50, true, '#fff')[0]?.spans.map((span) => [span.from, span.to, span.text])).toEqual([
      [0, 20, '1'],
      [30, 50, '0'],
    ]);
    expect(timelineRows([input], 50, false, '#fff')[0]?.spans.length).toBe(3);
  });

  it('ends where a series does, though the range goes on', () => {
    const input = frame({ Time: [0, 10, 40], v: [1, 1, 1] }, { Time: FieldType.time, v: FieldType.number });
    const [time, value] = input.fields;
    const stepped = { ...input, fields: [{ ...time, config: { ...time?.config, interval: 10 } }, value] } as DataFrame;
    expect(timelineRows([stepped], 90, true, '#fff')[0]?.spans.map((span) => [span.from, span.to])).toEqual([
      [0, 20],
      [40, 50],
    ]);
  });
});

describe('the heatmap', () => {
  it('has a row per bucket from the lowest, by number', () => {
    const bucket = (le: string, values: number[]) => {
      const made = frame({ Time: [0, 10], Value: values }, { Time: FieldType.time, Value: FieldType.number });
      return { ...made, fields: made.fields.map((field) => (field.name === 'Value' ? { ...field, labels: { le } } : field)) };
    };
    const made = fromBuckets([bucket('10', [1, 2]), bucket('2', [3, 4])], String);
    expect([made?.rows, made?.cells, made?.max]).toEqual([
      ['2', '10'],
      [
        [3, 1],
        [4, 2],
      ],
      4,
    ]);
  });

  it('counts plain values', () => {
    const input = frame({ Time: [0, 5, 15], v: [1, 1, 9] }, { Time: FieldType.time, v: FieldType.number });
    expect(calculate([input], { from: 0, to: 20 }, 2, 2, String)?.cells).toEqual([
      [2, 0],
      [0, 1],
    ]);
  });
});

describe('the bar chart', () => {
  const input = frame({ name: ['x', 'y'], a: [1, 2], b: [3, -4] }, { name: FieldType.string, a: FieldType.number, b: FieldType.number });

  it('takes the first text for its categories and reaches over what it shows', () => {
    const made = barsOf([input], {}, theme);
    expect([made?.categories, made?.series.map((one) => one.name)]).toEqual([
      ['x', 'y'],
      ['a', 'b'],
    ]);
    expect(made && extent(made, false, false)).toEqual([-4, 3]);
    expect(made && extent(made, true, false)).toEqual([-4, 4]);
  });

  it('has round steps', () => {
    expect(ticks(0, 97, 5)).toEqual([0, 20, 40, 60, 80]);
    expect(ticks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  it('draws a full ring as two halves, for one arc would be none', () => {
    expect(arcPath(0, 0, 5, 10, 0, 2 * Math.PI).match(/M/g)?.length).toBe(2);
  });
});

describe('the pie', () => {
  const value = (title: string, numeric: number) => ({
    name: '',
    field: {},
    hasLinks: false,
    display: { title, numeric, text: String(numeric) },
  });
  const parts = (hidden: string[]) =>
    slicesOf([value('a', 1), value('b', 3), value('c', Number.NaN)], new Set(hidden), 'desc', () => 'red').map((one) => [
      one.label,
      one.from / Math.PI,
      one.to / Math.PI,
    ]);

  it('has parts one after the other, of what is not hidden', () => {
    expect(parts([])).toEqual([
      ['b', 0, 1.5],
      ['a', 1.5, 2],
      ['c', 2, 2],
    ]);
    expect(parts(['b'])).toEqual([
      ['b', 0, 0],
      ['a', 0, 2],
      ['c', 2, 2],
    ]);
  });
});

describe('alerts', () => {
  const group = (rules: object[]) => ({ data: { groups: [{ name: 'g', file: 'f', rules: rules as never }] } });
  const answer = group([
    { name: 'Quiet', type: 'alerting', state: 'inactive' },
    {
      name: 'Loud',
      type: 'alerting',
      state: 'firing',
      labels: { team: 'ml' },
      alerts: [
        { state: 'Alerting', labels: { zone: 'a' } },
        { state: 'Alerting', labels: { zone: 'b' } },
      ],
    },
    { name: 'recorded', type: 'recording' },
  ]);

  it('are filtered by state, name and labels, the worst first', () => {
    expect(listAlerts([answer], { stateFilter: { firing: true, normal: true } }).map((one) => one.name)).toEqual(['Loud', 'Quiet']);
    expect(listAlerts([answer], {}).map((one) => one.name)).toEqual(['Loud']);
    expect(listAlerts([answer], { alertInstanceLabelFilter: '{zone=~"a|c"}' })[0]?.instances.length).toBe(1);
    expect(listAlerts([answer], { alertName: 'zzz', stateFilter: { firing: true } })).toEqual([]);
  });

  it('know Grafana’s words', () => {
    expect(['Alerting', 'firing', 'Normal (NoData)', 'Pending', 'inactive', 'Alerting (Error)'].map(stateOf)).toEqual([
      'firing',
      'firing',
      'nodata',
      'pending',
      'normal',
      'error',
    ]);
    expect(labelFilter('a="1", b!="2"')({ a: '1', b: '2' })).toBe(false);
  });
});

describe('text', () => {
  it('is markdown or HTML without anything that runs', () => {
    const html = textHtml('markdown', '# T\n<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n[l](javascript:alert(1))');
    expect(html).toContain('<h1');
    expect(html).not.toMatch(/<script|onerror=|href="javascript:/i);
    expect(textHtml('html', '<b onclick="x()">b</b><script>x()</script>')).not.toMatch(/<script|onclick=/);
  });
});

describe('the legend', () => {
  const names = ['a', 'b', 'c'];
  it('shows one alone by a click, all again by the next, and adds with a key', () => {
    const one = nextHidden(new Set(), names, 'a', SeriesVisibilityChangeMode.ToggleSelection);
    expect([...one]).toEqual(['b', 'c']);
    expect([...nextHidden(one, names, 'a', SeriesVisibilityChangeMode.ToggleSelection)]).toEqual([]);
    expect([...nextHidden(one, names, 'b', SeriesVisibilityChangeMode.AppendToSelection)]).toEqual(['c']);
  });
});
