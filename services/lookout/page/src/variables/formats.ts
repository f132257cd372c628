import { dateTimeFormat } from '@grafana/data';

/*
 * Grafana's formats for the value of a variable, as in ${name:format}. Source of the list:
 * https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
 */
type Format = (values: string[], list: boolean, name: string, text: string | undefined, argument: string) => string;

const escapeRegex = (value: string) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
const escapeLucene = (value: string) => value.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, '\\$1');
const encodeStrict = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function date(value: string, argument: string): string {
  const time = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  if (!Number.isFinite(time)) {
    return 'NaN';
  }
  if (argument === 'seconds') {
    return String(Math.round(time / 1000));
  }
  if (argument === '' || argument === 'iso') {
    return new Date(time).toISOString();
  }
  return dateTimeFormat(time, { format: argument });
}

const formats: Record<string, Format> = {
  raw: (values) => values.join(','),
  csv: (values) => values.join(','),
  pipe: (values) => values.join('|'),
  glob: (values, list) => (list && values.length > 1 ? `{${values.join(',')}}` : values.join(',')),
  regex: (values, list) => {
    const escaped = values.map(escapeRegex);
    return list && escaped.length > 1 ? `(${escaped.join('|')})` : escaped.join('|');
  },
  json: (values, list) => JSON.stringify(list ? values : values[0]),
  distributed: (values, _list, name) => values.map((value, i) => (i === 0 ? value : `${name}=${value}`)).join(','),
  doublequote: (values) => values.map((value) => `"${value.replace(/"/g, '\\"')}"`).join(','),
  singlequote: (values) => values.map((value) => `'${value.replace(/'/g, "\\'")}'`).join(','),
  sqlstring: (values) => values.map((value) => `'${value.replace(/'/g, "''")}'`).join(','),
  lucene: (values, list) =>
    list && values.length > 1 ? `(${values.map((v) => `"${escapeLucene(v)}"`).join(' OR ')})` : escapeLucene(values.join(' ')),
  percentencode: (values, list) => encodeStrict(list && values.length > 1 ? `{${values.join(',')}}` : values.join(',')),
  uriencode: (values, list) => encodeStrict(list && values.length > 1 ? `{${values.join(',')}}` : values.join(',')),
  queryparam: (values, _list, name) => values.map((v) => `var-${encodeURIComponent(name)}=${encodeURIComponent(v)}`).join('&'),
  customqueryparam: (values, _list, name, _text, argument) => {
    const [key = '', prefix = ''] = argument.split(':');
    return values.map((v) => `${encodeURIComponent(key || name)}=${encodeURIComponent(prefix + v)}`).join('&');
  },
  join: (values, _list, _name, _text, argument) => values.join(argument || ','),
  text: (values, _list, _name, text) => text ?? values.join(' + '),
  date: (values, _list, _name, _text, argument) => date(values[0] ?? '', argument),
  html: (values) =>
    values.map((v) => v.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)).join(', '),
};

/** Prometheus: what is safe between the quotes of a matcher, where a backslash is written twice. */
const escapePromRegex = (value: string) => value.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&').replace(/'/g, "\\\\'");
const escapePromPlain = (value: string) => value.replace(/\\/g, '\\\\').replace(/'/g, "\\\\'");

/** How values go into PromQL when no format is named: a plain value, or a regular expression where several may be chosen. */
export function promFormat(values: string[], multi: boolean): string {
  if (!multi) {
    return escapePromPlain(values.join(','));
  }
  const escaped = values.map(escapePromRegex);
  return escaped.length === 1 ? (escaped[0] ?? '') : `(${escaped.join('|')})`;
}

/**
 * Applies a named format, such as `csv` or `date:YYYY-MM`.
 *
 * @returns undefined for a name that Grafana does not know either; the reference then stays in the text
 */
export function applyFormat(
  format: string,
  values: string[],
  options: { list: boolean; name: string; text?: string },
): string | undefined {
  const colon = format.indexOf(':');
  const id = colon < 0 ? format : format.slice(0, colon);
  const made = Object.hasOwn(formats, id) ? formats[id] : undefined;
  return made?.(values, options.list, options.name, options.text, colon < 0 ? '' : format.slice(colon + 1));
}
