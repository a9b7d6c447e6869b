import type { Translate } from '../../i18n/useText';

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
