import { formatNumber, formatQuantity, type Language } from '../../format/format';
import { fullPointName, groupOf } from '../../i18n/pointNames';
import type { Translate } from '../../i18n/useText';
import type { LookPoint, LookResult, Verdict } from './queries';

interface Words {
  t: Translate;
  language: Language;
}

/** A value as it was read: what is doubtful must not be rounded away. */
export function exactValue(value: number, unit: string, language: Language, step = 0): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return `${value.toExponential(2)} ${unit}`.trim();
  return formatQuantity(value, unit, language, step);
}

/** What is doubtful and what would agree, in words. */
export function verdictText(verdict: Verdict, points: readonly LookPoint[], { t, language }: Words): string {
  const point = points.find((p) => p.key === verdict.keys[0]);
  const name = point ? fullPointName(point, language) : (verdict.keys[0] ?? '');
  const said = t(`verdict.${verdict.rule}`, { name, value: exactValue(verdict.value, verdict.unit, language) });
  const would = verdict.expected === undefined ? '' : t('looks.wouldAgree', { value: exactValue(verdict.expected, verdict.unit, language) });
  const factor = verdict.factor ? t('looks.factor', { factor: formatFactor(verdict.factor, language) }) : '';
  return [said, would, factor].filter(Boolean).join(' ');
}

function formatFactor(factor: number, language: Language): string {
  return formatNumber(factor, factor < 1 ? Math.max(1, Math.round(-Math.log10(factor))) : 0, language);
}

const noneFound = (result: Pick<LookResult, 'verdicts'>, rule: string) =>
  !result.verdicts.some((v) => v.rule === rule || (rule === 'range' && v.rule === 'factor'));

/** What was looked for without finding a doubt. */
export function passedChecks(result: Pick<LookResult, 'verdicts' | 'checks'>) {
  return result.checks.filter((c) => noneFound(result, c.rule));
}

export interface LookGroup {
  component: string;
  points: LookPoint[];
}

/** Points by the part of the device that they belong to, in the device's order. */
export function groupLook(points: readonly LookPoint[], words: string, only: (p: LookPoint) => boolean, fold: (text: string) => string): LookGroup[] {
  const wanted = fold(words.trim());
  const groups = new Map<string, LookPoint[]>();
  for (const p of points) {
    if (!only(p) || (wanted && !fold(`${p.key} ${p.label} ${p.source}`).includes(wanted))) continue;
    const component = groupOf(p.component);
    const group = groups.get(component);
    if (group) group.push(p);
    else groups.set(component, [p]);
  }
  return [...groups].map(([component, group]) => ({ component, points: group }));
}
