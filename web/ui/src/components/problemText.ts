import { ApiError, type Blocker, type FieldFault } from '../api/problem';
import type { Language } from '../format/format';
import type { Translate } from '../i18n/useText';
import { errorText } from './States';

interface Words {
  t: Translate;
  language: Language;
}

const faultCodes = [
  'required', 'range', 'unknown', 'format', 'kind', 'nesting', 'circle', 'fixed', 'taken', 'occupied',
  'too_short', 'too_long', 'length', 'empty', 'missing', 'common', 'name', 'too_high', 'not_allowed', 'no_match', 'locked', 'not_polled', 'unchanged', 'unreadable',
  'encoding', 'control', 'user_name', 'empty_file', 'range_too_many', 'range_reversed', 'range_mixed', 'range_bracket', 'range_port', 'range_has_port', 'range_form', 'range_address', 'units_form',
  'csv_lines', 'csv_semicolons', 'csv_column', 'csv_address', 'csv_type', 'csv_table', 'csv_scale', 'csv_order', 'csv_states', 'csv_states_twice', 'csv_nothing', 'csv_quote',
] as const;
const reasons = ['stale', 'taken', 'occupied', 'in-use', 'last-administrator', 'running', 'disabled', 'busy', 'ended', 'known-device', 'too-many',
  'control-not-allowed', 'control-open', 'control-ended', 'control-same-person', 'control-password-given', 'control-password-reset', 'control-requester', 'control-limited', 'reauthenticate', 'device-unreachable',
] as const;
const objects = [
  'locations', 'rows', 'racks', 'devices', 'power-panels', 'power-sources', 'power-feeds', 'cooling-loops', 'cables', 'discovery-ranges',
] as const;

/** Codes whose words say themselves what they are about. */
const aboutItself = /^(csv|range|units|user)_|^empty_file$/;

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** What is wrong with a field. The server's own words are English, and more exact than the code's. */
export function faultText(fault: FieldFault, { t, language }: Words): string {
  const code = faultCodes.find((c) => c === fault.code);
  if (language === 'en' || !code) return sentence(fault.message);
  // Of a text only the server's words say what in it cannot be read.
  if (code === 'unreadable') return sentence(`${t('fault.unreadable')}: ${fault.message}`);
  const { min, max } = fault.values ?? {};
  const said = code === 'range' && min !== undefined && max !== undefined ? t('fault.between', { min, max }) : t(`fault.${code}` as 'fault.range', { ...fault.values });
  return sentence(fault.line ? `${t('fault.line', { line: fault.line })}: ${said}` : said);
}

/** What is wrong with the fields that a form shows, by their paths. */
export function faultsByPath(error: unknown, words: Words): ReadonlyMap<string, string> {
  const faults = error instanceof ApiError ? error.fields : [];
  return new Map(faults.map((f) => [f.path, faultText(f, words)]));
}

/** "Racks: 4 (A1, A2, A3, …)". */
export function blockerText(blocker: Blocker, t: Translate): string {
  const known = objects.find((o) => o === blocker.object);
  const names = blocker.names.join(', ');
  const more = blocker.names.length < blocker.count ? ', …' : '';
  return `${sentence(known ? t(`blocker.${known}`) : blocker.object)}: ${blocker.count}${names && ` (${names}${more})`}`;
}

/** The whole of what went wrong, but for the faults that stand beside their fields. */
export function problemText(error: unknown, words: Words, beside: readonly string[] = []): string {
  const { t, language } = words;
  if (!(error instanceof ApiError)) return errorText(error, t);
  const rest = error.fields.filter((f) => !beside.includes(f.path));
  const reason = reasons.find((r) => r === error.reason);
  if (reason) {
    if (reason === 'control-password-given' || reason === 'control-password-reset') return t(`conflict.${reason}`, { name: error.blockers[0]?.names[0] ?? '' });
    const names = error.blockers.map((b) => blockerText(b, t)).join(' · ');
    // Only the server's words name the device in the way.
    const detail = reason === 'occupied' || reason === 'known-device' || reason === 'control-limited' ? error.detail : '';
    return [t(`conflict.${reason}`), names || detail].filter(Boolean).join(' ');
  }
  const told = rest.map((f) => {
    if (!f.code || language === 'en') return f.message;
    return aboutItself.test(f.code) ? faultText(f, words) : `${f.path}: ${faultText(f, words)}`;
  });
  const detail = error.fields.length === 0 && error.code !== 'bad-credentials' ? error.detail : '';
  return [errorText(error, t), detail, ...told].filter(Boolean).join(' ');
}
