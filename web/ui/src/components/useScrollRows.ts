import { useVirtualizer, useWindowVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { useLayoutEffect, useState, type Key, type RefObject } from 'react';

interface Options {
  list: RefObject<HTMLElement | null>;
  count: number;
  keyOf: (index: number) => Key;
  /** A guess at the height of a row, in pixels; each is measured once it is there. */
  guessPx: (index: number) => number;
  /** Rows stand side by side in so many lanes, each in the shortest one. */
  lanes?: number;
}

export interface ScrollRows {
  items: VirtualItem[];
  /** Height of all rows, in pixels. */
  totalPx: number;
  /** Where the list begins in what scrolls, from which the items count. */
  marginPx: number;
  measure: (element: Element | null) => void;
}

/** What scrolls an element: an ancestor, or the page. */
function scrollerOf(element: HTMLElement): HTMLElement | Window {
  for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
    const { overflowY } = getComputedStyle(at);
    if (overflowY === 'auto' || overflowY === 'scroll') return at;
  }
  return window;
}

function startIn(scroller: HTMLElement | Window, element: HTMLElement): number {
  const { top } = element.getBoundingClientRect();
  if (!(scroller instanceof HTMLElement)) return top + window.scrollY;
  return top - scroller.getBoundingClientRect().top + scroller.scrollTop;
}

/** The rows of a list that are in sight, whatever scrolls it. */
export function useScrollRows({ list, count, keyOf, guessPx, lanes = 1 }: Options): ScrollRows {
  const [scroller, setScroller] = useState<HTMLElement | Window>();
  const [marginPx, setMargin] = useState(0);
  useLayoutEffect(() => {
    const at = list.current;
    if (!at) return;
    const found = scrollerOf(at);
    const measure = () => {
      const start = startIn(found, at);
      setMargin((before) => (Math.abs(start - before) > 1 ? start : before));
    };
    setScroller(() => found);
    measure();
    // What stands above may grow or shrink at any time.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    if (at.parentElement) observer.observe(at.parentElement);
    found.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      found.removeEventListener('scroll', measure);
    };
  }, [list]);
  const inElement = scroller instanceof HTMLElement;
  const shared = { count, getItemKey: keyOf, estimateSize: guessPx, overscan: 8, scrollMargin: marginPx, lanes };
  const element = useVirtualizer<HTMLElement, Element>({ ...shared, enabled: inElement, getScrollElement: () => (inElement ? scroller : null) });
  const page = useWindowVirtualizer<Element>({ ...shared, enabled: scroller !== undefined && !inElement });
  const rows = inElement ? element : page;
  return { items: rows.getVirtualItems(), totalPx: rows.getTotalSize(), marginPx, measure: rows.measureElement };
}
