import type { DataSourceRef } from '../api/types';

/** A variable as `templating.list` of a dashboard (v1) has it; the parts that this page reads. */
export interface VariableDef {
  name: string;
  type: string;
  label?: string | null;
  description?: string | null;
  hide?: number | string;
  query?: unknown;
  definition?: string;
  datasource?: DataSourceRef | string | null;
  regex?: string;
  sort?: number;
  refresh?: number | boolean;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  allowCustomValue?: boolean;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
  options?: Array<{ text?: string | string[]; value?: string | string[]; selected?: boolean }>;
  current?: { text?: string | string[]; value?: string | string[] };
  skipUrlSync?: boolean;
}

export interface Option {
  text: string;
  value: string;
}

/** A variable with what can be chosen and what is chosen. */
export interface VariableState {
  def: VariableDef;
  options: Option[];
  /** The chosen values; `$__all` alone stands for all of them. */
  values: string[];
  error?: string;
}

export type VariableMap = ReadonlyMap<string, VariableState>;

/** The value that stands for all options, in addresses and in a dashboard's JSON. */
export const ALL = '$__all';

/** What a name stands for when text is interpolated. */
export interface Binding {
  value: string | string[];
  text?: string;
  /** A choice of several was possible, so a query's form has to allow for several. */
  multi?: boolean;
  /** Put in as it is, whatever the format (a custom value for All, an interval). */
  verbatim?: boolean;
}

export type Scope = (name: string, field?: string) => Binding | undefined;
export const nothing: Scope = () => undefined;

/** Looks names up in several scopes, the first that knows one wins. */
export function chain(...scopes: Scope[]): Scope {
  return (name, field) => {
    for (const scope of scopes) {
      const found = scope(name, field);
      if (found) {
        return found;
      }
    }
    return undefined;
  };
}

export const scopeOf =
  (values: Record<string, string | Binding | undefined>): Scope =>
  (name) => {
    const found = Object.hasOwn(values, name) ? values[name] : undefined;
    return typeof found === 'string' ? { value: found, verbatim: true } : found;
  };
