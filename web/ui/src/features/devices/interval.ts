import type { Schemas } from '../../api/client';
import { formatDuration, type Language } from '../../format/format';
import type { Translate } from '../../i18n/useText';

/** How often a device is polled: of its quickest and its slowest group where they differ. */
export function intervalText(health: Pick<Schemas['PollHealth'], 'interval_s' | 'slowest_interval_s'>, t: Translate, language: Language): string {
  const { interval_s: quick, slowest_interval_s: slow = quick } = health;
  if (quick === undefined || slow === undefined) return '';
  const shown = formatDuration(quick, language);
  return slow === quick ? shown : t('devices.intervals', { quick: shown, slow: formatDuration(slow, language) });
}
