import { describe, expect, it } from 'vitest';
import type { Translate } from '../../i18n/useText';
import { causeText, consequence, nameBeside, optionText, presentPoints, wishText } from './words';

const t = ((key: string, values?: Record<string, unknown>) => (values ? `${key} ${JSON.stringify(values)}` : key)) as unknown as Translate;

describe('words of controls', () => {
  it('keeps the name of an option that only a profile knows', () => {
    expect(optionText('off', t)).toBe('controlOption.off');
    expect(optionText('economy', t)).toBe('economy');
    expect(causeText('late', t)).toBe('controlCause.late');
    expect(causeText('of-tomorrow', t)).toBe('of-tomorrow');
  });
  it('tells what a request wants', () => {
    expect(wishText({ control: 'outlet/3/switch', label: 'Outlet 3', option: 'off' }, t, 'en')).toBe('Outlet 3: controlOption.off');
    // What nobody named is called as its points are, in both languages; a name stays.
    expect(wishText({ control: 'unit/2/outlet/3/switch', label: 'Outlet 3', option: 'off' }, t, 'vi')).toBe('Ổ cắm 3: controlOption.off');
    expect(wishText({ control: 'outlet/3/switch', label: 'Outlet Web', option: 'off' }, t, 'vi')).toBe('Outlet Web: controlOption.off');
    expect(consequence({ key: 'outlet/3/switch', label: 'Outlet 3' }, 'off', t, 'vi')).toContain('"Ổ cắm 3"');
    expect(wishText({ control: 'supply/set-point', label: 'Supply air', value: 22.5, unit: '°C' }, t, 'vi')).toMatch(/^Supply air: 22,5\s°C$/);
  });
  it('says what goes dark, and nothing of what does not', () => {
    const outlet = { key: 'unit/2/outlet/3/switch', label: 'Outlet 3' };
    expect(consequence(outlet, 'off', t, 'en')).toContain('control.goesDark ');
    expect(consequence(outlet, 'cycle', t, 'en')).toContain('control.goesDarkShortly');
    expect(consequence(outlet, 'on', t, 'en')).toContain('control.getsPower');
    const off = { ...outlet, options: [{ name: 'off', raw: 2, is_now: true }] } as unknown as typeof outlet;
    expect(consequence(off, 'cycle', t, 'en')).toContain('control.getsPower');
    expect(consequence({ key: 'fan/mode', label: 'Fan' }, 'off', t, 'en')).toBe('');
  });
  it('tells what the device calls an outlet, unless its control says so', () => {
    const point = (key: string, label: string) => ({ point: { id: key.length, key, label, component: 'outlet/2' } });
    const points = [point('outlet/2/state', 'Outlet 2 state'), point('outlet/2/power', 'Web server power')];
    const control = { label: 'Outlet 2', point: 'outlet/2/state'.length };
    expect(nameBeside(control, points)).toBe('Web server');
    expect(nameBeside({ ...control, label: 'web server' }, points)).toBe('');
    expect(nameBeside(control, points.slice(0, 1))).toBe('');
    expect(nameBeside({ label: 'Outlet 2' }, points)).toBe('');
  });
  it('shows the state and the load of the same outlet', () => {
    const point = (id: number, component: string, quantity: string) => ({ point: { id, key: `${component}/x`, label: '', component, class: quantity } });
    const points = [point(1, 'outlet/2', 'current'), point(2, 'outlet/3', 'power'), point(3, 'outlet/2', 'state'), point(4, 'outlet/2', 'power')];
    expect(presentPoints({ point: 3 }, points).map((p) => p.point.id)).toEqual([3, 4]);
    expect(presentPoints({ point: 3 }, points.slice(0, 3)).map((p) => p.point.id)).toEqual([3, 1]);
    expect(presentPoints({}, points)).toEqual([]);
    expect(presentPoints(undefined, points)).toEqual([]);
    expect(presentPoints({ point: 5 }, [point(5, 'fan/1', 'state'), point(6, 'fan/1', 'power')]).map((p) => p.point.id)).toEqual([5]);
  });
});
