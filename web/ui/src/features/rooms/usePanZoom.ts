import { useCallback, useEffect, useRef, useState, type PointerEvent } from 'react';

export interface View {
  x: number;
  y: number;
  width: number;
  height: number;
}

const closest = 0.06;
const dragPx = 4;

/** Zooms and moves the view box of a drawing by wheel, drag and pinch. */
export function usePanZoom(whole: View) {
  const svg = useRef<SVGSVGElement>(null);
  const [view, setView] = useState<View | null>(null);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(false);
  const { x, y, width, height } = whole;

  const zoomAt = useCallback(
    (factor: number, clientX?: number, clientY?: number) => {
      const box = svg.current?.getBoundingClientRect();
      setView((v) => {
        const from = v ?? { x, y, width, height };
        const next = Math.min(1, Math.max(closest, (from.width * factor) / width));
        const w = width * next;
        const h = height * next;
        const fx = box && clientX !== undefined ? (clientX - box.left) / box.width : 0.5;
        const fy = box && clientY !== undefined ? (clientY - box.top) / box.height : 0.5;
        return next >= 1 ? null : { x: from.x + fx * (from.width - w), y: from.y + fy * (from.height - h), width: w, height: h };
      });
    },
    [x, y, width, height],
  );

  useEffect(() => {
    const element = svg.current;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      zoomAt(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 300), event.clientX, event.clientY);
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [zoomAt]);

  const onPointerDown = (event: PointerEvent) => {
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.current.size === 1) moved.current = false;
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = pointers.current.get(event.pointerId);
    const box = svg.current?.getBoundingClientRect();
    if (!from || !box) return;
    const to = { x: event.clientX, y: event.clientY };
    if (!moved.current && Math.hypot(to.x - from.x, to.y - from.y) < dragPx) return;
    if (!moved.current) svg.current?.setPointerCapture(event.pointerId);
    moved.current = true;
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, to);
    if (other) {
      const before = Math.hypot(from.x - other.x, from.y - other.y);
      const after = Math.hypot(to.x - other.x, to.y - other.y);
      if (after > 0) zoomAt(before / after, (to.x + other.x) / 2, (to.y + other.y) / 2);
      return;
    }
    setView((v) => {
      if (!v) return v;
      const scale = Math.max(v.width / box.width, v.height / box.height);
      return { ...v, x: v.x - (to.x - from.x) * scale, y: v.y - (to.y - from.y) * scale };
    });
  };
  const release = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
  };
  return {
    svg,
    view: view ?? whole,
    zoomed: view !== null,
    zoomAt,
    reset: () => setView(null),
    /** Whether the pointer that was just released had moved the drawing. */
    wasDrag: () => moved.current,
    handlers: { onPointerDown, onPointerMove, onPointerUp: release, onPointerCancel: release, onPointerLeave: release },
  };
}
