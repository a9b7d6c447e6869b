// Ages are judged by the server's clock: a browser whose clock is wrong would
// otherwise show everything as stale, or stale things as current.

const toleratedMs = 2000;
let offsetMs = 0;

/** Takes the Date header of an answer, which has a resolution of one second. */
export function observeServerDate(header: string | null, now = Date.now()): void {
  if (!header) return;
  const server = Date.parse(header);
  if (Number.isNaN(server)) return;
  const difference = server + 500 - now;
  offsetMs = Math.abs(difference) > toleratedMs ? difference : 0;
}

/** The server's time, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
