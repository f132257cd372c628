import { useCallback, useRef, useState } from 'react';

/** The width of an element in pixels, 0 before it is known; measured anew when it changes. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver>(undefined);
  const ref = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (element) {
      setWidth(Math.floor(element.clientWidth));
      observer.current = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
      observer.current.observe(element);
    }
  }, []);
  return [ref, width];
}
