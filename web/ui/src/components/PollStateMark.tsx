import type { Schemas } from '../api/client';
import { useText } from '../i18n/useText';
import { SeverityMark, type Severity } from './SeverityMark';

export type PollState = Schemas['PollState'];

export const pollStates: readonly PollState[] = ['ok', 'learning', 'silent', 'auth-failed', 'no-profile', 'error', 'not-polled'];

/** How much a polling state matters to who looks at the screen. */
export const pollSeverity: Record<PollState, Severity> = {
  ok: 'ok',
  learning: 'info',
  silent: 'critical',
  'auth-failed': 'warning',
  'no-profile': 'info',
  error: 'warning',
  'not-polled': 'unknown',
};

export function PollStateMark({ state }: { state: PollState }) {
  const { t } = useText();
  return <SeverityMark severity={pollSeverity[state]}>{t(`pollState.${state}`)}</SeverityMark>;
}
