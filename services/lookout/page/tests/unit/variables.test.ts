import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataSourceInfo } from '../../src/api/types';
import { parseCloudWatchQuery, toOption } from '../../src/variables/cloudwatch';
import { chooseValues, customOptions, filterOptions, intervalOptions, sortOptions } from '../../src/variables/options';
import { parsePromQuery } from '../../src/variables/prometheus';
import { cyclic, dependencies, resolveVariables } from '../../src/variables/resolve';
import { variableParams, variableScope } from '../../src/variables/scope';
import { Sources } from '../../src/variables/sources';
import { ALL, nothing, type Option, type VariableDef, type VariableState } from '../../src/variables/types';
import { nextValues } from '../../src/variables/VariablePicker';

const option = (value: string): Option => ({ text: value, value });
const def = (name: string, more: Partial<VariableDef> = {}): VariableDef => ({ name, type: 'custom', ...more });
const info = (uid: string, type: string, isDefault = false): DataSourceInfo => ({ uid, name: `name of ${uid}`, type, isDefault });
const sources = new Sources({
  datasources: { p: info('p', 'prometheus', true), amp: info('amp', 'grafana-amazonprometheus-datasource'), cw: info('cw', 'cloudwatch') },
});

describe('options', () => {
  it('reads custom values, with names and escaped commas', () => {
    expect(customOptions('a, Bee : b,c\\,d')).toEqual([option('a'), { text: 'Bee', value: 'b' }, option('c,d')]);
  });

  it('reads intervals', () => {
    expect(intervalOptions('1m,"30 m",1h').map((one) => one.value)).toEqual(['1m', '30 m', '1h']);
  });

  it('filters by a regex and its groups, each value once', () => {
    expect(filterOptions([option('a-1'), option('a-2'), option('b-1')], '/^(\\w)-/')).toEqual([option('a'), option('b')]);
    expect(filterOptions([option('id=7 name=x')], '/id=(?<value>\\d+) name=(?<text>\\w+)/')).toEqual([{ value: '7', text: 'x' }]);
  });

  it('sorts by number and by name', () => {
    const names = (sort: number) => sortOptions(['n10', 'n9', 'N1'].map(option), sort).map((one) => one.text);
    expect(names(0)).toEqual(['n10', 'n9', 'N1']);
    expect(names(3)).toEqual(['N1', 'n9', 'n10']);
    expect(names(4)).toEqual(['n10', 'n9', 'N1']);
    expect(names(5)).toEqual(['N1', 'n10', 'n9']);
  });

  it.each<[string, Partial<VariableDef>, string[] | undefined, string[]]>([
    ['what the address asks for', {}, ['b'], ['b']],
    ['the stored value', { current: { value: 'b' } }, undefined, ['b']],
    ['the first, where the stored one is gone', { current: { value: 'x' } }, undefined, ['a']],
    ['All by its word', { includeAll: true, multi: true }, ['All'], [ALL]],
    ['All first, where nothing is stored', { includeAll: true }, undefined, [ALL]],
    ['several', { multi: true }, ['a', 'b'], ['a', 'b']],
    ['one of several, where only one may be chosen', {}, ['a', 'b'], ['a']],
    ['a value of one’s own', {}, ['mine'], ['mine']],
    ['no value of one’s own where that is not allowed', { allowCustomValue: false }, ['mine'], ['a']],
    ['a text as it is', { type: 'textbox' }, ['free text'], ['free text']],
  ])('chooses %s', (_, more, asked, expected) => {
    expect(chooseValues(def('v', more), ['a', 'b'].map(option), asked, ALL)).toEqual(expected);
  });

  it('lets All give way to a choice, and come back when nothing is chosen', () => {
    expect(nextValues([ALL], [ALL, 'a'], true)).toEqual(['a']);
    expect(nextValues(['a'], ['a', ALL], true)).toEqual([ALL]);
    expect(nextValues(['a'], [], true)).toEqual([ALL]);
    expect(nextValues(['a'], [], false)).toEqual(['a']);
  });
});

describe('queries', () => {
  it.each([
    ['label_values(up)', { kind: 'values', label: 'up', match: undefined }],
    ['label_values(up{job="a, b"}, instance)', { kind: 'values', label: 'instance', match: 'up{job="a, b"}' }],
    ['label_names()', { kind: 'names' }],
    ['metrics(^up)', { kind: 'metrics', pattern: '^up' }],
    ['query_result(topk(1, sum(up)))', { kind: 'result', expr: 'topk(1, sum(up))' }],
    ['up{a="b"}', { kind: 'series', match: 'up{a="b"}' }],
  ])('reads %s', (text, expected) => {
    expect(parsePromQuery(text)).toEqual(expected);
  });

  it('reads CloudWatch’s older text form', () => {
    expect(parseCloudWatchQuery('dimension_values(us-east-1, AWS/EC2, CPU, Id, {"a":"b"})')).toEqual({
      queryType: 'dimensionValues',
      region: 'us-east-1',
      namespace: 'AWS/EC2',
      metricName: 'CPU',
      dimensionKey: 'Id',
      dimensionFilters: { a: 'b' },
    });
    expect(() => parseCloudWatchQuery('ebs_volume_ids(x)')).toThrow(/ebs_volume_ids/);
    expect(toOption({ value: { name: 'group', arn: 'arn:x' } })).toEqual({ value: 'arn:x', text: 'group' });
  });
});

