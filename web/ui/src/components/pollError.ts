import type { Translate } from '../i18n/useText';

// The words by which the collectors tell what befell a poll, most telling first.
const marks = [
  ['another device answers', 'replaced'], ['credential cannot be opened', 'locked'],
  ['not among the ranges', 'not-allowed'], ['credentials refused', 'refused'], ['no device profile matches', 'no-profile'], ['device changed', 'changed'], ['malformed answer', 'malformed'],
  ['gateway has no path', 'gatewayPath'], ['gateway got no answer', 'gatewayTarget'], ['next try in', 'waiting'], ['connection closed by the device', 'closed'], ['device does not answer', 'silent'], ['does not answer', 'silent'],
  ['engine is not running', 'stopped'], ['engine has stopped', 'stopped'], ['driver panicked', 'internal'],
] as const;

/** What befell a poll in the language of the reader; empty when the collectors' text is not known. */
export function pollErrorText(error: string | undefined, t: Translate): string {
  const found = error && marks.find(([mark]) => error.includes(mark));
  return found ? t(`pollError.${found[1]}`) : '';
}
