import type { Schemas } from '../api/client';

export type Value = Schemas['Value'];
export type Measured = Schemas['Measured'];
export type Quality = Schemas['Quality'];

/** Without contact for this long, no figure is shown as current. */
export const contactLimitMs = 30_000;

/** The quality of a value now: a good one becomes stale when it is older than its limit. */
export function qualityNow(
  value: Pick<Value, 'quality' | 'time' | 'value'>,
  staleAfterS: number,
  nowMs: number,
): Quality {
  if (value.quality !== 'good') return value.quality;
  if (value.value === null || value.time === undefined) return 'none';
  return nowMs - Date.parse(value.time) > staleAfterS * 1000 ? 'stale' : 'good';
}

/**
 * The quality of a figure that the server made of several points. The server
 * judged it when it answered; without contact since, it is stale.
 */
export function measuredQuality(measured: Measured, lastContactMs: number, nowMs: number): Quality {
  if (measured.quality !== 'good') return measured.quality;
  if (measured.value === null) return 'none';
  return nowMs - lastContactMs > contactLimitMs ? 'stale' : 'good';
}

/** Whether there is a number to show at all; a stale one is shown, marked. */
export function showsNumber(quality: Quality): boolean {
  return quality === 'good' || quality === 'stale';
}

/**
 * Merges a live value into those known. An older reading never replaces a newer
 * one, whatever order the messages come in.
 */
export function newer(known: Value | undefined, incoming: Value): boolean {
  if (!known?.time) return true;
  if (!incoming.time) return true;
  return Date.parse(incoming.time) >= Date.parse(known.time);
}
