/** Whether live values arrive; `since` is when they ceased to, in milliseconds. */
export interface Connection {
  state: 'idle' | 'connecting' | 'open' | 'lost';
  since: number;
}

const streams = new Map<number, Connection>();
const listeners = new Set<() => void>();
let summary: Connection = { state: 'idle', since: 0 };
let lastContact = Date.now();

function summarise(): Connection {
  const all = [...streams.values()];
  const lost = all.filter((c) => c.state === 'lost').sort((a, b) => a.since - b.since)[0];
  if (lost) return lost;
  return all.find((c) => c.state === 'open') ?? all[0] ?? { state: 'idle', since: 0 };
}

export function reportConnection(stream: number, connection: Connection | null): void {
  if (connection) streams.set(stream, connection);
  else streams.delete(stream);
  const next = summarise();
  if (next.state === summary.state && next.since === summary.since) return;
  summary = next;
  listeners.forEach((listener) => listener());
}

/** Notes that the server has just answered or sent something. */
export function noteContact(): void {
  lastContact = Date.now();
}

// The requests of a page count as a stream of their own, for pages without one.
const requests = 0;

/** Notes that a request was answered. */
export function noteAnswer(): void {
  noteContact();
  reportConnection(requests, null);
}

/** Notes that a request had no answer at all. */
export function noteNoAnswer(): void {
  const known = streams.get(requests);
  reportConnection(requests, known ?? { state: 'lost', since: Date.now() });
}

/** When the server was last heard, in milliseconds of this browser's clock. */
export function lastContactMs(): number {
  return lastContact;
}

export function connection(): Connection {
  return summary;
}

export function subscribeConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
