import { useCallback, useEffect, useRef, useState } from 'react';
import { markReady } from '../app/ready';

/** Keeps what state each panel in sight is in, and marks the page ready when none is loading. */
export function useReady(base: boolean): { report: (key: string, state: string | undefined) => void; loading: boolean } {
  const states = useRef(new Map<string, string>());
  const [loading, setLoading] = useState(false);
  const baseNow = useRef(base);
  baseNow.current = base;
  const check = useCallback(() => {
    const busy = [...states.current.values()].includes('loading');
    setLoading(busy);
    markReady(baseNow.current && !busy);
  }, []);
  const report = useCallback(
    (key: string, state: string | undefined) => {
      if (state === undefined) {
        states.current.delete(key);
      } else {
        states.current.set(key, state);
      }
      check();
    },
    [check],
  );
  useEffect(check, [check, base]);
  return { report, loading };
}
