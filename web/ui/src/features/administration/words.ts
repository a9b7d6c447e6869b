import type { Language } from '../../format/format';
import type { Translate } from '../../i18n/useText';
import { wishText } from '../control/words';
import type { AuditEntry } from './queries';

// Words of the server that the catalogues know; others are shown as they stand.

const weaknesses = {
  'sent in clear text': 'clear', 'no authentication': 'noAuth', 'no privacy': 'noPriv', 'MD5 is weak': 'md5', 'DES is weak': 'des',
} as const;

export function weaknessText(weakness: string, t: Translate): string {
  if (weakness.startsWith('cannot be opened')) return t('credentialWeakness.closed');
  return weakness in weaknesses ? t(`credentialWeakness.${weaknesses[weakness as keyof typeof weaknesses]}`) : weakness;
}

const known = (section: 'auditAction' | 'auditObject' | 'auditOutcome' | 'auditVia') => (word: string | undefined, t: Translate): string =>
  // The keys of the catalogue are the words themselves.
  word ? t(`${section}.${word}` as 'auditAction.create', { defaultValue: word }) : '';

export const actionText = known('auditAction');
export const objectText = known('auditObject');
export const outcomeText = known('auditOutcome');
export const viaText = known('auditVia');

interface KeptRequest {
  device_name: string;
  control: string;
  label: string;
  option: string;
  value?: number;
  unit?: string;
}

/** The control request as it was kept with an entry; nothing when there is none. */
function keptRequest(entry: Pick<AuditEntry, 'object_type' | 'after'>): KeptRequest | undefined {
  if (entry.object_type !== 'control request' || !entry.after) return undefined;
  let kept: Record<string, unknown>;
  try {
    kept = JSON.parse(entry.after) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (name: string) => (typeof kept[name] === 'string' ? kept[name] : '');
  if (!text('label')) return undefined;
  return { device_name: text('device_name'), control: text('control'), label: text('label'), option: text('option'), value: typeof kept.value === 'number' ? kept.value : undefined, unit: text('unit') };
}

/** What an entry is about: "device PDU-1"; of control also what was asked: "control request PDU-1: Outlet 3: Switch off". */
export function subjectText(entry: Pick<AuditEntry, 'object_type' | 'object_name' | 'object_id' | 'after'>, t: Translate, language: Language): string {
  const kept = keptRequest(entry);
  const name = kept ? `${kept.device_name} · ${wishText(kept, t, language)}` : (entry.object_name ?? '') || (entry.object_id ?? '');
  return [objectText(entry.object_type, t), name].filter(Boolean).join(' ');
}
