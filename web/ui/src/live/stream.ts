import type { Schemas } from '../api/client';
import { noteContact, reportConnection } from './connection';
import { newer, type Value } from './freshness';

/** What a stream is about: points, a device, a rack or a room. */
export interface StreamScope {
  point?: readonly number[];
  device?: number;
  rack?: number;
  room?: number;
}

export type DeviceState = Schemas['DeviceState'];
export type JournalNews = Schemas['StreamJournal'];

export function streamUrl(scope: StreamScope, since?: string): string {
  const query = new URLSearchParams();
  scope.point?.forEach((id) => query.append('point', String(id)));
  if (scope.device !== undefined) query.set('device', String(scope.device));
  if (scope.rack !== undefined) query.set('rack', String(scope.rack));
  if (scope.room !== undefined) query.set('room', String(scope.room));
  if (since) query.set('since', since);
  return `/api/v1/stream?${query.toString()}`;
}

let streamCount = 0;
const silenceLimitMs = 45_000;
const retryMs = [1000, 2000, 4000, 8000, 15_000];

/**
 * One live subscription. Values are kept by point; readers are told at most
 * once per frame. After a break it asks for what it missed by sequence number.
 */
export class LiveStream {
  private readonly id = ++streamCount;
  private source: EventSource | null = null;
  private readonly listeners = new Set<() => void>();
  private frame = 0;
  private timer = 0;
  private watchdog = 0;
  private attempts = 0;
  private lostSince = 0;
  private seq: string | undefined;
  private map: ReadonlyMap<number, Value> = new Map();
  private pending = new Map<number, Value>();

  constructor(
    private readonly scope: StreamScope,
    since?: string,
    private readonly onDevice?: (state: DeviceState) => void,
    private readonly onJournal?: (news: JournalNews) => void,
  ) {
    this.seq = since;
  }

  readonly values = (): ReadonlyMap<number, Value> => this.map;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    reportConnection(this.id, { state: 'connecting', since: Date.now() });
    window.addEventListener('offline', this.onOffline);
    window.addEventListener('online', this.onOnline);
    this.open();
  }

  stop(): void {
    window.removeEventListener('offline', this.onOffline);
    window.removeEventListener('online', this.onOnline);
    this.source?.close();
    this.source = null;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    reportConnection(this.id, null);
  }

  /** Takes values from a stream message or from an answer of the API. */
  merge(values: readonly Value[]): void {
    for (const value of values) {
      const known = this.pending.get(value.point) ?? this.map.get(value.point);
      if (newer(known, value)) this.pending.set(value.point, value);
    }
    if (this.pending.size > 0 && this.frame === 0) this.frame = requestAnimationFrame(() => this.publish());
  }

  // The browser knows at once that its network is gone; a connection may not.
  private readonly onOffline = () => {
    if (this.source) this.failed(this.source);
  };

  private readonly onOnline = () => this.retry(0);

  private publish(): void {
    this.frame = 0;
    const next = new Map(this.map);
    this.pending.forEach((value, point) => next.set(point, value));
    this.pending = new Map();
    this.map = next;
    this.listeners.forEach((listener) => listener());
  }

  private open(): void {
    const source = new EventSource(streamUrl(this.scope, this.seq));
    this.source = source;
    source.addEventListener('open', () => {
      const missed = this.lostSince > 0;
      this.heard();
      // Of events nobody tells what came meanwhile.
      if (missed) this.onJournal?.({});
    });
    source.addEventListener('error', () => this.failed(source));
    source.addEventListener('values', (event: MessageEvent<string>) => {
      this.heard();
      const message = JSON.parse(event.data) as Schemas['StreamValues'];
      this.seq = message.seq;
      this.merge(message.values);
    });
    source.addEventListener('device', (event: MessageEvent<string>) => {
      this.heard();
      this.onDevice?.(JSON.parse(event.data) as DeviceState);
    });
    source.addEventListener('journal', (event: MessageEvent<string>) => {
      this.heard();
      this.onJournal?.(JSON.parse(event.data) as JournalNews);
    });
    this.watch();
  }

  private heard(): void {
    noteContact();
    this.attempts = 0;
    this.lostSince = 0;
    reportConnection(this.id, { state: 'open', since: 0 });
    this.watch();
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return;
    this.lostSince ||= Date.now();
    reportConnection(this.id, { state: 'lost', since: this.lostSince });
    this.retry(retryMs[Math.min(this.attempts++, retryMs.length - 1)] ?? 15_000);
  }

  // A dead connection may look open for hours: silence ends it.
  private watch(): void {
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => this.retry(0), silenceLimitMs);
  }

  private retry(delayMs: number): void {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.open(), delayMs);
  }
}