describe('resolution', () => {
  beforeEach(() => vi.restoreAllMocks());

  const environment = () => ({ sources, builtin: nothing, range: { from: 0, to: 60_000 }, rangeKey: 'now-1m now', cache: new Map() });
  const run = async (defs: VariableDef[], asked: Record<string, string[]> = {}) => {
    const states = new Map<string, VariableState>();
    await resolveVariables(
      defs,
      (name) => asked[name],
      environment(),
      (state) => states.set(state.def.name, state),
    );
    return states;
  };

  it('asks for a chained variable with the value that it depends on', async () => {
    const urls: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      urls.push(decodeURIComponent(url));
      return new Response(JSON.stringify({ data: url.includes('instance') ? ['i-2', 'i-1'] : ['api', 'db'] }));
    });
    const prom = { uid: '${ds}' };
    const states = await run(
      [
        def('instance', { type: 'query', datasource: prom, query: 'label_values(up{job=~"$job"}, instance)', sort: 1 }),
        def('job', { type: 'query', datasource: prom, query: { query: 'label_values(up, job)' }, multi: true, includeAll: true }),
        def('ds', { type: 'datasource', query: 'prometheus' }),
      ],
      { job: ['$__all'] },
    );
    expect(urls[1]).toContain('/api/datasources/uid/amp/resources/api/v1/label/instance/values');
    expect(urls[1]).toContain('match[]=up{job=~"(api|db)"}');
    expect(states.get('instance')?.values).toEqual(['i-1']);
    expect(states.get('ds')?.options.map((one) => one.value)).toEqual(['amp', 'p']);
  });

  it('says what failed, and resolves the others', async () => {
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ message: 'parse error' }), { status: 400 }));
    const states = await run([
      def('bad', { type: 'query', datasource: { uid: 'p' }, query: 'label_values(x)' }),
      def('good', { query: 'a,b' }),
    ]);
    expect(states.get('bad')?.error).toBe('parse error');
    expect(states.get('good')?.values).toEqual(['a']);
  });

  it('names variables that depend on themselves', async () => {
    const defs = [def('a', { query: '$b' }), def('b', { query: '$a' }), def('c', { query: '$a' })];
    expect([...cyclic(defs)]).toEqual(['a', 'b']);
    expect(dependencies(defs[2] as VariableDef, new Set(['a', 'b', 'c']))).toEqual(['a']);
    expect((await run(defs)).get('a')?.error).toMatch(/depends on itself/);
  });
});

describe('data sources', () => {
  it('are found by uid, by name, by default, and by type where an import would have asked', () => {
    const found = (reference: Parameters<Sources['find']>[0]) => sources.find(reference, nothing).uid;
    expect(
      [{ uid: 'cw' }, 'name of amp', null, 'default', { type: 'cloudwatch', uid: '${DS_CW}' }, { type: 'cloudwatch' }].map(found),
    ).toEqual(['cw', 'amp', 'p', 'p', 'cw', 'cw']);
    expect(() => found({ type: 'loki', uid: 'gone' })).toThrow('There is no data source gone of type loki.');
  });
});

describe('scope', () => {
  const state = (more: Partial<VariableDef>, values: string[]): VariableState => ({
    def: def('v', more),
    options: ['a', 'b'].map(option),
    values,
  });
  const valueOf = (one: VariableState) => variableScope(new Map([['v', one]]))('v')?.value;

  it('stands for every option where All is chosen, or for the custom value', () => {
    expect(valueOf(state({ includeAll: true, multi: true }, [ALL]))).toEqual(['a', 'b']);
    expect(valueOf(state({ includeAll: true, allValue: '.+' }, [ALL]))).toBe('.+');
  });

  it('goes into addresses, but for constants', () => {
    const variables = new Map([
      ['v', state({ multi: true }, ['a', 'b'])],
      ['k', { ...state({ type: 'constant' }, ['x']), def: def('k', { type: 'constant' }) }],
    ]);
    expect(variableParams(variables)).toEqual([
      ['var-v', 'a'],
      ['var-v', 'b'],
    ]);
  });
});
