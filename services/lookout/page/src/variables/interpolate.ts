import { applyFormat } from './formats';
import type { Binding, Scope } from './types';

/** How values go into text where no format is named: a data source's own way, or a format's id. */
export type Fallback = string | ((values: string[], multi: boolean) => string);

/** `$name`, `[[name:format]]`, `${name.field:format}` with a field that may be `["in brackets"]` or `[0]`. */
const reference = () => /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)((?:\.[^.:}[\]]+|\[(?:"[^"]*"|'[^']*'|\d+)\])*)(?::([^}]+))?\}/g;

function put(binding: Binding, name: string, format: string | undefined, fallback: Fallback): string | undefined {
  const list = Array.isArray(binding.value);
  const values = Array.isArray(binding.value) ? binding.value : [binding.value];
  if (format !== undefined) {
    if (binding.verbatim && !['text', 'queryparam', 'date', 'percentencode', 'uriencode', 'json'].some((f) => format.startsWith(f))) {
      return values.join(',');
    }
    return applyFormat(format, values, { list: list || binding.multi === true, name, text: binding.text });
  }
  if (binding.verbatim) {
    return values.join(',');
  }
  if (typeof fallback === 'function') {
    return fallback(values, list || binding.multi === true);
  }
  return applyFormat(fallback, values, { list, name, text: binding.text });
}

/** Replaces references to variables; one that nothing is known of stays as it is, as in Grafana. */
export function interpolate(text: string, scope: Scope, fallback: Fallback = 'glob'): string {
  if (!text.includes('$') && !text.includes('[[')) {
    return text;
  }
  return text.replace(reference(), (match, plain, bracket, bracketFormat, braced, field, format) => {
    const name: string = plain ?? bracket ?? braced;
    const path: string | undefined = field || undefined;
    const binding = scope(name, path?.replace(/^\./, ''));
    if (!binding) {
      return match;
    }
    return put(binding, name, format ?? bracketFormat, fallback) ?? match;
  });
}

/** The same for every string inside a JSON value; `fallbackFor` may choose another way by the key that a string stands at. */
export function interpolateAll<T>(value: T, scope: Scope, fallback: Fallback = 'glob', fallbackFor?: (key: string) => Fallback | undefined): T {
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === 'string') {
      return interpolate(one, scope, fallbackFor?.(key) ?? fallback);
    }
    if (Array.isArray(one)) {
      return one.map((each) => walk(each, key));
    }
    if (one && typeof one === 'object') {
      return Object.fromEntries(Object.entries(one).map(([name, each]) => [name, walk(each, name)]));
    }
    return one;
  };
  return walk(value, '') as T;
}

/** Names of the variables that a text, or any JSON value, refers to. */
export function referencedNames(value: unknown): Set<string> {
  const names = new Set<string>();
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '').replace(/\\"/g, '"');
  for (const match of text.matchAll(reference())) {
    names.add(match[1] ?? match[2] ?? match[4] ?? '');
  }
  return names;
}
