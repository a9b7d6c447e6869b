import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { meaningsOf } from './search';

beforeAll(() => startI18n('en'));

const means = (q: string, language: 'en' | 'vi' = 'vi') => meaningsOf(q, i18n.getFixedT(language), language) ?? [];

describe('words of a search', () => {
  it('stand for the states that are shown', () => {
    for (const word of ['không', 'phản', 'hồi']) expect(means('Không phản hồi')).toContain(`${word}=contact/silent`);
    expect(means('khong phan hoi')).toContain('khong=contact/silent');
    expect(means('phản')).not.toContain('phản=contact/ok');
    expect(means('not answering', 'en')).toEqual(expect.arrayContaining(['not=contact/silent', 'answering=contact/silent']));
    expect(means('phản hồi', 'en')).toEqual([]);
  });
  it('stand for kinds', () => {
    expect(means('khởi động lại')).toEqual(expect.arrayContaining(['khởi=restarted', 'động=restarted', 'lại=restarted']));
    expect(means('outcome', 'en')).toContain('outcome=control/outcome-unknown');
    expect(means('tràn')).toContain('tràn=counter-wrapped');
    // All of a kind is said once.
    expect(means('kết').filter((m) => m.startsWith('kết=contact'))).toEqual(['kết=contact']);
  });
  it('stand for what devices tell in English', () => {
    expect(means('ắc quy')).toEqual(expect.arrayContaining(['ắc=trap/battery', 'quy=trap/battery']));
    expect(means('ac quy ups-1')).toContain('quy=trap/battery');
    expect(means('ắc quy', 'en')).toEqual([]);
  });
  it('are not more than the server takes', () => {
    expect(means('e i a o n c h t g ô m').length).toBeLessThanOrEqual(100);
    expect(meaningsOf(' ', i18n.getFixedT('vi'), 'vi')).toBeUndefined();
    expect(means('a=b')).toEqual([]);
  });
});
