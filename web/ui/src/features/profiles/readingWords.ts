import type { Language } from '../../format/format';
import { componentName, labelText, pointName } from '../../i18n/pointNames';
import type { Translate } from '../../i18n/useText';
import type { ProfilePoint } from './queries';

const quantities = [
  'temperature', 'temperature_difference', 'humidity', 'voltage', 'current', 'power', 'apparent_power', 'reactive_power', 'energy', 'apparent_energy', 'reactive_energy',
  'frequency', 'power_factor', 'load', 'charge', 'runtime', 'percent', 'efficiency', 'thd', 'unbalance', 'quality_factor', 'fanspeed', 'airflow', 'velocity', 'waterflow',
  'pressure', 'cooling', 'eer', 'capacity', 'resistance', 'distance', 'volume', 'angle', 'enthalpy', 'delay', 'duration', 'count', 'state', 'alarm',
] as const;

/** What a reading is of; nothing when the device decides. */
export function quantityName(name: string, t: Translate): string {
  const known = quantities.find((q) => q === name);
  return known ? t(`quantity.${known}`) : name;
}

/** How often a reading is polled; groups of a profile's own have only the name that it gives. */
export function groupName(group: string, t: Translate): string {
  return group === 'fast' || group === 'slow' ? t(`pollGroup.${group}`) : group;
}

/** "outlet/{outlet}/current" is "Outlet n: Current": which outlets there are the device tells. */
export function readingName(p: Pick<ProfilePoint, 'key' | 'label'>, language: Language): string {
  if (p.label && !p.label.includes('{')) return labelText({ label: p.label, label_of_profile: true }, language);
  const parts = p.key.split('/');
  const last = parts.at(-1) ?? '';
  const counted = last.includes('{');
  const component = parts.slice(0, counted ? undefined : -1).reduce((names: string[], part) => {
    const before = names.at(-1);
    if (/^\{[^}]*\}$/.test(part) && before !== undefined) return [...names.slice(0, -1), `${before} n`];
    if (/^\d+$/.test(part) && before !== undefined) return [...names.slice(0, -1), `${before} ${part}`];
    return [...names, part.includes('{') ? part.replace(/\{[^}]*\}/g, 'n') : componentName(part, language)];
  }, []).join(' · ');
  const quantity = counted ? '' : pointName({ key: p.key, label: '' }, language);
  return [component, quantity].filter(Boolean).join(': ');
}
