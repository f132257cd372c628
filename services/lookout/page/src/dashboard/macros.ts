import { type DataFrame, type DisplayValue, type Field, FieldType, formattedValueToString, getFieldDisplayName, type InterpolateFunction, type ScopedVars } from '@grafana/data';
import { interpolate } from '../variables/interpolate';
import { type Binding, chain, type Scope, scopeOf } from '../variables/types';

/*
 * ${__value.…}, ${__field.…}, ${__series.…} and ${__data.fields…} of data links and display names. Source:
 * https://grafana.com/docs/grafana/latest/panels-visualizations/configure-data-links/
 */
interface DataContext {
  data: DataFrame[];
  frame: DataFrame;
  field: Field;
  rowIndex?: number;
  calculatedValue?: DisplayValue;
}

const put = (value: unknown): Binding => ({ value: value === null || value === undefined ? '' : String(value) });

function cell(field: Field, row: number | undefined, kind: string | undefined): Binding | undefined {
  if (row === undefined) {
    return undefined;
  }
  const value: unknown = field.values[row];
  const shown = field.display?.(value);
  if (kind === 'numeric') {
    return put(shown?.numeric ?? value);
  }
  if (kind === 'raw') {
    return put(value);
  }
  return put(shown ? formattedValueToString(shown) : value);
}

/** Splits `fields["a b"].text` into its parts. */
const pathOf = (text: string | undefined): string[] =>
  [...(text ?? '').matchAll(/\[(?:"([^"]*)"|'([^']*)'|(\d+))\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');

function valueMacro(context: DataContext, kind: string): Binding | undefined {
  const { frame, field, rowIndex, calculatedValue } = context;
  if (kind === 'time') {
    const time = frame.fields.find((each) => each.type === FieldType.time);
    return time ? put(time.values[rowIndex ?? Math.max(0, frame.length - 1)]) : undefined;
  }
  if (calculatedValue && rowIndex === undefined) {
    return put(kind === 'text' ? formattedValueToString(calculatedValue) : calculatedValue.numeric);
  }
  return cell(field, rowIndex, kind === 'calc' || kind === '' ? 'raw' : kind);
}

function dataMacro(context: DataContext, path: string[]): Binding | undefined {
  if (path[0] !== 'fields') {
    return put(path[0] === 'name' ? context.frame.name : context.frame.refId);
  }
  const wanted = path[1] ?? '';
  const field =
    context.frame.fields.find((each) => each.name === wanted || getFieldDisplayName(each, context.frame, context.data) === wanted) ??
    (/^\d+$/.test(wanted) ? context.frame.fields[Number(wanted)] : undefined);
  return field ? cell(field, context.rowIndex ?? 0, path[2]) : undefined;
}

function labelMacro(field: Field, path: string[]): Binding {
  return put(path[1] === undefined ? Object.entries(field.labels ?? {}).map(([k, v]) => `${k}="${v}"`).join(', ') : field.labels?.[path[1]]);
}

const dataScope =
  (context: DataContext): Scope =>
  (name, field) => {
    const path = pathOf(field);
    switch (name) {
      case '__value':
        return valueMacro(context, path[0] ?? '');
      case '__data':
        return dataMacro(context, path);
      case '__series':
        return put(context.frame.name ?? getFieldDisplayName(context.field, context.frame, context.data));
      case '__field':
        if (path[0] === 'labels') {
          return labelMacro(context.field, path);
        }
        return put(path[0] === 'displayName' ? getFieldDisplayName(context.field, context.frame, context.data) : context.field.name);
      default:
        return undefined;
    }
  };

function scopedScope(scopedVars: ScopedVars): Scope {
  const { __dataContext: context, ...rest } = scopedVars;
  const plain = scopeOf(
    Object.fromEntries(Object.entries(rest).map(([name, one]) => [name, one ? { value: String(one.value), text: String(one.text ?? one.value) } : undefined])),
  );
  return context ? chain(dataScope(context.value), plain) : plain;
}

/** Makes of a scope the function by which the component library interpolates text. */
export const interpolator =
  (scope: Scope): InterpolateFunction =>
  (text, scopedVars, format) => {
    const full = scopedVars ? chain(scopedScope(scopedVars), scope) : scope;
    return interpolate(text ?? '', full, typeof format === 'string' ? (format as string) : 'glob');
  };
