import type { Translate } from '../../i18n/useText';

const known = [
  'utility-loss', 'crah-failure', 'breaker-trip', 'device-silent', 'sensor-stuck', 'gateway-stalled', 'overload',
  'chiller-failure', 'leak', 'door-open',
] as const;

export function faultName(kind: string, t: Translate): string {
  const name = known.find((k) => k === kind);
  return name ? t(`faultKind.${name}`) : kind;
}
