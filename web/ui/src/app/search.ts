// Filters, selections and time ranges live in the address. These readers take
// whatever somebody pasted and keep what makes sense.

export type Search = Record<string, unknown>;

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

export function idOf(value: unknown): number | undefined {
  const id = Number(value);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

export function idsOf(value: unknown, most: number): number[] | undefined {
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value];
  const ids = [...new Set(parts.map(idOf).filter((id) => id !== undefined))].slice(0, most);
  return ids.length > 0 ? ids : undefined;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((a) => a === value);
}

export function manyOf<T extends string>(value: unknown, allowed: readonly T[]): T[] | undefined {
  const parts: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  const kept = allowed.filter((a) => parts.includes(a));
  return kept.length > 0 ? kept : undefined;
}

/** A moment in the address, in milliseconds since the epoch. */
export function momentOf(value: unknown): number | undefined {
  const ms = Number(value);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : undefined;
}
