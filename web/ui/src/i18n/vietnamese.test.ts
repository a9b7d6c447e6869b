import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { componentName, pointName, profileText, stateName } from './pointNames';
import { vietnamese, vietnameseTitle } from './vietnamese';
import { afterWords, beforeWords, keptWords, linkWords, nounWords } from './vietnameseWords';

describe('Vietnamese of profiles', () => {
  it('puts what determines a thing behind it', () => {
    expect(vietnamese('battery temperature')).toBe('nhiệt độ ắc quy');
    expect(vietnamese('power modules')).toBe('mô-đun nguồn');
    expect(vietnamese('circuit 1 high pressure alarm')).toBe('cảnh báo áp suất mạch 1 cao');
    expect(vietnamese('temperature limit 1')).toBe('giới hạn nhiệt độ 1');
    expect(vietnamese('branch A power')).toBe('công suất mạch nhánh A');
  });
  it('puts verbs before the thing and what is said of it behind', () => {
    expect(vietnamese('communication lost')).toBe('mất truyền thông');
    expect(vietnamese('sensor missing')).toBe('thiếu cảm biến');
    expect(vietnamese('UPS on battery')).toBe('UPS đang chạy ắc quy');
    expect(vietnamese('not closed')).toBe('không đóng');
    expect(vietnamese('no battery')).toBe('không có ắc quy');
  });
  it('keeps numbers, punctuation and abbreviations, and begins with a capital where it stands alone', () => {
    expect(vietnameseTitle('unknown (7)')).toBe('Không rõ (7)');
    expect(vietnameseTitle('SNMP agent')).toBe('Tác nhân SNMP');
    expect(vietnameseTitle('I/O unit 2 relay 1')).toBe('Rơle 1 khối vào/ra 2');
  });
  it('keeps names of products and protocols that are words as well', () => {
    expect(vietnamese('velocity enabled')).toBe('cho phép Velocity');
    expect(vietnamese('air velocity')).toBe('tốc độ gió');
    expect(vietnamese('Room Alert 7E')).toBe('Room Alert 7E');
    expect(vietnamese('CAN bus off')).toBe('bus CAN tắt');
    expect(vietnamese('data bus ring')).toBe('vòng bus dữ liệu');
    expect(vietnamese('DC bus')).toBe('thanh cái một chiều');
    expect(vietnamese('negative DC link under voltage')).toBe('điện áp thấp mạch một chiều trung gian âm');
  });
  it('says nothing when a word is not known or there is nothing to say', () => {
    expect(vietnamese('quux temperature')).toBeUndefined();
    expect(vietnamese('0000-1234')).toBeUndefined();
    expect(vietnamese('')).toBeUndefined();
  });
  it('is in normal form C, and a word stands in one list', () => {
    const lists = [nounWords, afterWords, beforeWords, linkWords];
    const seen = new Set<string>();
    for (const [english, text] of lists.flatMap((l) => Object.entries(l))) {
      expect(text.normalize('NFC'), english).toBe(text);
      expect(english, english).toBe(english.toLowerCase());
      expect(seen.has(english), english).toBe(false);
      seen.add(english);
    }
    expect(new Set(keptWords).size).toBe(keptWords.length);
  });
});

// What the built-in profiles say, and how much of it has a Vietnamese form. A
// use is one word of the key of one point of one profile, or one text of one
// state table.
describe('the built-in profiles', () => {
  const folder = join(import.meta.dirname, '../../../../configs/profiles');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((f) => join(folder, f));
  const goldens = files.filter((f) => f.endsWith('.expected.json')).map((f) => JSON.parse(readFileSync(f, 'utf8')) as { readings: { key: string; label: string; state?: string }[] });
  const profiles = files.filter((f) => f.endsWith('.yaml')).map((f) => readFileSync(f, 'utf8'));

  const identifier = /^(\d.*|[A-Z]|[a-z]|[a-z]{0,2}\d+[a-z]?|.*\d{4,}.*|(L[123]|N)(-(L[123]|N))?)$/;
  /** The share of uses that differ from the English form, and what is left. */
  function share(uses: readonly string[], say: (word: string) => string, english: (word: string) => string) {
    const left = new Map<string, number>();
    const same = (word: string) => say(word) === english(word) && vietnamese(word.replace(/-/g, ' ')) === undefined;
    for (const word of uses.filter(same)) left.set(word, (left.get(word) ?? 0) + 1);
    const missing = [...left.values()].reduce((a, b) => a + b, 0);
    return { share: 1 - missing / uses.length, left: [...left].sort((a, b) => b[1] - a[1]).map(([w, n]) => `${n} ${w}`).join(', ') };
  }
  const keys = goldens.flatMap((g) => [...new Set(g.readings.map((r) => r.key.replace(/\d+/g, '1')))].map((k) => k.split('/')));

  it('have parts in Vietnamese', () => {
    const uses = keys.flatMap((k) => k.slice(0, -1)).filter((p) => !identifier.test(p));
    const got = share(uses, (p) => componentName(p, 'vi'), (p) => componentName(p, 'en'));
    expect(uses.length).toBeGreaterThan(5000);
    expect(got.share, got.left).toBeGreaterThan(0.99);
  });
  it('have quantities in Vietnamese', () => {
    const uses = keys.map((k) => k.at(-1) ?? '').filter((q) => !identifier.test(q));
    const name = (language: 'vi' | 'en') => (key: string) => pointName({ key, label: '' }, language);
    const got = share(uses, name('vi'), name('en'));
    expect(uses.length).toBeGreaterThan(5000);
    expect(got.share, got.left).toBeGreaterThan(0.99);
  });
  it('have states in Vietnamese', () => {
    const written = profiles.filter((p) => !/^traps:/m.test(p)).flatMap((p) => [...p.matchAll(/\{text: ("[^"]*"|'[^']*'|[^,}]+), severity/g)].map((m) => (m[1] ?? '').replace(/^["']|["']$/g, '')));
    const read = goldens.flatMap((g) => [...new Set(g.readings.map((r) => r.state ?? ''))]).filter(Boolean);
    const uses = [...written, ...read].filter((s) => !identifier.test(s));
    const got = share(uses, (s) => stateName(s, 'vi'), (s) => stateName(s, 'en'));
    expect(written.length).toBeGreaterThan(5000);
    expect(got.share, got.left).toBeGreaterThan(0.98);
  });
  it('have notifications in Vietnamese', () => {
    const uses = profiles.flatMap((p) => [...p.matchAll(/^ {2}- \{oid: [\d.]+, name: [\w-]+, text: ("[^"]*"|.*?), severity: /gm)].map((m) => (m[1] ?? '').replace(/^"|"$/g, '').replace(/: \{.*/, '')));
    const got = share(uses, (x) => profileText(x, 'vi'), (x) => profileText(x, 'en'));
    expect(uses.length).toBeGreaterThan(12_000);
    expect(got.share, got.left).toBeGreaterThan(0.93);
  });
});
