import type { Severity } from '../../components/SeverityMark';
import { pollErrorText } from '../../components/pollError';
import type { Translate } from '../../i18n/useText';
import type { Finding, FindingState } from './queries';

/** What of a finding needs a person. */
export const stateSeverity: Record<FindingState, Severity> = {
  new: 'info', changed: 'warning', gone: 'warning', known: 'ok', adopted: 'ok', ignored: 'unknown',
};

/** What to know of a finding before anything is done with it: what changed, and why it cannot be read. */
export function noteText(finding: Finding, t: Translate): string {
  const notes = finding.changes.map((c) => t('discovery.change', { field: t(`findingField.${c.field}`), from: c.from, to: c.to || t('word.none') }));
  if (finding.problem) notes.push(pollErrorText(finding.problem, t) || finding.problem);
  if (finding.device_address) notes.push(t('discovery.elsewhere', { address: finding.device_address }));
  return notes.join(' · ');
}

/** A finding can become a device while it is none. */
export const adoptable = (finding: Finding): boolean => finding.device === undefined && finding.state !== 'ignored';
