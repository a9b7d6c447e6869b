import { expect, it } from 'vitest';
import { browserName } from './browserName';

it('names browser and system', () => {
  expect(browserName('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0')).toBe('Edge · Windows');
  expect(browserName('Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36')).toBe('Chrome · Android');
  expect(browserName('curl/8.5.0')).toBe('curl/8.5.0');
  expect(browserName(undefined)).toBe('');
});
