import { afterEach, expect, it } from 'vitest';
import { observeServerDate, serverNow } from './clock';

afterEach(() => observeServerDate(new Date().toUTCString()));

it('follows the server when this clock is wrong', () => {
  observeServerDate(new Date(Date.now() + 3_600_000).toUTCString());
  expect(serverNow() - Date.now()).toBeGreaterThan(3_597_000);
});

it('ignores the resolution of the header and nonsense', () => {
  observeServerDate(new Date().toUTCString());
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50);
  observeServerDate('yesterday');
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50);
});
