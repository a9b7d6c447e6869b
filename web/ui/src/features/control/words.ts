import { fold, formatQuantity, type Language } from '../../format/format';
import { labelText, ownLabel } from '../../i18n/pointNames';
import type { Translate } from '../../i18n/useText';
import type { PointValue } from '../devices/queries';
import type { Control, ControlRequest } from './queries';

const options = ['on', 'off', 'cycle', 'start', 'stop', 'reset', 'enable', 'disable', 'auto', 'manual', 'mute', 'test', 'lock', 'unlock'] as const;

/** What an option of a command is called; one that only its profile knows keeps its name. */
export function optionText(name: string, t: Translate): string {
  const known = options.find((o) => o === name);
  return known ? t(`controlOption.${known}`) : name;
}

type Cause = NonNullable<ControlRequest['cause']>;

const causes: Record<Cause, true> = {
  shown: true, 'shown-before': true, accepted: true, 'not-shown': true, 'not-read': true, unanswered: true, 'unanswered-shown': true, interrupted: true, refused: true,
  unreachable: true, late: true, withdrawn: true, replaced: true, deleted: true, moved: true, changed: true, persons: true, internal: true,
};

/** Why a request ended as it did; a reason of a later version keeps its name. */
export const causeText = (name: string, t: Translate): string => (Object.hasOwn(causes, name) ? t(`controlCause.${name as Cause}`) : name);

/** What a request wants: "Outlet 3: Switch off", "Set-point: 22 °C". */
export function wishText(request: Pick<ControlRequest, 'control' | 'label' | 'label_of_profile' | 'option' | 'value' | 'unit'>, t: Translate, language: Language): string {
  const what = request.option ? optionText(request.option, t) : request.value === undefined ? '' : formatQuantity(request.value, request.unit ?? '', language);
  return `${labelText({ ...request, key: request.control }, language)}: ${what}`;
}

/** What happens to gear when an option is carried out, in words; empty when nothing does. What is off only gets power when it is switched off and on. */
export function consequence(control: Pick<Control, 'key' | 'label' | 'label_of_profile' | 'options'>, option: string, t: Translate, language: Language): string {
  const label = labelText(control, language);
  if (!control.key.includes('outlet/')) return '';
  if (option === 'off') return t('control.goesDark', { label });
  const isOff = control.options?.some((o) => o.name === 'off' && o.is_now);
  if (option === 'cycle' && !isOff) return t('control.goesDarkShortly', { label });
  return option === 'on' || option === 'cycle' ? t('control.getsPower', { label }) : '';
}

type Named = Pick<PointValue['point'], 'id' | 'key' | 'label' | 'label_of_profile' | 'component'>;

/** What the device calls the outlet that a control moves, where its points tell and the name of the control does not. */
export function nameBeside(control: Pick<Control, 'label' | 'point'>, points: readonly { point: Named }[]): string {
  const shown = points.find((p) => p.point.id === control.point)?.point;
  if (!shown) return '';
  const own = points.filter((p) => p.point.component === shown.component && !p.point.label_of_profile).map((p) => ownLabel(p.point)).find(Boolean) ?? '';
  return fold(control.label).includes(fold(own)) ? '' : own;
}

interface Shown {
  point: Named & { class: string };
}

/** What tells the state of the thing that a control moves, and what it draws; nothing while that is not known. */
export function presentPoints<P extends Shown>(control: Pick<Control, 'point'> | undefined, points: readonly P[]): P[] {
  const shown = points.find((p) => p.point.id === control?.point);
  if (!shown) return [];
  const beside = points.filter((p) => p !== shown && p.point.component === shown.point.component);
  const load = shown.point.component.includes('outlet') ? ['power', 'apparent_power', 'current'].flatMap((c) => beside.filter((p) => p.point.class === c)).slice(0, 1) : [];
  return [shown, ...load];
}
