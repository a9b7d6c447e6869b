import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connection } from './connection';
import { LiveStream, streamUrl } from './stream';

type Listener = (event: { data: string }) => void;

/** Stands for the browser's EventSource, which the test environment lacks. */
class Source {
  static opened: Source[] = [];
  closed = false;
  private readonly listeners = new Map<string, Listener>();
  constructor(readonly url: string) {
    Source.opened.push(this);
  }
  addEventListener(type: string, listener: Listener) {
    this.listeners.set(type, listener);
  }
  close() {
    this.closed = true;
  }
  emit(type: string, data: unknown = {}) {
    this.listeners.get(type)?.({ data: JSON.stringify(data) });
  }
}

const last = () => Source.opened.at(-1) as Source;
const values = (seq: string, ...items: [number, number, string][]) => ({
  seq,
  values: items.map(([point, value, time]) => ({ point, value, quality: 'good', time })),
});

let stream: LiveStream;
beforeEach(() => {
  Source.opened = [];
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('requestAnimationFrame', (f: () => void) => setTimeout(f, 16));
  vi.stubGlobal('cancelAnimationFrame', (id: number) => clearTimeout(id));
  stream = new LiveStream({ device: 7 }, '41');
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('LiveStream', () => {
  it('asks for its scope from the sequence number it was given', () => {
    expect(streamUrl({ point: [1, 2], room: 3 })).toBe('/api/v1/stream?point=1&point=2&room=3');
    stream.start();
    expect(last().url).toBe('/api/v1/stream?device=7&since=41');
  });

  it('tells readers once per frame and keeps the newest of each point', () => {
    const told = vi.fn();
    stream.subscribe(told);
    stream.start();
    last().emit('values', values('42', [1, 20, '2026-11-23T10:00:10Z'], [2, 5, '2026-11-23T10:00:10Z']));
    last().emit('values', values('43', [1, 19, '2026-11-23T10:00:05Z']));
    vi.advanceTimersByTime(20);
    expect(told).toHaveBeenCalledTimes(1);
    expect(stream.values().get(1)?.value).toBe(20);
    expect(stream.values().get(2)?.value).toBe(5);
  });

  it('says since when it is lost and catches up from the last message', () => {
    stream.start();
    last().emit('open');
    expect(connection().state).toBe('open');
    last().emit('values', values('99', [1, 20, '2026-11-23T10:00:10Z']));
    const lostAt = Date.now();
    last().emit('error');
    expect(connection()).toEqual({ state: 'lost', since: lostAt });
    vi.advanceTimersByTime(1000);
    expect(Source.opened).toHaveLength(2);
    expect(last().url).toContain('since=99');
    last().emit('error');
    vi.advanceTimersByTime(500);
    expect(connection().since).toBe(lostAt);
    vi.advanceTimersByTime(1500);
    last().emit('open');
    expect(connection().state).toBe('open');
  });

  it('opens anew when nothing was heard for long', () => {
    stream.start();
    last().emit('open');
    vi.advanceTimersByTime(46_000);
    expect(Source.opened).toHaveLength(2);
    expect(Source.opened[0]?.closed).toBe(true);
  });
});
