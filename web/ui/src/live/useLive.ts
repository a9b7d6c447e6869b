import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { connection, subscribeConnection, type Connection } from './connection';
import { serverNow } from './clock';
import type { Value } from './freshness';
import { LiveStream, type DeviceState, type JournalNews, type StreamScope } from './stream';

const nothing: ReadonlyMap<number, Value> = new Map();
const never = () => () => undefined;

/** The newest values of a scope, live; an undefined scope opens no stream. */
export function useLive(
  scope: StreamScope | undefined,
  since?: string,
  onDevice?: (state: DeviceState) => void,
  onJournal?: (news: JournalNews) => void,
): ReadonlyMap<number, Value> {
  const key = scope ? JSON.stringify(scope) : '';
  const [stream, setStream] = useState<LiveStream | null>(null);
  const handler = useMemo(() => onDevice, [onDevice]);
  const journal = useMemo(() => onJournal, [onJournal]);
  useEffect(() => {
    if (!key) return undefined;
    const next = new LiveStream(JSON.parse(key) as StreamScope, since, handler, journal);
    next.start();
    setStream(next);
    return () => {
      next.stop();
      setStream(null);
    };
    // The sequence number only matters for the first connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, handler, journal]);
  return useSyncExternalStore(stream?.subscribe ?? never, () => stream?.values() ?? nothing);
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribeConnection, connection);
}

/** The server's time, renewed every so often so that ages move on by themselves. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
