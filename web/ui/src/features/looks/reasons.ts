import type { Schemas } from '../../api/client';
import type { Translate } from '../../i18n/useText';
import type { LookResult } from './queries';

type MatchReason = Schemas['MatchReason'];

/** What the choice of a profile rests on, in the language of the reader. */
export function reasonsText(reasons: readonly MatchReason[] | undefined, t: Translate): string {
  return (reasons ?? []).map((r) => (r.code === 'other' ? (r.value ?? '') : t(`matchReason.${r.code}`, { value: r.value ?? '' }))).join(' · ');
}

/** Who or what chose the profile that a look was taken with. */
export function chosenByText(result: Pick<LookResult, 'chosen_by' | 'profile' | 'candidates'>, t: Translate): string {
  const fits = reasonsText(result.candidates.find((c) => c.profile === result.profile)?.why, t);
  if (result.chosen_by === 'match') return fits;
  return [t(`chosenBy.${result.chosen_by}`), fits].filter(Boolean).join(': ');
}
