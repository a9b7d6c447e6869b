import { describe, expect, it } from 'vitest';
import { changedLines } from './changedLines';

describe('changedLines', () => {
  it.each([
    ['one line', 'a\nb\nc', 'a\nx\nc', { before: ['b'], after: ['x'], from: 2 }],
    ['lines put in', 'a\nc', 'a\nb\nc', { before: [], after: ['b'], from: 2 }],
    ['a line that comes twice', 'a\na', 'a', { before: ['a'], after: [], from: 2 }],
    ['the same but for the last break', 'a\nb\n', 'a\nb', { before: [], after: [], from: 3 }],
    ['nothing alike', 'a', 'b\nc', { before: ['a'], after: ['b', 'c'], from: 1 }],
  ])('%s', (_, before, after, want) => {
    expect(changedLines(before, after)).toEqual(want);
  });
});
