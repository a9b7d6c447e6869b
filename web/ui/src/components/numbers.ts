/** The number that is typed; none when it is no number yet. */
export function numberOf(typed: number | string): number | undefined {
  if (typeof typed === 'number') return typed;
  return typed.trim() === '' || !Number.isFinite(Number(typed)) ? undefined : Number(typed);
}

/** How many decimals a bound is written with. */
export const decimalsOf = (n: number): number => (Number.isInteger(n) ? 0 : 1);

interface Bounds {
  min?: number;
  max?: number;
}

/** What is to be told of a number that is not within its bounds; nothing of one that is, or that is left out. */
export function outOfBounds(value: number | undefined, { min = -Infinity, max = Infinity }: Bounds) {
  if (value === undefined || (value >= min && value <= max)) return undefined;
  if (max === Infinity) return { key: 'fault.atLeast', min, max: min } as const;
  return min === -Infinity ? ({ key: 'fault.atMost', min: max, max } as const) : ({ key: 'fault.between', min, max } as const);
}
