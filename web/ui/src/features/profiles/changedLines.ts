export interface ChangedLines {
  before: string[];
  after: string[];
  /** The line at which the two begin to differ, from 1. */
  from: number;
}

/** What lies between the lines with which two texts begin and end alike. */
export function changedLines(before: string, after: string): ChangedLines {
  const a = before.trimEnd().split('\n');
  const b = after.trimEnd().split('\n');
  const least = Math.min(a.length, b.length);
  let head = 0;
  while (head < least && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < least - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { before: a.slice(head, a.length - tail), after: b.slice(head, b.length - tail), from: head + 1 };
}
