import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { chosenByText, reasonsText } from './reasons';

beforeAll(() => startI18n('en'));

describe('what the choice of a profile rests on', () => {
  const en = () => i18n.getFixedT('en');
  const vi = () => i18n.getFixedT('vi');
  const why = [{ code: 'sysobjectid-exact', value: '1.3.6.1.4.1.318.1.3.4.5' }, { code: 'object', value: '1.3.6.1.2.1.33.1.1.1.0' }] as const;
  it('is told in the language of the reader', () => {
    expect(reasonsText(why, en())).toBe('sysObjectID is exactly 1.3.6.1.4.1.318.1.3.4.5 · object 1.3.6.1.2.1.33.1.1.1.0 answered');
    expect(reasonsText(why, vi())).toBe('sysObjectID đúng bằng 1.3.6.1.4.1.318.1.3.4.5 · đối tượng 1.3.6.1.2.1.33.1.1.1.0 có trả lời');
    expect(reasonsText([{ code: 'other', value: 'has 1.3.6' }], vi())).toBe('has 1.3.6');
    expect(reasonsText(undefined, vi())).toBe('');
  });
  it('does not call the proposal of a scan the choice of a person', () => {
    const result = { profile: 'a', candidates: [{ profile: 'b', title: 'B', why: [] }, { profile: 'a', title: 'A', why: [{ code: 'description' as const }] }] };
    expect(chosenByText({ ...result, chosen_by: 'match' }, en())).toBe('words of its description fit');
    expect(chosenByText({ ...result, chosen_by: 'finding' }, en())).toBe('proposed by the scan: words of its description fit');
    expect(chosenByText({ ...result, chosen_by: 'person' }, vi())).toContain('người');
    expect(chosenByText({ ...result, chosen_by: 'finding' }, vi())).not.toContain('người');
  });
});
