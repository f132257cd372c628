import { useSyncExternalStore } from 'react';

/** Where the page is: the path and its query. One object per address, so that React can compare it. */
export interface Place {
  path: string;
  params: URLSearchParams;
}

const listeners = new Set<() => void>();
let current: { href: string; place: Place } | undefined;

function place(): Place {
  const href = window.location.pathname + window.location.search;
  if (current?.href !== href) {
    current = { href, place: { path: window.location.pathname, params: new URLSearchParams(window.location.search) } };
  }
  return current.place;
}

function tell(): void {
  for (const listener of listeners) {
    listener();
  }
}

window.addEventListener('popstate', tell);

/** Goes to an address of this page without loading it anew. */
export function go(href: string, options: { replace?: boolean } = {}): void {
  const now = window.location.pathname + window.location.search;
  if (href === now) {
    return;
  }
  window.history[options.replace ? 'replaceState' : 'pushState'](null, '', href);
  tell();
}

/** Changes some of the query's parameters; `undefined` takes one away, a list sets it several times. */
export function setParams(changes: Record<string, string | string[] | undefined>, options: { replace?: boolean } = {}): void {
  const params = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name);
    for (const one of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
      params.append(name, one);
    }
  }
  const query = params.toString();
  go(window.location.pathname + (query ? `?${query}` : ''), options);
}

export function usePlace(): Place {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, place);
}

/** Whether a link leads to a place that this page shows itself. */
export function isOwn(href: string): boolean {
  try {
    const url = new URL(href, window.location.href);
    return url.origin === window.location.origin && /^\/($|d\/|d-solo\/|dashboards)/.test(url.pathname);
  } catch {
    return false;
  }
}

/** Follows clicks on the page's own links without loading the page anew. */
export function interceptLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const anchor = (event.target as Element | null)?.closest?.('a');
    const href = anchor?.getAttribute('href');
    if (!anchor || !href || anchor.target === '_blank' || anchor.hasAttribute('download') || !isOwn(href)) {
      return;
    }
    event.preventDefault();
    const url = new URL(href, window.location.href);
    go(url.pathname + url.search);
  });
}
