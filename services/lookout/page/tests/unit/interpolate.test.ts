import { describe, expect, it } from 'vitest';
import { promFormat } from '../../src/variables/formats';
import { interpolate, interpolateAll, referencedNames } from '../../src/variables/interpolate';
import { scopeOf } from '../../src/variables/types';

const scope = scopeOf({
  one: { value: 'a.b', text: 'A B' },
  several: { value: ['a.b', 'c|d'], text: 'A + C', multi: true },
  all: { value: '.*', text: 'All', verbatim: true },
  time: { value: '1594671549254' },
  quoted: { value: ["it's", 'say "x"'], multi: true },
});
const put = (text: string) => interpolate(text, scope);

describe('interpolation', () => {
  it('knows the three ways of writing a reference', () => {
    expect(put('$one ${one} [[one]] [[one:text]]')).toBe('a.b a.b a.b A B');
  });

  it('leaves what it does not know', () => {
    expect(put('$none ${none} $1 ${one:nosuchformat} costs $')).toBe('$none ${none} $1 ${one:nosuchformat} costs $');
  });

  it('does not take a name for the beginning of a longer one', () => {
    expect(put('$one_more ${one}_more')).toBe('$one_more a.b_more');
  });

  it.each([
    ['${several}', '{a.b,c|d}'],
    ['${several:regex}', '(a\\.b|c\\|d)'],
    ['${several:csv}', 'a.b,c|d'],
    ['${several:pipe}', 'a.b|c|d'],
    ['${several:raw}', 'a.b,c|d'],
    ['${several:json}', '["a.b","c|d"]'],
    ['${one:json}', '"a.b"'],
    ['${several:glob}', '{a.b,c|d}'],
    ['${several:text}', 'A + C'],
    ['${several:distributed}', 'a.b,several=c|d'],
    ['${several:queryparam}', 'var-several=a.b&var-several=c%7Cd'],
    ['${several:percentencode}', '%7Ba.b%2Cc%7Cd%7D'],
    ['${several:lucene}', '("a.b" OR "c\\|d")'],
    ['${quoted:singlequote}', "'it\\'s','say \"x\"'"],
    ['${quoted:doublequote}', '"it\'s","say \\"x\\""'],
    ['${quoted:sqlstring}', "'it''s','say \"x\"'"],
    ['${several:join: and }', 'a.b and c|d'],
    ['${time:date}', '2020-07-13T20:19:09.254Z'],
    ['${time:date:seconds}', '1594671549'],
    ['${time:date:YYYY}', '2020'],
  ])('writes %s as %s', (text, expected) => {
    expect(put(text)).toBe(expected);
  });

  it('puts a custom value for All in as it is', () => {
    expect(put('${all} ${all:regex}')).toBe('.* .*');
  });

  it('escapes for PromQL: a regular expression where several may be chosen, a plain text else', () => {
    expect(interpolate('{a=~"$several", b="$one"}', scope, promFormat)).toBe('{a=~"(a\\\\.b|c\\\\|d)", b="a.b"}');
    expect(promFormat(['a\\b'], false)).toBe('a\\\\b');
    expect(promFormat(['a.b'], true)).toBe('a\\\\.b');
  });

  it('goes through objects and lists, by key', () => {
    const made = interpolateAll({ expr: '$several', other: ['$several', 1, null] }, scope, 'csv', (key) => (key === 'expr' ? 'pipe' : undefined));
    expect(made).toEqual({ expr: 'a.b|c|d', other: ['a.b,c|d', 1, null] });
  });

  it('finds the names in use, those in JSON text too', () => {
    expect([...referencedNames({ a: '$x{b="${y:csv}"}', c: ['[[z]]'] })].sort()).toEqual(['x', 'y', 'z']);
  });
});
