import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { faultCause } from './faultCause';

beforeAll(() => startI18n('en'));

describe('the cause of a fault of a profile', () => {
  it.each([
    ['unknown key "clas"', 'Không có khóa clas trong ngôn ngữ hồ sơ', 'The language of profiles has no key clas'],
    ['extends: there is no profile "mib3"', 'Không có hồ sơ mib3', 'There is no profile mib3'],
    ['class "frequence" is not one of [voltage]', 'Giá trị frequence không thuộc các giá trị được phép', 'The value frequence is not an allowed one'],
    ['class voltage needs a unit: one of [V kV]', 'Đại lượng voltage cần đơn vị', 'The quantity voltage needs a unit'],
    ['source is missing: name the MIB or manual', 'Thiếu source', 'source is missing'],
    ['not a device profile: the key "profile" is missing', 'Thiếu profile', 'profile is missing'],
    ['register 70000 is not between 0 and 65535', 'Giá trị 70000 nằm ngoài khoảng cho phép', 'The value 70000 is out of range'],
    ['something new', '', ''],
  ])('%s', (message, vietnamese, english) => {
    expect(faultCause(message, i18n.getFixedT('vi'))).toBe(vietnamese);
    expect(faultCause(message, i18n.getFixedT('en'))).toBe(english);
  });
});
