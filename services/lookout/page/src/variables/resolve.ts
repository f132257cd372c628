import { getResource } from '../api/calls';
import { cloudWatchOptions } from './cloudwatch';
import { interpolate, interpolateAll, referencedNames } from './interpolate';
import { asList, chooseValues, customOptions, filterOptions, intervalOptions, sortOptions } from './options';
import { promOptions } from './prometheus';
import { promFormat } from './formats';
import { variableScope } from './scope';
import { isCloudWatch, isPrometheus, isXRay, type Sources } from './sources';
import { ALL, chain, type Option, type Scope, type VariableDef, type VariableState } from './types';

/** What variables are resolved with. */
export interface Environment {
  sources: Sources;
  /** Names that are no variables of the dashboard, such as `__from`. */
  builtin: Scope;
  range: { from: number; to: number };
  /** The range as written (`now-6h`), by which answers are remembered. */
  rangeKey: string;
  /** Answers of data sources, so that a change elsewhere asks nothing twice. */
  cache: Map<string, Promise<Option[]>>;
}

/** Names of the variables that have to be resolved before this one. */
export function dependencies(def: VariableDef, names: ReadonlySet<string>): string[] {
  const used = referencedNames([def.query, def.regex, def.datasource, def.definition]);
  return [...used].filter((name) => names.has(name) && name !== def.name);
}

/** Names of variables that depend on themselves in the end, which cannot be resolved. */
export function cyclic(defs: VariableDef[]): Set<string> {
  const names = new Set(defs.map((def) => def.name));
  const edges = new Map(defs.map((def) => [def.name, dependencies(def, names)]));
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (edges.get(from) ?? []).some((next) => next === to || (!seen.has(next) && (seen.add(next), reaches(next, to, seen))));
  return new Set(defs.filter((def) => reaches(def.name, def.name, new Set())).map((def) => def.name));
}

async function xrayOptions(uid: string, query: unknown): Promise<Option[]> {
  const kind = typeof query === 'string' ? query : String((query as { queryType?: unknown } | null)?.queryType ?? 'regions');
  const path = /group/i.test(kind) ? 'groups' : 'regions';
  const items = await getResource<unknown[]>(uid, path);
  return items.map((item) => {
    const named = item as { GroupName?: string; groupName?: string; text?: string; value?: string; label?: string };
    const value = typeof item === 'string' ? item : (named.GroupName ?? named.groupName ?? named.value ?? '');
    return { value, text: typeof item === 'string' ? item : (named.text ?? named.label ?? value) };
  });
}

async function queryOptions(def: VariableDef, scope: Scope, env: Environment): Promise<Option[]> {
  const source = env.sources.find(def.datasource, scope);
  const prom = isPrometheus(source.type);
  const query = interpolateAll(def.query, scope, prom ? promFormat : 'glob');
  const key = JSON.stringify([source.uid, query, def.refresh === 2 ? env.rangeKey : '']);
  let answer = env.cache.get(key);
  if (!answer) {
    if (prom) {
      const text = typeof query === 'string' ? query : String((query as { query?: unknown } | null)?.query ?? def.definition ?? '');
      answer = promOptions(source, text, env.range);
    } else if (isCloudWatch(source.type)) {
      answer = cloudWatchOptions(source, query);
    } else if (isXRay(source.type)) {
      answer = xrayOptions(source.uid, query);
    } else {
      throw new Error(`Variables from a data source of type ${source.type} are not supported here.`);
    }
    env.cache.set(key, answer);
    answer.catch(() => env.cache.delete(key));
  }
  const regex = def.regex ? interpolate(def.regex, scope, 'regex') : undefined;
  return sortOptions(filterOptions(await answer, regex), def.sort);
}

async function findOptions(def: VariableDef, scope: Scope, env: Environment): Promise<Option[]> {
  switch (def.type) {
    case 'query':
      return queryOptions(def, scope, env);
    case 'custom': {
      const query = interpolate(String(def.query ?? ''), scope, 'raw');
      return customOptions(query || asList(def.options?.map((option) => String(option.value))).filter((v) => v !== ALL).join(','));
    }
    case 'interval': {
      const auto: Option[] = def.auto ? [{ text: 'auto', value: `$__auto_interval_${def.name}` }] : [];
      return [...auto, ...intervalOptions(interpolate(String(def.query ?? ''), scope, 'raw'))];
    }
    case 'datasource': {
      const regex = def.regex ? interpolate(def.regex, scope, 'regex') : '';
      const named = env.sources.list(String(def.query ?? '')).map((info) => ({ text: info.name, value: info.uid }));
      const kept = regex ? new Set(filterOptions(named.map((o) => ({ text: o.text, value: o.text })), regex).map((o) => o.text)) : undefined;
      return kept ? named.filter((option) => kept.has(option.text)) : named;
    }
    default:
      return [];
  }
}

/** Kinds of variables that are shown and put into queries; others stay in the JSON and are named. */
export const supportedVariables = new Set(['query', 'custom', 'interval', 'datasource', 'textbox', 'constant']);

/**
 * Resolves a dashboard's variables, each as soon as those it depends on are known.
 *
 * @param asked values that the address asks for, by name
 * @param tell called with each variable as it is resolved; one that fails has `error` and no options
 */
export async function resolveVariables(
  defs: VariableDef[],
  asked: (name: string) => string[] | undefined,
  env: Environment,
  tell: (state: VariableState) => void,
): Promise<void> {
  const names = new Set(defs.map((def) => def.name));
  const circle = cyclic(defs);
  const done = new Map<string, VariableState>();
  const started = new Map<string, Promise<void>>();
  const scope = chain(variableScope(done), env.builtin);
  const start = (def: VariableDef): Promise<void> => {
    const known = started.get(def.name);
    if (known) {
      return known;
    }
    const run = async () => {
      let state: VariableState;
      try {
        if (circle.has(def.name)) {
          throw new Error(`The variable ${def.name} depends on itself.`);
        }
        await Promise.all(dependencies(def, names).map((name) => start(defs.find((each) => each.name === name) as VariableDef)));
        const options = await findOptions(def, scope, env);
        state = { def, options, values: chooseValues(def, options, asked(def.name), ALL) };
      } catch (error) {
        const values = asked(def.name) ?? asList(def.current?.value).map(String);
        state = { def, options: [], values, error: error instanceof Error ? error.message : String(error) };
      }
      done.set(def.name, state);
      tell(state);
    };
    const promise = run();
    started.set(def.name, promise);
    return promise;
  };
  await Promise.all(defs.filter((def) => supportedVariables.has(def.type)).map(start));
}
