import { useEffect, useRef } from 'react';

/** Keys as Grafana has them: one after the other (`d k`), or one alone. */
export type Keys = Record<string, () => void>;

/** Milliseconds within which the second key has to follow. */
const PAUSE = 1000;

const named = (event: KeyboardEvent): string => {
  const names: Record<string, string> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', Escape: 'esc' };
  const key = names[event.key] ?? event.key;
  return event.ctrlKey || event.metaKey ? `ctrl+${key.toLowerCase()}` : key;
};

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** Calls what belongs to the keys that are pressed, but for those typed into a field. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let first = '';
    let at = 0;
    const press = (event: KeyboardEvent) => {
      if (typing(event.target) || event.altKey || event.defaultPrevented) {
        return;
      }
      const key = named(event);
      const pair = event.timeStamp - at < PAUSE ? `${first} ${key}` : key;
      const act = latest.current[pair] ?? latest.current[key];
      first = act ? '' : key;
      at = event.timeStamp;
      if (act) {
        event.preventDefault();
        act();
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
