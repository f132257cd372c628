import { type RefObject, useEffect, useMemo, useState } from 'react';
import type { Placed } from './layout';

/** A dashboard of more rows and panels than this keeps only those about the part in sight on the page. */
export const MANY = 200;

/** Screens above and below the part in sight that are kept. */
const AROUND = 1.5;

/** The items that are near what is in sight, of a list of many; all of a short one. */
export function near(items: Placed[], top: number, height: number): Placed[] {
  const from = top - AROUND * height;
  const to = top + (1 + AROUND) * height;
  return items.filter((item) => item.top + item.height >= from && item.top <= to);
}

/** Follows the page's scrolling, in steps of half a screen, where there are many items. */
export function useWindowed(items: Placed[], all: boolean, container: RefObject<HTMLElement | null>): Placed[] {
  const many = !all && items.length > MANY;
  const [step, setStep] = useState(0);
  useEffect(() => {
    if (!many) {
      return;
    }
    const follow = () => {
      const above = -(container.current?.getBoundingClientRect().top ?? 0);
      setStep(Math.round(above / (window.innerHeight / 2)));
    };
    follow();
    window.addEventListener('scroll', follow, { passive: true });
    window.addEventListener('resize', follow);
    return () => {
      window.removeEventListener('scroll', follow);
      window.removeEventListener('resize', follow);
    };
  }, [many, container]);
  return useMemo(() => (many ? near(items, (step * window.innerHeight) / 2, window.innerHeight) : items), [items, many, step]);
}
