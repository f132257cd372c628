import { stringToJsRegex } from '@grafana/data';
import type { Option, VariableDef } from './types';

/** Options of a custom variable: `a, b` or `name : value`; a comma in a value is written `\,`. */
export function customOptions(query: string): Option[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? [])
    .map((part) => part.replace(/\\,/g, ',').trim())
    .filter(Boolean)
    .map((part) => {
      const pair = /^\s*(.+)\s:\s(.+)$/.exec(part);
      return pair ? { text: (pair[1] ?? '').trim(), value: (pair[2] ?? '').trim() } : { text: part, value: part };
    });
}

/** Options of an interval variable: `1m,10m,1h`, words in quotes as one. */
export function intervalOptions(query: string): Option[] {
  return (query.match(/(["'])(.*?)\1|[\w$]+/g) ?? []).map((text) => {
    const value = text.replace(/["']+/g, '');
    return { text: value, value };
  });
}

function regexOf(regex: string): RegExp {
  return regex.startsWith('/') ? stringToJsRegex(regex) : new RegExp(regex, 'g');
}

/** The option that a variable's regex makes of a candidate: groups `text` and `value` by name, else the first group. */
function matchOption(candidate: Option, regex: RegExp): Option[] {
  const make = (match: RegExpMatchArray): Option => {
    const groups = match.groups ?? {};
    if ('value' in groups || 'text' in groups) {
      const value = groups.value ?? groups.text ?? '';
      return { value, text: groups.text ?? value };
    }
    return match.length > 1 ? { value: match[1] ?? '', text: match[1] ?? '' } : candidate;
  };
  if (regex.global) {
    return [...candidate.value.matchAll(regex)].map(make);
  }
  const match = regex.exec(candidate.value);
  return match ? [make(match)] : [];
}

/** Filters candidates by a variable's regex and leaves each value once. */
export function filterOptions(candidates: Option[], regex: string | undefined): Option[] {
  const made = regex ? candidates.flatMap((candidate) => matchOption(candidate, regexOf(regex))) : candidates;
  const seen = new Set<string>();
  return made.filter((option) => !seen.has(option.value) && seen.add(option.value));
}

const numberIn = (text: string): number => Number(/(-?\d+(?:\.\d+)?)/.exec(text)?.[1] ?? -1);

/** Orders options by Grafana's numbers: 1/2 alphabetical, 3/4 numerical, 5/6 alphabetical without case, 7/8 natural; even is downwards. */
export function sortOptions(options: Option[], sort: number | undefined): Option[] {
  if (!sort) {
    return options;
  }
  const kind = Math.ceil(sort / 2);
  const compare = (a: Option, b: Option): number => {
    if (kind === 2) {
      return numberIn(a.text) - numberIn(b.text);
    }
    if (kind === 3) {
      return a.text.toLowerCase().localeCompare(b.text.toLowerCase());
    }
    return kind === 4 ? a.text.localeCompare(b.text, undefined, { numeric: true }) : a.text.localeCompare(b.text);
  };
  const sorted = [...options].sort(compare);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

export const asList = (value: string | string[] | undefined | null): string[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

/** What a variable's current value may be, of what the address or the JSON asks for. */
export function chooseValues(def: VariableDef, options: Option[], asked: string[] | undefined, all: string): string[] {
  const fixed = def.type === 'textbox' || def.type === 'constant';
  const stored = asList(def.current?.value).map(String);
  if (fixed) {
    return [asked?.[0] ?? stored[0] ?? (typeof def.query === 'string' ? def.query : '')];
  }
  const known = new Set(options.map((option) => option.value));
  const byText = new Map(options.map((option) => [option.text, option.value]));
  const isAll = (value: string) => value === all || value === 'All';
  const valid = (values: string[], own: boolean): string[] => {
    if (values.some(isAll) && def.includeAll) {
      return [all];
    }
    const kept = values
      .map((value) => (known.has(value) ? value : (byText.get(value) ?? value)))
      .filter((value) => known.has(value) || (own && def.allowCustomValue !== false && def.type !== 'datasource' && value !== ''));
    return def.multi ? kept : kept.slice(0, 1);
  };
  const chosen = asked ? valid(asked, true) : valid(stored, false);
  if (chosen.length > 0) {
    return chosen;
  }
  const again = asked ? valid(stored, false) : [];
  if (again.length > 0) {
    return again;
  }
  const first = options[0];
  return def.includeAll ? [all] : first ? [first.value] : [];
}
