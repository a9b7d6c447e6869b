import { describe, expect, it } from 'vitest';
import { tooShort } from './lengths';

describe('what is too short', () => {
  it('is counted in characters, as the server does', () => {
    expect(tooShort('', 12)).toBe(0);
    expect(tooShort('mật khẩu', 12)).toBe(4);
    expect(tooShort('mật khẩu'.normalize('NFD'), 12)).toBe(4);
    expect(tooShort('🔑🔑', 5)).toBe(3);
    expect(tooShort('correct horse', 12)).toBe(0);
  });
});
