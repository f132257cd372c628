import type { TimeRange } from '@grafana/data';
import { useEffect, useMemo, useRef, useState } from 'react';
import { globalScope } from './builtin';
import { type Environment, resolveVariables, supportedVariables } from './resolve';
import type { Sources } from './sources';
import type { Option, VariableDef, VariableMap, VariableState } from './types';

interface Resolved {
  variables: VariableMap;
  waiting: ReadonlySet<string>;
}

interface About {
  uid: string;
  title: string;
  timeZone: string;
}

/** What variables are resolved with, in a range. */
export const environmentOf = (
  sources: Sources,
  range: TimeRange,
  rangeKey: string,
  about: About,
  cache: Map<string, Promise<Option[]>>,
): Environment => ({
  sources,
  builtin: globalScope({ range, timeZone: about.timeZone, uid: about.uid, title: about.title }),
  range: { from: range.from.valueOf(), to: range.to.valueOf() },
  rangeKey,
  cache,
});

/** A dashboard's variables, resolved anew when the address, the range as written, or the dashboard changes. */
export function useVariables(
  defs: VariableDef[],
  sources: Sources | undefined,
  params: URLSearchParams,
  range: TimeRange,
  rangeKey: string,
  about: About,
  cache: Map<string, Promise<Option[]>>,
): Resolved {
  const usable = useMemo(() => defs.filter((def) => supportedVariables.has(def.type)), [defs]);
  const [resolved, setResolved] = useState<Resolved>(() => ({ variables: new Map(), waiting: new Set(usable.map((def) => def.name)) }));
  const asked = usable.map((def) => [def.name, params.getAll(`var-${def.name}`)] as const).filter(([, values]) => values.length > 0);
  const askedKey = JSON.stringify(asked);
  const latest = useRef(range);
  latest.current = range;
  useEffect(() => {
    if (!sources) {
      return;
    }
    let live = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const done = new Map<string, VariableState>();
    const names = usable.map((def) => def.name);
    const publish = () => {
      timer = undefined;
      if (live) {
        const waiting = new Set(names.filter((name) => !done.has(name)));
        // Those still waited for keep what they had, so that nothing flickers where only their order matters.
        setResolved((before) => ({
          variables: new Map(
            names.flatMap((name) => {
              const state = done.get(name) ?? before.variables.get(name);
              return state ? [[name, state] as const] : [];
            }),
          ),
          waiting,
        }));
      }
    };
    const soon = () => {
      timer ??= setTimeout(publish, 0);
    };
    const wanted = new Map(JSON.parse(askedKey) as Array<[string, string[]]>);
    void resolveVariables(
      usable,
      (name) => wanted.get(name),
      environmentOf(sources, latest.current, rangeKey, about, cache),
      (state) => {
        done.set(state.def.name, state);
        soon();
      },
    );
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [usable, sources, askedKey, rangeKey, about.timeZone, about.uid, about.title, cache]);
  return resolved;
}
