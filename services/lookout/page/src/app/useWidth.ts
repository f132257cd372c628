import { useCallback, useRef, useState } from 'react';

/** The width of an element in pixels, 0 before it is known; measured anew when it changes. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver>(undefined);
  const ref = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (element) {
      // Hidden, or in a window that is resized for a picture, it has none for a moment: what is drawn stays.
      const measure = () => element.clientWidth > 0 && setWidth(Math.floor(element.clientWidth));
      measure();
      observer.current = new ResizeObserver(measure);
      observer.current.observe(element);
    }
  }, []);
  return [ref, width];
}
