import { useLayoutEffect, useState, type RefObject } from 'react';

/** The width of an element in pixels, known before it is painted. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const at = element.current;
    if (!at) return;
    const measure = () => setWidth(Math.round(at.getBoundingClientRect().width));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(at);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
