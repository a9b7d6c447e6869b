import { describe, expect, it } from 'vitest';
import { contentsOf, onEscape, opened } from './dialogStack';

const escape = (target: Partial<Element> | null = null) => onEscape({ key: 'Escape', isComposing: false, target: target as EventTarget });

describe('Escape', () => {
  it('closes the upper of two dialogs, and the lower one with the next key', () => {
    const closed: string[] = [];
    const closeLower = opened({ close: () => closed.push('lower') });
    const closeUpper = opened({
      close: () => {
        closed.push('upper');
        closeUpper();
      },
    });
    escape();
    expect(closed).toEqual(['upper']);
    escape();
    expect(closed).toEqual(['upper', 'lower']);
    closeLower();
    escape();
    expect(closed).toEqual(['upper', 'lower']);
  });
  it('is left to an open list and to who composes letters', () => {
    const closed: string[] = [];
    const close = opened({ close: () => closed.push('dialog') });
    escape({ getAttribute: () => 'true' });
    onEscape({ key: 'Escape', isComposing: true, target: null });
    onEscape({ key: 'Enter', isComposing: false, target: null });
    expect(closed).toEqual([]);
    close();
  });
});

describe('contents of a form', () => {
  const form = (...fields: object[]) => ({ querySelectorAll: () => fields }) as unknown as ParentNode;
  it('differ by what is typed, chosen and switched', () => {
    const empty = contentsOf(form({ type: 'text', value: '' }, { type: 'checkbox', value: 'on', checked: false }));
    expect(contentsOf(form({ type: 'text', value: '' }, { type: 'checkbox', value: 'on', checked: false }))).toBe(empty);
    expect(contentsOf(form({ type: 'text', value: 'x' }, { type: 'checkbox', value: 'on', checked: false }))).not.toBe(empty);
    expect(contentsOf(form({ type: 'text', value: '' }, { type: 'checkbox', value: 'on', checked: true }))).not.toBe(empty);
    expect(contentsOf(null)).toBe('[]');
  });
});
