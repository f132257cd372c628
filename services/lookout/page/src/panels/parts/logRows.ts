import { type DataFrame, FieldType } from '@grafana/data';

export interface LogRow {
  key: string;
  /** Milliseconds since 1970. */
  time?: number;
  level: string;
  text: string;
  fields: Array<[string, string]>;
}

/** More lines than this are not drawn; the rest is said. */
export const MOST_LINES = 1000;

const levels: Array<[RegExp, string]> = [
  [/\b(?:crit|critical|fatal|alert|emerg)\b/i, 'critical'],
  [/\b(?:error|err|eror|exception)\b/i, 'error'],
  [/\b(?:warn|warning)\b/i, 'warning'],
  [/\binfo(?:rmation)?\b/i, 'info'],
  [/\b(?:debug|dbug)\b/i, 'debug'],
  [/\btrace\b/i, 'trace'],
];

/** The level of a line: what a field says, else the first word in the text that is one. */
export function levelOf(text: string, named?: string): string {
  const found = levels.find(([pattern]) => pattern.test(named ?? '')) ?? levels.find(([pattern]) => pattern.test(text.slice(0, 300)));
  return found?.[1] ?? 'unknown';
}

const hidden = /^@(?:ptr|log|ingestionTime)$|^__log__grafana_internal__|^id$|^tsNs$/;
const asText = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''));

/** Lines of frames with a time and a text: those of a logs query, or of any table that has both. */
export function logRows(frames: DataFrame[], order: 'Descending' | 'Ascending'): { rows: LogRow[]; total: number } {
  const rows = frames.flatMap((frame, index) => {
    const strings = frame.fields.filter((field) => field.type === FieldType.string);
    const message = frame.fields.find((field) => ['@message', 'message', 'Line', 'line', 'body'].includes(field.name)) ?? strings.find((field) => !hidden.test(field.name)) ?? strings[0];
    const time = frame.fields.find((field) => field.type === FieldType.time);
    const level = frame.fields.find((field) => /^(?:level|severity|detected_level)$/i.test(field.name));
    return Array.from({ length: frame.length }, (_, row): LogRow => {
      const text = asText(message?.values[row] ?? '');
      const fields = frame.fields
        .filter((field) => field !== message && field !== time && !hidden.test(field.name))
        .flatMap((field): Array<[string, string]> => {
          const value: unknown = field.values[row];
          if (value && typeof value === 'object' && !Array.isArray(value)) {
            return Object.entries(value).map(([key, each]) => [key, asText(each)]);
          }
          return value === null || value === undefined || value === '' ? [] : [[field.name, asText(value)]];
        });
      const at = time?.values[row] as number | undefined;
      return { key: `${index}-${row}`, time: at, level: levelOf(text, asText(level?.values[row])), text, fields };
    });
  });
  rows.sort((a, b) => (order === 'Ascending' ? 1 : -1) * ((a.time ?? 0) - (b.time ?? 0)));
  return { rows: rows.slice(0, MOST_LINES), total: rows.length };
}
